"""The steps of the story that sign and verify: with keys made on the spot, which prove nothing to anybody else."""

from __future__ import annotations

import datetime

import vndoc
from vndoc.envelope import Attachment, DocumentPacket
from vndoc.pki import Purpose, TrustStore
from vndoc.pki.revocation import RevocationChecker
from vndoc.signature.packet import PacketVerdict
from vndoc.testing.pki import Authority, TimestampAuthority

__all__ = ["Signing", "changed"]

_HOUR = datetime.timedelta(hours=1)


class Signing:
    """A small public-key infrastructure around one moment: a root, a person, a time-stamping authority."""

    def __init__(self, day: datetime.date) -> None:
        self.time = datetime.datetime.combine(day, datetime.time(3), datetime.UTC)
        self.root = Authority.root("Gốc thử nghiệm", key="p256")
        self.tsa_root = tsa_root = Authority.root("Gốc dấu thời gian thử nghiệm", key="p256")
        self.person = self.root.person("Nguyễn Văn Mẫu", organisation="Ủy ban nhân dân tỉnh Mẫu", key="p256")
        self.stamp = TimestampAuthority(identity=tsa_root.tsa("Máy chủ dấu thời gian thử nghiệm"), time=self.time)
        signers = TrustStore.of([self.root.certificate], purposes={Purpose.GOVERNMENT})
        purposes = {Purpose.TIMESTAMP, Purpose.GOVERNMENT}
        self.trust = signers.with_anchor(tsa_root.certificate, purposes=purposes)
        end = self.time + 24 * _HOUR
        self.lists = [a.crl(this_update=self.time, next_update=end) for a in (self.root, tsa_root)]
        self.revocation = RevocationChecker.of(self.lists)

    def seal(self, packet: DocumentPacket) -> DocumentPacket:
        """Return *packet* sealed by the person, with a timestamp."""
        return vndoc.seal(packet, self.person.signer(), at=self.time, stamp=self.stamp)

    def verify(self, data: bytes) -> PacketVerdict:
        """Return the verdict on a packet, an hour later."""
        at = self.time + _HOUR
        return vndoc.verify(data, policy="vn_default", trust=self.trust, at=at, revocation=self.revocation)

    def trust_files(self) -> dict[str, bytes]:
        """Return the files of a folder of trust, as ``--trust`` takes it."""
        return {
            "trust/government/goc.cer": self.root.certificate.der,
            "trust/timestamp/goc-dau-thoi-gian.cer": self.tsa_root.certificate.der,
            "trust/revocation/goc.crl": self.lists[0],
            "trust/revocation/goc-dau-thoi-gian.crl": self.lists[1],
        }


def changed(packet: DocumentPacket) -> DocumentPacket:
    """Return *packet* with one letter more at the end of its first attachment."""
    first, *rest = packet.attachments
    with first.open() as file:
        other = Attachment.of(file.read() + b"x", name=first.name or "", content_id=first.content_id)
    return packet.evolve(attachments=(other, *rest))
