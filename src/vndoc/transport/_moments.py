"""Times that callers give a carrier: a time without its zone would be taken for that of this machine."""

from __future__ import annotations

import datetime
from typing import Final

from vndoc.errors import OwnFaultError
from vndoc.text import Text

_NO_MOMENT: Final = Text("phải là thời điểm có múi giờ", "it must be a time with its zone")
_LAST: Final = datetime.datetime.max.replace(tzinfo=datetime.UTC) - datetime.timedelta(days=1)


def aware(at: datetime.datetime, *, carrier: str, name: str) -> datetime.datetime:
    """Return *at*, the parameter *name*, in UTC.

    Raises :class:`~vndoc.errors.OwnFaultError` ``carrier-parameter`` for a time without zone, what is no time, and what
    UTC or Vietnamese time cannot express.
    """
    try:
        if at.utcoffset() is not None:
            found = at.astimezone(datetime.UTC)
            if found <= _LAST:
                return found
    except (AttributeError, OverflowError):
        pass
    raise OwnFaultError("carrier-parameter", carrier=carrier, name=name, detail=_NO_MOMENT)
