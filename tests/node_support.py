"""What the tests of the node share: agencies around one axis in memory, packets, a clock that stands still."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs

import vndoc
from vndoc.envelope import (
    Attachment,
    Bussiness,
    DocumentPacket,
    DocumentType,
    Organization,
    OtherInfo,
    PromulgationInfo,
    ReplacementInfo,
    ResponseFor,
    SignerInfo,
    TraceHeader,
    TraceHeaderList,
)
from vndoc.envelope.octets import MemoryOctets
from vndoc.exchange import NotSecret, SendingRules
from vndoc.identifiers import DocumentCode
from vndoc.node import Node, NodePolicy
from vndoc.routing import Agency, Connection, RoutingTable, TableInfo
from vndoc.store import Store
from vndoc.testing.clock import FakeClock
from vndoc.transport import MemoryAxis, Transport

SENDER, FIRST, SECOND, THIRD = "000.00.00.H01", "000.00.00.H02", "000.00.00.H03", "000.00.00.H04"
AXIS = "axis"
POLICY = NodePolicy(signatures=None, sending=SendingRules(signed=frozenset()), ahead=0)
"""Packets of these tests are not signed: what signatures are worth is tested elsewhere. Things come in one order,
whatever the disk does: how copies are fetched ahead is tested on its own."""


def table(*codes: str, carrier: str = AXIS) -> RoutingTable:
    agencies = [Agency(code=c, name=f"Đơn vị {c}", connection=Connection.CONNECTED) for c in codes or ALL]
    return RoutingTable.of(agencies, info=TableInfo(version="thử nghiệm", carrier=carrier))


ALL = (SENDER, FIRST, SECOND, THIRD)


def organization(code: str) -> Organization:
    return Organization(organ_id=code, organ_name=f"Đơn vị {code}")


def packet(number: int = 1, *to: str, sender: str = SENDER, **changes: Any) -> DocumentPacket:
    """A new document that may be sent."""
    day = datetime.date(2026, 3, 2)
    values: dict[str, Any] = {
        "from_": organization(sender),
        "to": tuple(organization(code) for code in to or (FIRST,)),
        "document_id": f"{sender},2026/03/02,{number}/UBND-VP",
        "code": DocumentCode(number=str(number), notation="UBND-VP"),
        "promulgation_info": PromulgationInfo(place="Hà Nội", promulgation_date=day),
        "document_type": DocumentType(type=2, type_detail=18, type_name="Công văn"),
        "subject": f"Về việc thử nghiệm số {number}",
        "signer_info": SignerInfo(position="Chủ tịch", full_name="Nguyễn Văn An"),
        "other_info": OtherInfo(priority=0),
        "trace_header_list": trace(sender, Bussiness(bussiness_doc_type=0, paper=0)),
        "attachments": (attachment(f"nội dung {number}".encode()),),
        **changes,
    }
    return DocumentPacket(**values)


def trace(sender: str, block: Bussiness) -> TraceHeaderList:
    hop = TraceHeader(organ_id=sender, timestamp=datetime.datetime(2026, 3, 2, 8, 0))  # noqa: DTZ001 - as on the wire
    return TraceHeaderList(bussiness=block, trace_headers=(hop,))


def attachment(data: bytes, name: str = "van-ban.pdf") -> Attachment:
    return Attachment.of(MemoryOctets(b"%PDF-1.4\n" + data), name=name)


def change(
    kind: int, of: DocumentPacket, *to: str, number: int | None = None, reason: str = "có sai sót"
) -> DocumentPacket:
    """A packet that recalls (1), updates (2) or replaces (3) the document *of*."""
    base = packet(int(of.code.number or 0) if number is None else number, *to, sender=of.from_.organ_id.text)
    block = Bussiness(
        bussiness_doc_type=kind,
        bussiness_doc_reason=reason,
        document_id=of.document_id,
        paper=0,
        replacement_info_list=(
            (ReplacementInfo(document_id=of.document_id, organ_id_list=to or (FIRST,)),) if kind == 3 else ()
        ),
    )
    return attrs.evolve(
        base,
        subject=f"{base.subject} ({kind})",
        response_for=(ResponseFor.to(of),),
        trace_header_list=trace(of.from_.organ_id.text, block),
    )


def declared(sent: DocumentPacket, at: datetime.datetime) -> NotSecret:
    return NotSecret(declared_by="thử nghiệm", at=at, digest=vndoc.content_digest(sent))


@attrs.define
class World:
    """Agencies around one axis, each with a node and a store of its own."""

    folder: Path
    clock: FakeClock = attrs.field(factory=FakeClock)
    axis: MemoryAxis = attrs.field(init=False)
    nodes: dict[str, Node] = attrs.field(factory=dict)
    stores: list[Store] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.axis = MemoryAxis(ALL, clock=self.clock)

    def node(
        self,
        code: str,
        *,
        url: str | None = None,
        carrier: Transport | None = None,
        policy: NodePolicy = POLICY,
        reached: Callable[[str], None] = lambda _: None,
        **options: Any,
    ) -> Node:
        """Return a node for the agency *code*, on a store that is opened for it."""
        name = code.replace(".", "")
        url = url or f"sqlite:///{self.folder / name}.db"
        store = Store.open(url, blobs=self.folder / f"{name}.blobs", now=self.clock(), reached=reached)
        self.stores.append(store)
        carrier = carrier or self.axis.transport(code, name=AXIS)
        values: Mapping[str, Any] = {"own": {code: organization(code)}, "clock": self.clock, "jitter": lambda: 0.5}
        trust = options.pop("trust", None)
        node = Node(store, {carrier.name: carrier}, table(), trust, policy, **{**values, **options})
        self.nodes[code] = node
        return node

    def send(self, node: Node, sent: DocumentPacket, **options: Any) -> Any:
        return node.send(sent, not_secret=declared(sent, self.clock()), **options)

    def settle(self, rounds: int = 20) -> None:
        """Let all nodes work until nothing is left to do."""
        for _ in range(rounds):
            done = [node.work() for node in self.nodes.values()]
            if all(r.idle and not r.received and not r.settled for r in done):
                return
        raise AssertionError("the nodes never come to rest")

    def close(self) -> None:
        for store in self.stores:
            store.close()
