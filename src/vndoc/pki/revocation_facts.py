"""What is known of a certificate's revocation at one time, and the seam between paths and those who know."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Protocol

import attrs

from vndoc.pki.certificate import Certificate
from vndoc.pki.policy import CryptoPolicy, Use
from vndoc.text import Text

__all__ = [
    "REVOCATION_WHY",
    "RevocationFact",
    "RevocationQuestion",
    "RevocationReason",
    "RevocationSource",
    "RevocationStatus",
]


REVOCATION_WHY: Mapping[str, Text] = MappingProxyType(
    {
        "no-source": Text(
            "không có CRL hoặc phản hồi OCSP",
            "there is no revocation list or OCSP response",
        ),
        "crl-other-issuer": Text(
            "không có CRL nào của tổ chức cấp chứng thư số này",
            "no revocation list is that of the certificate's issuer",
        ),
        "crl-malformed": Text(
            "CRL sai cấu trúc",
            "a revocation list is malformed",
        ),
        "crl-points-malformed": Text(
            "điểm phân phối CRL trong chứng thư số sai cấu trúc",
            "the distribution points in the certificate are malformed",
        ),
        "crl-scope": Text(
            "CRL không dành cho chứng thư số này",
            "the revocation list is not for this certificate",
        ),
        "crl-critical-extension": Text(
            "CRL có phần mở rộng quan trọng không hiểu được",
            "the revocation list has a critical extension that is not understood",
        ),
        "crl-from-the-future": Text(
            "CRL được phát hành sau thời điểm hiện tại",
            "the revocation list was issued after the present",
        ),
        "crl-signer-not-found": Text(
            "không tìm thấy chứng thư số của nơi ký CRL",
            "the certificate of the list's signer was not found",
        ),
        "crl-signer-not-trusted": Text(
            "nơi ký CRL không được tin cậy",
            "the signer of the revocation list is not trusted",
        ),
        "crl-signer-key-usage": Text(
            "khóa của nơi ký CRL không được dùng để ký CRL",
            "the key of the list's signer must not sign revocation lists",
        ),
        "crl-signature": Text(
            "chữ ký trên CRL không đúng",
            "the signature of the revocation list is wrong",
        ),
        "crl-algorithm": Text(
            "thuật toán ký CRL không được chấp nhận",
            "the algorithm of the revocation list is not accepted",
        ),
        "crl-stale": Text(
            "CRL đã quá hạn",
            "the revocation list is out of date",
        ),
        "crl-after-expiry": Text(
            "CRL phát hành sau khi chứng thư số hết hạn",
            "the revocation list was issued after the certificate expired",
        ),
        "crl-partial": Text(
            "CRL chỉ nêu một số lý do thu hồi",
            "the revocation lists cover some reasons only",
        ),
        "crl-delta-alone": Text(
            "chỉ có CRL bổ sung, thiếu CRL gốc",
            "there is a delta list without its base",
        ),
        "crl-delta-unusable": Text(
            "CRL bổ sung không dùng được",
            "a delta list cannot be used",
        ),
        "revocation-date-ahead": Text(
            "nguồn thu hồi ghi ngày thu hồi muộn hơn thời điểm kiểm tra, dù được phát hành trước đó",
            "a source dates the revocation later than the time checked, although it was issued before",
        ),
        "hold-unclear": Text(
            "không rõ thời điểm chấm dứt tạm dừng",
            "it is not known when a suspension ended",
        ),
        "ocsp-malformed": Text(
            "phản hồi OCSP sai cấu trúc",
            "an OCSP response is malformed",
        ),
        "ocsp-refused": Text(
            "máy chủ OCSP từ chối trả lời",
            "the OCSP responder refused to answer",
        ),
        "ocsp-other-certificate": Text(
            "phản hồi OCSP nói về chứng thư số khác",
            "the OCSP response is about another certificate",
        ),
        "ocsp-unknown": Text(
            "máy chủ OCSP không biết chứng thư số này",
            "the OCSP responder does not know the certificate",
        ),
        "ocsp-critical-extension": Text(
            "phản hồi OCSP có phần mở rộng quan trọng không hiểu được",
            "the OCSP response has a critical extension that is not understood",
        ),
        "ocsp-nonce": Text(
            "phản hồi OCSP không mang đúng nonce của yêu cầu",
            "the OCSP response lacks the nonce of the request",
        ),
        "ocsp-from-the-future": Text(
            "phản hồi OCSP được phát hành sau thời điểm hiện tại",
            "the OCSP response was issued after the present",
        ),
        "ocsp-responder-not-found": Text(
            "không tìm thấy chứng thư số của máy chủ OCSP",
            "the certificate of the OCSP responder was not found",
        ),
        "ocsp-responder-unauthorised": Text(
            "máy chủ OCSP không được tổ chức cấp ủy quyền",
            "the OCSP responder is not authorised by the issuer",
        ),
        "ocsp-responder-malformed": Text(
            "chứng thư số của máy chủ OCSP sai cấu trúc",
            "the certificate of the OCSP responder is malformed",
        ),
        "ocsp-responder-expired": Text(
            "chứng thư số của máy chủ OCSP không có hiệu lực khi trả lời",
            "the certificate of the OCSP responder was not valid when it answered",
        ),
        "ocsp-responder-not-trusted": Text(
            "máy chủ OCSP không được tin cậy hoặc đã bị thu hồi",
            "the OCSP responder is not trusted, or is revoked",
        ),
        "ocsp-signature": Text(
            "chữ ký trên phản hồi OCSP không đúng",
            "the signature of the OCSP response is wrong",
        ),
        "ocsp-algorithm": Text(
            "thuật toán ký phản hồi OCSP không được chấp nhận",
            "the algorithm of the OCSP response is not accepted",
        ),
        "ocsp-stale": Text(
            "phản hồi OCSP đã quá hạn",
            "the OCSP response is out of date",
        ),
        "no-address": Text(
            "chứng thư số không nêu địa chỉ nào để tải dữ liệu thu hồi",
            "the certificate names no address to fetch revocation data from",
        ),
        "fetch-refused": Text(
            "máy chủ không nằm trong danh sách cho phép",
            "the host is not on the allow-list",
        ),
        "fetch-url": Text(
            "địa chỉ trong chứng thư số không dùng được",
            "the address in the certificate cannot be used",
        ),
        "fetch-address": Text(
            "tên máy chủ trỏ vào mạng nội bộ",
            "the host has a private address",
        ),
        "fetch-redirect": Text(
            "máy chủ chuyển hướng ra ngoài danh sách cho phép",
            "the server redirects to where nothing is fetched from",
        ),
        "fetch-timeout": Text(
            "tải quá lâu",
            "fetching took too long",
        ),
        "fetch-too-big": Text(
            "nội dung tải về quá lớn",
            "what was fetched is too large",
        ),
        "fetch-status": Text(
            "máy chủ báo lỗi HTTP",
            "the server answered with an HTTP error",
        ),
        "fetch-type": Text(
            "nội dung tải về không đúng loại",
            "what was fetched is of an unfit type",
        ),
        "fetch-tls": Text(
            "kết nối TLS không an toàn",
            "the TLS connection is not safe",
        ),
        "fetch-failed": Text(
            "không kết nối được máy chủ",
            "the server cannot be reached",
        ),
        "fetch-limit": Text(
            "đã vượt giới hạn tải về cho một lần kiểm tra",
            "the limit of what is fetched for one verification is exceeded",
        ),
        "ocsp-after-expiry": Text(
            "phản hồi OCSP phát hành sau khi chứng thư số hết hạn",
            "the OCSP response was issued after the certificate expired",
        ),
    }
)
"""Why a source did not count, by the codes of :attr:`RevocationFact.why`."""


class RevocationStatus(enum.StrEnum):
    """The answer: not revoked at that time, revoked or on hold, or not known."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class RevocationReason(enum.IntEnum):
    """Why a certificate was revoked (RFC 5280, section 5.3.1). Seven is not used."""

    UNSPECIFIED = 0
    KEY_COMPROMISE = 1
    CA_COMPROMISE = 2
    AFFILIATION_CHANGED = 3
    SUPERSEDED = 4
    CESSATION_OF_OPERATION = 5
    CERTIFICATE_HOLD = 6
    REMOVE_FROM_CRL = 8
    PRIVILEGE_WITHDRAWN = 9
    AA_COMPROMISE = 10

    @property
    def keeps_key(self) -> bool:
        """Return whether the key is still its owner's; a reason that nobody gives counts as a loss."""
        return self in _KEY_KEPT


