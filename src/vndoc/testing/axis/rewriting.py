"""What the axis does to a packet on its way: it reads it, and writes a new file in the manner of its own library.

>>> Rewriting().centre
'001.00.20.TT2'

Afterwards the elements stand in another order, comments, empty elements, prefixes, descriptions and the XML-DSig
namespace of a ``Signature`` are gone, ``ContentType`` and ``Direction`` are there, a ``.PDF`` (in capitals) travels
in a zip, and the trace has one hop more. The values of the header and the content of attachments are the same.
Source: practice (a packet before and after its way over the national axis; the profile ``vxp``).
"""

from __future__ import annotations

import datetime
from typing import BinaryIO, Final

import attrs

import vndoc
from vndoc.edxml import NAMESPACE
from vndoc.edxml.profiles import VXP
from vndoc.envelope import DocumentPacket, Packet, SignatureMarkup, TraceHeader, TraceHeaderList

__all__ = ["CENTRE", "Rewriting"]

CENTRE: Final = "001.00.20.TT2"
"""Code of the axis' centre, as seen in the trace of packets from the national axis."""

_VIETNAM: Final = datetime.timezone(datetime.timedelta(hours=7))


@attrs.frozen(kw_only=True)
class Rewriting:
    """How the axis rewrites. ``centre`` is what it enters into the trace (None: no hop is added).

    ``drop_bussiness``: the block ``Bussiness`` gets lost, as seen with packets of the Government Office.
    ``own_document_ids``: DocumentId is replaced by a number of the axis, as one product axis does.
    """

    centre: str | None = CENTRE
    drop_bussiness: bool = False
    own_document_ids: bool = False

    def carry(self, packet: Packet, sink: BinaryIO, *, number: int, at: datetime.datetime) -> None:
        """Write *packet* to *sink* as its receivers get it; *number* is the axis' own, *at* the time of delivery.

        Raises what :func:`vndoc.write_packet` raises for a packet whose attachments cannot be had.
        """
        changed = self._document(packet, number, at) if isinstance(packet, DocumentPacket) else packet
        vndoc.write_packet(changed, profile=VXP, to=sink)

    def _document(self, packet: DocumentPacket, number: int, at: datetime.datetime) -> DocumentPacket:
        return packet.evolve(
            document_id=str(number) if self.own_document_ids else packet.document_id,
            trace_header_list=self._trace(packet.trace_header_list or TraceHeaderList(), at),
            signature=packet.signature and _renamed(packet.signature),
            attachments=tuple(a.evolve(label=None, description=None) for a in packet.attachments),
        )

    def _trace(self, trace: TraceHeaderList, at: datetime.datetime) -> TraceHeaderList:
        hops = trace.trace_headers
        if self.centre is not None:
            stamp = at.astimezone(_VIETNAM).replace(tzinfo=None, microsecond=0)
            hops = (*hops, TraceHeader(organ_id=self.centre, timestamp=stamp))
        return trace.evolve(trace_headers=hops, bussiness=None if self.drop_bussiness else trace.bussiness)


def _renamed(node: SignatureMarkup) -> SignatureMarkup:
    """Return a signature in the namespace of the packet: a verifier of XML-DSig finds none any more."""
    children = tuple(_renamed(child) if isinstance(child, SignatureMarkup) else child for child in node.children)
    return attrs.evolve(node, namespace=NAMESPACE, prefix=None, children=children)
