"""The national axis, as the vendor's client (VXP SDK) speaks to it: the 13 operations, and the carrier on top of them.

:class:`VxpClient` has a method for each operation and answers in the axis' own words; :class:`VxpTransport` is the
:class:`~vndoc.transport.Transport` and :class:`~vndoc.transport.Directory` that a node works with::

    client = VxpClient("https://adapter.example.gov.vn/XrdAdapter/adapter", system_id="00.53.W00", secret=Secret(...))
    carrier = VxpTransport(client)

Parameters travel as signed headers (:func:`sign`), packets as they are: a packet of any size takes the same memory.

Source: practice (VXP SDK 2.0.1, requests captured from it). What the axis itself checks, its error numbers and its
limits are not public: see :data:`vndoc.transport.faults.VXP_FAULTS`.
"""

from __future__ import annotations

from vndoc.transport._vxp_client import REGISTRIES, VxpClient
from vndoc.transport._vxp_rows import ReceivedRow, SentAnswer, SentRow
from vndoc.transport._vxp_signing import HASH_STYLES, HashStyle, hash_file, sign
from vndoc.transport._vxp_transport import SendTo, VxpTransport

__all__ = [
    "HASH_STYLES",
    "REGISTRIES",
    "HashStyle",
    "ReceivedRow",
    "SendTo",
    "SentAnswer",
    "SentRow",
    "VxpClient",
    "VxpTransport",
    "hash_file",
    "sign",
]
