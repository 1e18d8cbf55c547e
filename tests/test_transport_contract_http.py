"""The carriers over HTTP keep the contract of carriers, against the simulated axis; it was written by others.

``TestVxpOctets`` has an axis that passes octets on as they came, so every octet is compared. The others have one that
writes packets anew, as the real one does: there the values of the packet and the content of its attachments count.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Sequence
from typing import Any

import attrs

import vndoc
from axis_support import Clock
from vndoc.envelope.octets import Octets
from vndoc.packets.files import TemporarySpool
from vndoc.testing.axis import Agency, AxisServer, AxisSimulator, System
from vndoc.testing.contract import PatternOctets, Setting, TransportContract
from vndoc.testing.contract_directory import DirectoryContract
from vndoc.transport import AgencyRecord, Kind, Transport
from vndoc.transport.edoc_rest import EdocRestClient, EdocRestTransport
from vndoc.transport.http import HttpOptions
from vndoc.transport.lgsp import LgspClient, LgspTransport
from vndoc.transport.secret import Secret
from vndoc.transport.vxp import VxpClient, VxpTransport

AGENCIES = ("H41", "H14", "G22")
CLOSED = "G22.9"
UNKNOWN = "H99"
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
        "options": QUICK,
    }
    return LgspTransport(LgspClient(url, **settings), senders={code}, deep=14, **how)


def edoc(url: str, code: str, **how: Any) -> EdocRestTransport:
    token = Secret(system_of(code).secret)
    client = EdocRestClient(f"{url}/EdocService", organ=code, token=token, options=QUICK)
    return EdocRestTransport(client, **how)


CARRIERS: dict[str, Callable[..., Transport]] = {"vxp": vxp, "lgsp": lgsp, "edoc": edoc}


def setting(connect: Callable[..., Transport], *, unknown: str | None, closed: str | None, **axis: Any) -> Setting:
    """Serve a new axis."""
    simulator = AxisSimulator(SYSTEMS, **{"refuse_known": False, "keep": 0, **axis})
    server = AxisServer(simulator)
    server.start()

    def close() -> None:
        server.stop()
        simulator.close()

    return Setting(
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
            trace_headers=(vndoc.TraceHeader(organ_id=sender, timestamp=datetime.datetime(2026, 3, 4, 5)),),
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
        timestamp=datetime.datetime(2026, 3, 4, 5, 6, 7),
    )


class Real(TransportContract):
    """With real packets, which the axis writes anew."""

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
        with sent.open() as first, got.open() as second:
            return identity(vndoc.read_packet(first)) == identity(vndoc.read_packet(second))


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


class TestVxpPages(Real):
    """Lists in small answers: windows of dates, while the axis' clock goes on by a minute with each look at it."""

    many = 40

    def make(self) -> Setting:
        clock = Clock(datetime.datetime(2026, 3, 4, tzinfo=datetime.UTC))

        def ticking() -> datetime.datetime:
            clock.advance(seconds=90)
            return clock()

        paged = functools.partial(vxp, options=attrs.evolve(QUICK, max_list=3000))
        return setting(paged, unknown=UNKNOWN, closed=CLOSED, clock=ticking)


class TestLgsp(Real):
    def make(self) -> Setting:
        return setting(lgsp, unknown=None, closed=None)


class TestEdocRest(Real):
    def make(self) -> Setting:
        return setting(edoc, unknown=None, closed=None)


class TestVxpDirectory(DirectoryContract):
    own = AgencyRecord(code="H41.77", name="Phòng Mẫu")

    def make(self) -> Setting:
        return setting(vxp, unknown=UNKNOWN, closed=None)
