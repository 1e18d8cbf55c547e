"""The address book of an axis that lists its agencies, and no more."""

from __future__ import annotations

import abc
import datetime
from collections.abc import Iterator

from vndoc.errors import OwnFaultError
from vndoc.transport.base import AgencyRecord


class ReadOnlyDirectory(abc.ABC):
    """What a :class:`~vndoc.transport.Directory` without a way to change it answers; ``_axis`` stands in its errors."""

    _axis: str

    @abc.abstractmethod
    def agencies(self) -> Iterator[AgencyRecord]:
        """Yield every agency that the axis lists."""

    def changes(self, since: datetime.datetime | None = None) -> Iterator[AgencyRecord]:
        """Yield every agency for None; the axis does not tell what changed since a time (``carrier-unsupported``)."""
        if since is not None:
            raise self._unsupported("changes")
        return self.agencies()

    def register(self, agency: AgencyRecord) -> None:
        """Raise ``carrier-unsupported``: agencies are entered elsewhere."""
        del agency
        raise self._unsupported("register")

    def remove(self, code: str) -> None:
        """Raise ``carrier-unsupported``."""
        del code
        raise self._unsupported("remove")

    def _unsupported(self, operation: str) -> OwnFaultError:
        return OwnFaultError("carrier-unsupported", carrier=self._axis, operation=operation)
