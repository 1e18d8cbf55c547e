"""The simulated axis as an ASGI application (extra ``web``): three protocols, one state, and what goes wrong.

>>> axis = AxisSimulator()
>>> [system.id for system in axis.core.systems]
['00.41.W00', '00.14.W00', '00.22.W00']
>>> axis.close()

=========================  ==================================================================================
Path                       Who speaks so
=========================  ==================================================================================
``/sendEdoc`` and others   VXP, the national axis; also below ``/XrdAdapter/adapter``
``/v1/...``                LGSP, a provincial axis
``/EdocService/...``       eDoc REST, a product axis
``/``                      people: a page with agencies, queues and the life of each packet
=========================  ==================================================================================

What goes in through one door comes out of all. For tests and trials on one machine; nothing here is for production.
"""

from __future__ import annotations

import datetime
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from pathlib import Path
from typing import Any, Self

from vndoc.errors import SourceError
from vndoc.limits import DEFAULT, Limits
from vndoc.testing.axis._doors import Doors
from vndoc.testing.axis._edoc import EdocFace
from vndoc.testing.axis._lgsp import LgspFace
from vndoc.testing.axis._office import Office, forget_files
from vndoc.testing.axis._vxp import VxpFace
from vndoc.testing.axis.core import AxisCore
from vndoc.testing.axis.faults import Fault, Faults
from vndoc.testing.axis.registry import EXAMPLE, System
from vndoc.testing.axis.rewriting import Rewriting

__all__ = ["AxisSimulator"]

_Message = MutableMapping[str, Any]


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class AxisSimulator:
    """An ASGI application that behaves like the axis.

    *systems* are the connected systems (default: :data:`~vndoc.testing.axis.EXAMPLE`); *faults* what goes wrong;
    *rewriting* how packets are written anew (None: octets pass through as they came, whatever they are); *clock* gives
    the axis' time (timezone-aware; default: the system's clock), *seed* makes its ids others; *folder* is where packets
    are kept (default: a temporary folder, gone after :meth:`close`); *limits* bound a packet.

    How strict it is: *max_skew* refuses requests whose timestamp is further off (None: none is, as with the real one);
    *strict_hash* wants ``hash-file``, in the vendor's own hexadecimal; *refuse_known* refuses, at the eDoc door, a new
    document that went to the same recipient before; *offer_again* keeps failed copies on the list; *list_limit* cuts
    lists of what waits (None: whole); *keep* is how many finished packets are remembered.

    ``core`` is the state, to look into and to change agencies; ``folder`` where the packets are. Usable as a context
    manager. Raises :class:`~vndoc.errors.SourceError` where *folder* cannot be used.
    """

    def __init__(
        self,
        systems: Iterable[System] = EXAMPLE,
        *,
        faults: Faults | Iterable[Fault | str] = (),
        rewriting: Rewriting | None = Rewriting(),  # noqa: B008 - a frozen value
        clock: Callable[[], datetime.datetime] = _now,
        seed: str = "",
        folder: str | Path | None = None,
        limits: Limits = DEFAULT,
        max_skew: datetime.timedelta | None = None,
        strict_hash: bool = False,
        refuse_known: bool = True,
        offer_again: bool = True,
        list_limit: int | None = None,
        keep: int = 10_000,
    ) -> None:
        self.core = AxisCore(systems, offer_again=offer_again, keep=keep, seed=seed, forget=forget_files)
        self._temporary = folder is None
        try:
            self.folder = Path(tempfile.mkdtemp(prefix="vndoc-axis-")) if folder is None else Path(folder)
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SourceError("target-unwritable", name=str(folder), detail=error.strerror or str(error)) from error
        self._office = Office(
            core=self.core,
            faults=faults if isinstance(faults, Faults) else Faults(faults),
            rewriting=rewriting,
            clock=clock,
            folder=self.folder,
            limits=limits,
            max_skew=max_skew,
            strict_hash=strict_hash,
            refuse_known=refuse_known,
            list_limit=list_limit,
        )
        self._doors = Doors(self._office, (VxpFace(self._office), LgspFace(self._office), EdocFace(self._office)))

    @property
    def faults(self) -> Faults:
        """What goes wrong, with its counters; may be set to another script at any time."""
        return self._office.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._office.faults = faults

    async def __call__(
        self,
        scope: _Message,
        receive: Callable[[], Awaitable[_Message]],
        send: Callable[[_Message], Awaitable[None]],
    ) -> None:
        """Serve one connection (ASGI)."""
        await self._doors(scope, receive, send)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the temporary folder. Closing twice does nothing."""
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)