_KEY_KEPT: Final = frozenset(
    {
        RevocationReason.AFFILIATION_CHANGED,
        RevocationReason.SUPERSEDED,
        RevocationReason.CESSATION_OF_OPERATION,
        RevocationReason.CERTIFICATE_HOLD,
    }
)


@attrs.frozen(kw_only=True, repr=False, slots=False)
class RevocationFact:
    """What one source said, or why none said anything.

    ``at`` is the time asked about. ``date`` and ``reason`` belong to ``REVOKED``. ``source`` is ``crl``, ``ocsp``,
    ``no-check`` (a responder's certificate that needs none) or ``none``; ``issued`` and ``next_update`` are those of
    the source, ``material`` its octets, to be kept as evidence. ``others`` are kind and octets of what the answer rests
    on besides: the list that a delta list continues, the lists of other reasons. ``signers`` signed any of these, and
    are neither in the path nor in the source itself. ``why`` holds the codes of :data:`REVOCATION_WHY` that kept other
    sources from counting. ``lost``: since when any source says that the key is lost, which may be another one than that
    of ``reason``. ``weak``: something of this is signed with SHA-1, which counts below an anchor marked
    ``legacy`` only.
    """

    certificate: Certificate
    status: RevocationStatus
    at: datetime.datetime
    source: str = "none"
    date: datetime.datetime | None = None
    reason: RevocationReason | None = None
    issued: datetime.datetime | None = None
    next_update: datetime.datetime | None = None
    material: bytes | None = None
    why: tuple[str, ...] = ()
    weak: bool = False
    others: tuple[tuple[str, bytes], ...] = ()
    signers: tuple[Certificate, ...] = ()
    lost: datetime.datetime | None = None

    @property
    def key_lost_since(self) -> datetime.datetime | None:
        """Return since when the key is not its owner's alone; a reason that nobody gives counts as a loss."""
        if self.lost is not None or self.status is not RevocationStatus.REVOKED:
            return self.lost
        return None if self.reason is not None and self.reason.keeps_key else self.date

    @property
    def rests_on(self) -> tuple[tuple[str, bytes], ...]:
        """Return all that the answer rests on: ``crl`` or ``ocsp``, and the octets."""
        own = () if self.material is None else ((self.source, self.material),)
        return (*own, *self.others)

    @property
    def on_hold(self) -> bool:
        """Return whether the certificate was suspended, not revoked for good."""
        return self.status is RevocationStatus.REVOKED and self.reason is RevocationReason.CERTIFICATE_HOLD

    @property
    def why_text(self) -> Text:
        """Return :attr:`why` in words."""
        rows = [REVOCATION_WHY[code] for code in self.why]
        return Text("; ".join(row.vi for row in rows), "; ".join(row.en for row in rows))

    def __repr__(self) -> str:
        detail = f", {self.date:%Y-%m-%d}, {self.reason!r}" if self.date else ""
        return f"RevocationFact({self.status.value}, {self.source}{detail}, why={self.why!r})"


@attrs.frozen(kw_only=True, eq=False)
class RevocationQuestion:
    """Was ``certificate`` revoked at ``at``?

    ``issuers`` is the path above it, issuer first and anchor last. ``use`` is what the policy ``crypto`` judges the
    certificate's own signature as; revocation lists and responses are judged alike, or as ``REVOCATION``. With
    ``legacy``, which the anchor says, those that a certification authority signed itself are judged as the certificates
    of authorities, others as those of the end. ``vouched`` answers whether another certificate, one that signed a list
    or a response, has itself a valid path to the same anchor.
    """

    certificate: Certificate
    issuers: tuple[Certificate, ...]
    at: datetime.datetime
    crypto: CryptoPolicy
    use: Use
    pool: tuple[Certificate, ...]
    vouched: Callable[[Certificate], bool]
    legacy: bool = False


class RevocationSource(Protocol):
    """Whoever can answer the question. An answer never raises: what is not known is ``UNKNOWN`` with its reasons."""

    def status(self, question: RevocationQuestion) -> RevocationFact:
        """Return what is known."""
        ...
