"""What the codes mean with which the axes refuse, as tables: pass a changed one to a client where an axis differs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import attrs

__all__ = ["EDOC_FAULTS", "LGSP_FAULTS", "VXP_FAULTS", "Fault"]


@attrs.frozen
class Fault:
    """What a code of an axis means: one of :data:`vndoc.errors.ERRORS`, and whose fault it is.

    A fault of the peer's own may pass: the call is repeated.
    """

    code: str
    peer: bool = False


_REFUSED = Fault("carrier-refused")

LGSP_FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        "10": _REFUSED,  # bad file
        "15": Fault("carrier-credentials"),  # wrong SystemId or SecretKey
        "18": Fault("carrier-unknown-recipient"),
        "19": Fault("carrier-unknown-sender"),
        "20": Fault("carrier-failed", peer=True),  # the axis' own fault: to be repeated
        "21": _REFUSED,  # the file could not be processed
        "22": _REFUSED,  # edXML not as Decision 28/2018 has it
        "23": Fault("carrier-recipient-closed"),
        "24": Fault("carrier-item-unknown"),  # no list has it: the simulator's
    }
)
"""The codes of the Lạng Sơn LGSP, and one of the simulator. Source: practice (notes of a product that is connected to
it). Any other code counts as the peer's fault by which nothing was done."""


VXP_FAULTS: Mapping[str, Fault] = LGSP_FAULTS
"""The codes of the national axis are not public: these are those of a provincial axis in front of it."""

EDOC_FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        "M.Exist": Fault("carrier-duplicate"),
        "ExistDoc": Fault("carrier-duplicate"),
        "M.DOCUMENT": Fault("carrier-item-unknown"),  # the document of another agency, or none
        "M.CheckPermission": Fault("carrier-credentials"),
        "M.MessageHeader.To": Fault("carrier-unknown-recipient"),
        "M.MessageHeader.From": Fault("carrier-unknown-sender"),
        "M.10": _REFUSED,
        "M.22": _REFUSED,
        "M.23": Fault("carrier-recipient-closed"),
    }
)
"""The codes of eDoc REST. Source: practice (Bkav eDoc) for the words, the simulator for the numbers."""
