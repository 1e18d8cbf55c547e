"""The carriers over HTTP keep the contract of carriers, against the simulated axis; it was written by others.

``TestVxp`` has an axis that writes packets anew, as the real one does: there the values of the packet and the content
of its attachments count. The others have one that passes octets on as they came, so every octet is compared.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import attrs
import pytest

import vndoc
from axis_support import Clock
from vndoc.envelope.octets import MemoryOctets, Octets, sha256
from vndoc.errors import OwnFaultError, Retry, TransportError
from vndoc.packets.files import TemporarySpool
from vndoc.testing.axis import Agency, AxisServer, AxisSimulator, Faults, System
from vndoc.testing.contract import PatternOctets, Setting, TransportContract
from vndoc.testing.contract_directory import DirectoryContract
from vndoc.transport import AgencyRecord, Directory, Item, Kind, Outgoing, Settlement, Transport
from vndoc.transport.edoc_rest import EdocRestClient, EdocRestTransport
from vndoc.transport.http import HttpOptions
from vndoc.transport.lgsp import LgspClient, LgspTransport
from vndoc.transport.secret import Secret
from vndoc.transport.vxp import VxpClient, VxpTransport

AGENCIES = ("H41", "H14", "G22")
CLOSED = "G22.9"
UNKNOWN = "H99"
LOCAL = datetime.datetime(2026, 3, 4, 5, 6, 7)  # noqa: DTZ001 - packets hold local times
QUICK = HttpOptions(connect_timeout=10, read_timeout=20, pause=0)

SYSTEMS = tuple(
    System(
        id=f"00.{code[1:]}.W00",
        secret=f"bi-mat-{code}",
        username=f"nguoi-dung-{code}",
        password=f"mat-khau-{code}",
        agencies=(
            Agency(code=code, name=f"Cơ quan {code}"),
            *([Agency(code=CLOSED, name="Đã đóng", closed=True)] if code == "G22" else []),
        ),
    )
    for code in AGENCIES
)
SECRETS = tuple(secret for system in SYSTEMS for secret in (system.secret, str(system.password)))


def system_of(code: str) -> System:
    return next(system for system in SYSTEMS if any(agency.code == code for agency in system.agencies))


def vxp(url: str, code: str, **how: Any) -> VxpTransport:
    system = system_of(code)
    options = how.pop("options", QUICK)
    return VxpTransport(VxpClient(url, system_id=system.id, secret=Secret(system.secret), options=options), **how)


def lgsp(url: str, code: str, **how: Any) -> LgspTransport:
    system = system_of(code)
    settings = {
        "username": str(system.username),
        "password": Secret(str(system.password)),
        "system_id": system.id,
        "secret": Secret(system.secret),
        "options": how.pop("options", QUICK),
    }
    return LgspTransport(LgspClient(url, **settings), senders={code}, deep=14, **how)


def edoc(url: str, code: str, **how: Any) -> EdocRestTransport:
    token = Secret(system_of(code).secret)
    client = EdocRestClient(f"{url}/EdocService", organ=code, token=token, options=how.pop("options", QUICK))
    return EdocRestTransport(client, **how)


CARRIERS: dict[str, Callable[..., Transport]] = {"vxp": vxp, "lgsp": lgsp, "edoc": edoc}


@attrs.frozen(kw_only=True)
class Place(Setting):
    """A setting with the axis behind it."""

    axis: AxisSimulator


def setting(connect: Callable[..., Transport], *, unknown: str | None, closed: str | None, **axis: Any) -> Place:
    """Serve a new axis."""
    simulator = AxisSimulator(SYSTEMS, **{"refuse_known": False, "keep": 0, **axis})
    server = AxisServer(simulator)
    server.start()

    def close() -> None:
        server.stop()
        simulator.close()

    return Place(
        axis=simulator,
        agencies=AGENCIES,
        connect=functools.partial(connect, server.url),
        unknown=unknown,
        closed=closed,
        secrets=SECRETS,
        close=close,
    )


def document(
    number: int, sender: str, recipients: Sequence[str], attachment: bytes = b"%PDF-1.7\n"
) -> vndoc.DocumentPacket:
    day = datetime.date(2026, 3, 4)
    return vndoc.DocumentPacket(
        from_=vndoc.Organization(organ_id=sender, organ_name="Đơn vị gửi"),
        to=tuple(vndoc.Organization(organ_id=code, organ_name="Đơn vị nhận") for code in recipients),
        document_id=f"{sender},2026/03/04,{number:02d}/CV",
        code=vndoc.DocumentCode(number=f"{number:02d}", notation="CV"),
        promulgation_info=vndoc.PromulgationInfo(place="Hà Nội", promulgation_date=day),
        document_type=vndoc.DocumentType(type=2, type_detail=1, type_name="Công văn"),
        subject=f"Trích yếu {number}",
        other_info=vndoc.OtherInfo(priority=0, page_amount=1),
        trace_header_list=vndoc.TraceHeaderList(
            trace_headers=(vndoc.TraceHeader(organ_id=sender, timestamp=LOCAL),),
            bussiness=vndoc.Bussiness(bussiness_doc_type=0, paper=0),
        ),
        attachments=(vndoc.Attachment.of(attachment, name="a.pdf"),),
    )


def status(number: int, sender: str, recipients: Sequence[str]) -> vndoc.StatusPacket:
    return vndoc.StatusPacket(
        response_for=vndoc.ResponseFor(
            organ_id=recipients[0],
            document_id=f"{recipients[0]},2026/03/04,{number:02d}/CV",
            code=f"{number:02d}/CV",
            promulgation_date=datetime.date(2026, 3, 4),
        ),
        from_=vndoc.Organization(organ_id=sender, organ_name="Đơn vị gửi"),
        status_code="01",
        description=f"Đến {number}",
        timestamp=LOCAL,
    )


class Real(TransportContract):
    """With real packets, which the axis writes anew."""

    known: ClassVar[dict[bytes, object]] = {}

    many = 30
    big = 8 * 1024 * 1024
    memory = 24 * 1024 * 1024  # the simulated axis in this process is measured, too

    def content(self, number: int, kind: Kind, sender: str, recipients: Sequence[str]) -> bytes:
        codes = [code for code in recipients if code.isascii()]
        packet = document(number, sender, codes) if kind is Kind.DOCUMENT else status(number, sender, codes)
        return vndoc.write_packet(packet)

    def big_content(self, size: int, sender: str, recipients: Sequence[str]) -> Octets:
        room = size * 3 // 4 - 8192
        spool = TemporarySpool()
        packet = document(1, sender, recipients, PatternOctets(room))
        vndoc.write_packet(packet, to=spool)  # type: ignore[arg-type]
        return spool

    def same(self, sent: Octets, got: Octets) -> bool:
        return self._identity(sent) == self._identity(got)

    def _identity(self, octets: Octets) -> object:
        key = sha256(octets)
        if key not in self.known:
            with octets.open() as file:
                self.known[key] = identity(vndoc.read_packet(file))
        return self.known[key]


def identity(packet: vndoc.Packet) -> object:
    """Return what the axis leaves alone."""
    if isinstance(packet, vndoc.DocumentPacket):
        return packet.document_id, packet.subject, packet.from_, packet.to, [a.digest() for a in packet.attachments]
    return packet.description, packet.from_, packet.response_for


class TestVxpOctets(TransportContract):
    many = 30
    big = 16 * 1024 * 1024

    def make(self) -> Setting:
        return setting(
            functools.partial(vxp, send_to="always", max_bytes=20 * 1024 * 1024),
            unknown=UNKNOWN,
            closed=CLOSED,
            rewriting=None,
            strict_hash=True,
        )


class TestVxp(Real):
    def make(self) -> Setting:
        return setting(vxp, unknown=UNKNOWN, closed=CLOSED)


class PagedVxp(Real):
    """Lists in small answers: windows of dates, while the axis' clock goes on with each look at it."""

    many = 40

    def make(self) -> Setting:
        clock = Clock(datetime.datetime(2026, 3, 4, tzinfo=datetime.UTC))

        def ticking() -> datetime.datetime:
            clock.advance(seconds=90)
            return clock()

        paged = functools.partial(vxp, options=attrs.evolve(QUICK, max_list=3000))
        return setting(paged, unknown=UNKNOWN, closed=CLOSED, clock=ticking)


