"""The page for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

if TYPE_CHECKING:
    from vndoc.testing.axis.simulator import AxisSimulator


class Pages:
    """The pages."""

    def __init__(self, axis: AxisSimulator) -> None:
        self._axis = axis

    def routes(self) -> list[Route]:
        """Return where they are."""
        return []
