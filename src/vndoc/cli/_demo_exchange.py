"""The world of the story's second half: two systems of agencies, and a simulated axis between them on loopback."""

from __future__ import annotations

import datetime
import functools
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import vndoc
from vndoc.cli._demo_signing import Signing
from vndoc.envelope import DocumentPacket, Organization
from vndoc.exchange import Life, LifeEvent, NotSecret
from vndoc.node import Event, EventKind, Node, NodePolicy, Sent
from vndoc.routing import Agency, Connection, RoutingTable, TableInfo
from vndoc.signature.evidence import EvidenceRecord, make_evidence
from vndoc.store import Heard, Store
from vndoc.testing.axis import Agency as AxisAgency
from vndoc.testing.axis import AxisServer, AxisSimulator, Fault, FaultKind, System
from vndoc.testing.clock import FakeClock
from vndoc.transport.secret import Secret
from vndoc.transport.vxp import VxpClient, VxpTransport

__all__ = ["AXIS", "Exchange"]

AXIS: Final = "axis"
"""The name of the carrier, in routing and in receipts."""

_MINUTE: Final = datetime.timedelta(minutes=1)
_ROUNDS: Final = 20
_FAULTS: Final = (Fault(FaultKind.DUPLICATE, operation="send", times=1),)
"""What goes wrong in the story: the axis delivers every copy of the first packet twice."""


class Exchange:
    """A sender's node, a receiver's node, and the axis. All that is opened is closed by *opened*.

    *people* are the sender, then the receivers of the packet; *signing* supplies keys, trust and the time of the story.
    """

    def __init__(self, signing: Signing, people: list[Organization], opened: ExitStack) -> None:
        self.signing, self.people = signing, people
        self.folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="vndoc-demo-nodes-")))
        self.clock = FakeClock(signing.time, step=datetime.timedelta(milliseconds=1))
        self.heard: list[tuple[str, Event]] = []
        self.axis = opened.enter_context(AxisSimulator(_systems(people), clock=self.clock, faults=_FAULTS))
        self.url = opened.enter_context(AxisServer(self.axis)).url
        self._opened = opened
        self.sender = self._node("sender", people[:1])
        self.receiver = self._node("receiver", people[1:])
        self.sent: Sent | None = None

    def _node(self, name: str, agencies: list[Organization]) -> Node:
        """Return the node of the system *name*, with a store of its own below the folder."""
        address = f"sqlite:///{self.folder / f'{name}.db'}"
        store = self._opened.enter_context(
            Store.open(address, blobs=self.folder / f"{name}-contents", now=self.clock())
        )
        client = VxpClient(self.url, system_id=f"{name}.W00", secret=Secret(_secret(name)), now=self.clock)
        carrier = VxpTransport(client, name=AXIS, now=self.clock)
        self._opened.callback(carrier.close)
        return Node(
            store,
            {AXIS: carrier},
            _table(self.people),
            self.signing.trust,
            NodePolicy(profile="vxp"),
            own={_code(organ): organ for organ in agencies},
            revocation=self.signing.revocation,
            at_least_once=lambda event, _key: self.heard.append((name, event)),
            clock=self.clock,
            worker=name,
        )

    @property
    def key(self) -> str:
        """Return the business key of the document that was sent."""
        assert self.sent is not None  # noqa: S101 - the step that sends comes first
        return self.sent.business_key

    def send(self, packet: DocumentPacket) -> Sent:
        """Accept *packet* at the sender, and let both nodes work."""
        declared = NotSecret(declared_by="vndoc demo", at=self.clock(), digest=vndoc.content_digest(packet))
        self.sent = self.sender.send(packet, not_secret=declared)
        self.settle()
        return self.sent

    def settle(self) -> None:
        """Let both nodes work until nothing is left to do, a minute later each time."""
        for _ in range(_ROUNDS):
            self.clock.advance(_MINUTE)
            done = [node.work() for node in (self.sender, self.receiver)]
            if all(r.idle and not r.received and not r.settled and not r.failures for r in done):
                return

    def act(self, receiver: str, event: LifeEvent) -> Life:
        """Record what *receiver* does with the document, and let the status travel."""
        life = self.receiver.act(self.key, receiver, event)
        self.settle()
        return life

    def told(self, kind: EventKind) -> list[Event]:
        """Return what the two office systems were told of one kind."""
        return [event for _, event in self.heard if event.kind is kind]

    def states(self) -> Mapping[str, str]:
        """Return how the sender sees the document, by receiver."""
        return {row.receiver: row.state for row in self.sender.track(self.key).lives}

    def history(self) -> tuple[Heard, ...]:
        """Return the statuses that the sender was told, oldest first."""
        return self.sender.track(self.key).history

    def received(self) -> bytes:
        """Return the packet as the axis delivered it first: the octets that the receiver keeps."""
        digest = next(event.packet for event in self.told(EventKind.RECEIVED) if event.packet is not None)
        with self.receiver.store.blobs.open(digest) as file:
            return file.read()

    def evidence(self) -> EvidenceRecord:
        """Return the record of what the receiver got, to be checked years later."""
        packet = self.received()
        with vndoc.read(packet) as reading:
            return make_evidence(
                functools.partial(vndoc.verify, reading),
                packet,
                kind="packet",
                policy="vn_default",
                trust=self.signing.trust,
                at=self.clock(),
                revocation=self.signing.revocation,
            )


def _code(organ: Organization) -> str:
    return str(organ.organ_id or "")


def _secret(name: str) -> str:
    return f"vndoc-demo-{name}"


def _systems(people: list[Organization]) -> list[System]:
    """Return the registry of the axis: the sender's system, and one that serves all receivers."""
    rows = [AxisAgency(code=_code(organ), name=organ.organ_name or _code(organ)) for organ in people]
    return [
        System(id="sender.W00", secret=_secret("sender"), agencies=tuple(rows[:1])),
        System(id="receiver.W00", secret=_secret("receiver"), agencies=tuple(rows[1:])),
    ]


def _table(people: list[Organization]) -> RoutingTable:
    agencies = [
        Agency(code=_code(organ), name=organ.organ_name or _code(organ), connection=Connection.CONNECTED)
        for organ in people
    ]
    return RoutingTable.of(agencies, info=TableInfo(version="demo", carrier=AXIS))