def test_everything_is_offered_in_pages() -> None:
    contract = PagedVxp()
    contract.test_t06_the_oldest_comes_first()
    contract.test_t23_everything_is_offered_however_much_waits()


class Octet(Real):
    """With real packets, since the recipients stand in them, that pass as they are."""

    def same(self, sent: Octets, got: Octets) -> bool:
        return TransportContract.same(self, sent, got)


class TestLgsp(Octet):
    def make(self) -> Setting:
        return setting(lgsp, unknown=None, closed=None, rewriting=None)


class TestEdocRest(Octet):
    def make(self) -> Setting:
        return setting(edoc, unknown=None, closed=None, rewriting=None)


class TestVxpDirectory(DirectoryContract):
    own = AgencyRecord(code="H41.77", name="Phòng Mẫu")

    def make(self) -> Setting:
        return setting(vxp, unknown=UNKNOWN, closed=None)


# -- what goes wrong -------------------------------------------------------------------------------

SAFE, UNKNOWN_OUTCOME, NEVER = Retry.SAFE, Retry.UNKNOWN, Retry.NEVER

FAULTS = {
    # fault: what submit ends with, how many copies there are then; what list, fetch and settle end with
    "drop": (("carrier-interrupted", UNKNOWN_OUTCOME), 0, ("carrier-interrupted", SAFE)),
    "receipt-lost": (("carrier-interrupted", UNKNOWN_OUTCOME), 1, ("carrier-interrupted", SAFE)),
    "half": (("carrier-interrupted", UNKNOWN_OUTCOME), 1, ("carrier-interrupted", SAFE)),
    "failure": (("carrier-failed", SAFE), 0, ("carrier-failed", SAFE)),
    "status": (("carrier-failed", UNKNOWN_OUTCOME), 0, ("carrier-failed", SAFE)),
    "status,status=503": (("carrier-unavailable", SAFE), 0, ("carrier-unavailable", SAFE)),
    "html": (("carrier-nonsense", UNKNOWN_OUTCOME), 0, ("carrier-nonsense", SAFE)),
    "nonsense": (("carrier-nonsense", UNKNOWN_OUTCOME), 0, ("carrier-nonsense", SAFE)),
    "redirect": (("carrier-redirect", UNKNOWN_OUTCOME), 0, ("carrier-redirect", SAFE)),
    "delay,seconds=1": (("carrier-timeout", UNKNOWN_OUTCOME), None, ("carrier-timeout", SAFE)),
}


def outgoing(number: int, recipients: Sequence[str], kind: Kind = Kind.DOCUMENT) -> Outgoing:
    packet = document(number, "H41", recipients) if kind is Kind.DOCUMENT else status(number, "H41", recipients)
    octets = MemoryOctets(vndoc.write_packet(packet))
    return Outgoing(message_id=str(number), kind=kind, sender="H41", content=octets, sha256=sha256(octets))


def ended(call: Callable[[], object]) -> tuple[str, Retry]:
    with pytest.raises(TransportError) as caught:
        call()
    assert not set(SECRETS) & set(str(caught.value).split())
    return caught.value.code, caught.value.retry


@pytest.mark.parametrize("name", CARRIERS)
@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_goes_wrong_has_its_outcome_and_nothing_is_lost(name: str, fault: str) -> None:
    """After the faults are over, everything that was accepted, or may have been, is there or can be sent again."""
    submitted, copies, other = FAULTS[fault]
    quick = attrs.evolve(QUICK, read_timeout=0.4 if fault.startswith("delay") else 10)
    kind, comma, rest = fault.partition(",")
    operations = [f"{kind}@{operation}{comma}{rest}" for operation in ("send", "list", "fetch", "settle")]
    place = setting(CARRIERS[name], unknown=None, closed=None)
    axis: AxisSimulator = place.axis
    try:
        one, two = place.connect("H41", options=quick), place.connect("H14", options=quick)
        one.submit(outgoing(1, ["H14"]), ["H14"])
        [item] = two.pending(Kind.DOCUMENT)
        axis.faults = Faults(operations)
        end = ended(lambda: one.submit(outgoing(2, ["H14"]), ["H14"]))
        # a connection that is closed at once may not even have taken the whole request
        assert end == submitted or (kind, end) == ("drop", ("carrier-interrupted", SAFE))
        assert ended(lambda: list(two.pending(Kind.DOCUMENT))) == other
        assert ended(lambda: two.fetch(item).close()) == other
        assert ended(lambda: two.settle(item, Settlement.DONE)) == other
        axis.faults = Faults()
        if copies is not None:
            done = kind in {"receipt-lost", "half"}  # settling was done, its answer lost
            assert len(list(two.pending(Kind.DOCUMENT))) == copies + (not done)
        two.settle(item, Settlement.DONE)
        one.submit(outgoing(3, ["H14"]), ["H14"])
        last = list(two.pending(Kind.DOCUMENT))[-1]
        with two.fetch(last) as content:
            packet = vndoc.read_packet(content.open())
            assert isinstance(packet, vndoc.DocumentPacket)
            assert packet.subject == "Trích yếu 3"
    finally:
        place.close()


@pytest.mark.parametrize("name", CARRIERS)
def test_recipients_that_get_nothing_refuse_the_submission(name: str) -> None:
    place = setting(CARRIERS[name], unknown=None, closed=None)
    try:
        one, two = place.connect("H41"), place.connect("H14")
        for bad, code in ((UNKNOWN, "carrier-unknown-recipient"), (CLOSED, "carrier-recipient-closed")):
            with pytest.raises(OwnFaultError) as caught:
                one.submit(outgoing(1, ["H14", bad]), ["H14", bad])
            assert (caught.value.code, caught.value.values["recipient"]) == (code, bad)
        with pytest.raises(OwnFaultError, match="carrier-unknown-sender"):
            one.submit(attrs.evolve(outgoing(1, ["H14"]), sender="G22"), ["H14"])
        assert list(two.pending(Kind.DOCUMENT)) == []
    finally:
        place.close()


@pytest.mark.parametrize("name", CARRIERS)
def test_a_wrong_secret_is_our_own_fault(name: str) -> None:
    place = setting(CARRIERS[name], unknown=None, closed=None)
    try:
        url = place.connect("H41").client.http.endpoint.url.removesuffix("/EdocService")  # type: ignore[attr-defined]
        wrong = Secret("khong-phai-bi-mat")
        system = system_of("H41")
        carriers: dict[str, list[Transport]] = {
            "vxp": [VxpTransport(VxpClient(url, system_id=system.id, secret=wrong, options=QUICK))],
            "edoc": [EdocRestTransport(EdocRestClient(f"{url}/EdocService", organ="H41", token=wrong, options=QUICK))],
            "lgsp": [
                LgspTransport(
                    LgspClient(
                        url,
                        username=str(system.username),
                        password=password,
                        system_id=system.id,
                        secret=secret,
                        options=QUICK,
                    )
                )
                for password, secret in (
                    (wrong, Secret(system.secret)),
                    (Secret(str(system.password)), wrong),
                )
            ],
        }
        for carrier in carriers[name]:
            for call in (
                lambda carrier=carrier: carrier.submit(outgoing(1, ["H14"]), ["H14"]),
                lambda carrier=carrier: list(carrier.pending(Kind.DOCUMENT)),
                lambda carrier=carrier: carrier.fetch(Item(id="1", kind=Kind.DOCUMENT)),
                lambda carrier=carrier: carrier.settle(Item(id="1", kind=Kind.DOCUMENT), Settlement.DONE),
            ):
                assert ended(call) == ("carrier-credentials", NEVER)
    finally:
        place.close()


def test_an_axis_whose_clock_is_away_from_ours() -> None:
    """The axis refuses stale requests; the time in its answers tells that apart from a wrong secret."""
    place = setting(vxp, unknown=None, closed=None, max_skew=datetime.timedelta(minutes=5))
    try:
        good = place.connect("H41")
        assert list(good.pending(Kind.DOCUMENT)) == []
        system = system_of("H41")
        url = good.client.http.endpoint.url  # type: ignore[attr-defined]
        late = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
        client = VxpClient(url, system_id=system.id, secret=Secret(system.secret), options=QUICK, now=lambda: late)
        assert ended(lambda: client.count(Kind.STATUS)) == ("carrier-clock", NEVER)
    finally:
        place.close()


def test_a_new_document_that_is_there_already() -> None:
    place = setting(edoc, unknown=None, closed=None, refuse_known=True)
    try:
        one = place.connect("H41")
        one.submit(outgoing(1, ["H14"]), ["H14"])
        assert ended(lambda: one.submit(outgoing(1, ["H14"]), ["H14"])) == ("carrier-duplicate", NEVER)
        client: EdocRestClient = one.client  # type: ignore[attr-defined]
        assert client.exists(sender="H41", recipient="H14", code="01/CV")
        assert not client.exists(sender="H41", recipient="H14", code="02/CV")
    finally:
        place.close()


@pytest.mark.parametrize("name", CARRIERS)
def test_the_address_book_of_every_axis(name: str) -> None:
    place = setting(CARRIERS[name], unknown=None, closed=None)
    try:
        book = place.connect("H41")
        assert isinstance(book, Directory)
        codes = {record.code for record in book.agencies()}
        assert codes >= {*AGENCIES, CLOSED}
        assert {record.code for record in book.changes()} >= codes
        if name == "vxp":
            return
        for call in (
            lambda: book.changes(datetime.datetime.now(datetime.UTC)),
            lambda: book.register(AgencyRecord(code="H41.1", name="x")),
            lambda: book.remove("H41"),
        ):
            assert ended(call) == ("carrier-unsupported", NEVER)
    finally:
        place.close()


def test_a_packet_changed_on_the_way_out_of_the_axis_cannot_be_noticed_here() -> None:
    """The axis announces no digest: that the octets changed is for whoever reads the packet to find out."""
    place = setting(vxp, unknown=None, closed=None, faults=["wrong-hash@fetch"], rewriting=None)
    try:
        one, two = place.connect("H41"), place.connect("H14")
        sent = outgoing(1, ["H14"])
        one.submit(sent, ["H14"])
        [item] = two.pending(Kind.DOCUMENT)
        with two.fetch(item) as content:
            assert content.size == sent.content.size
            assert content.sha256 != sent.sha256
    finally:
        place.close()


def test_a_wrong_hash_is_refused_by_the_axis() -> None:
    place = setting(vxp, unknown=None, closed=None, faults=["wrong-hash@send,times=1"])
    try:
        one = place.connect("H41")
        assert ended(lambda: one.submit(outgoing(1, ["H14"]), ["H14"])) == ("carrier-refused", NEVER)
    finally:
        place.close()
