"""What ``vndoc trust check`` finds in a folder of trusted certificates."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from vndoc.cli._run import both
from vndoc.cli._safe import clean
from vndoc.cli._trust import Anchor, Folder
from vndoc.cli._trust_settings import SETTINGS
from vndoc.errors import CertificateError, VndocError
from vndoc.pki import Certificate, Crl, OcspResponse, Purpose, SignatureAlgorithm, TrustAnchor, Use
from vndoc.pki.algorithms import key_family
from vndoc.signature.policy import POLICIES
from vndoc.text import Text

__all__ = ["CHECKS", "Finding", "about_anchor", "check_folder"]

_GOVERNMENT, _NATIONAL, _TIME = Purpose.GOVERNMENT, Purpose.NATIONAL, Purpose.TIMESTAMP
_FITTING: Final[Mapping[str, frozenset[Purpose]]] = MappingProxyType(
    {
        "vgca-g1": frozenset({_GOVERNMENT, _TIME}),
        "vgca-g2": frozenset({_GOVERNMENT, _TIME}),
        "national": frozenset({_NATIONAL, _TIME}),
        "public-ca": frozenset({_NATIONAL, _TIME}),
        "foreign-tsa": frozenset({_TIME}),
    }
)
"""What a certificate of each family can be trusted for."""

CHECKS: Final[Mapping[str, tuple[str, Text]]] = MappingProxyType(
    {
        "file-unreadable": ("error", Text("không đọc được: {detail}", "cannot be read: {detail}")),
        "purpose-unfit": (
            "error",
            Text(
                "thuộc nhóm {family}, không thể tin cậy cho mục đích {purposes}",
                "is of the family {family} and cannot be trusted for {purposes}",
            ),
        ),
        "key-unusable": ("error", Text("không dùng được khóa: {detail}", "has a key that cannot be used: {detail}")),
        "key-refused": (
            "error",
            Text(
                "có khóa ({key}) mà chính sách mặc định không chấp nhận",
                "has a key ({key}) that the default policy refuses",
            ),
        ),
        "not-a-ca": (
            "warning",
            Text(
                "không phải chứng thư số của tổ chức cấp: không bảo đảm được cho chứng thư số nào khác",
                "is no certificate of a CA: it vouches for no other certificate",
            ),
        ),
        "not-a-root": (
            "warning",
            Text(
                "không phải gốc: tin cậy trực tiếp thì không ai kiểm tra nó đã bị thu hồi chưa",
                "is no root: as an anchor nobody asks whether it has been revoked",
            ),
        ),
        "expired": (
            "warning",
            Text(
                "hết hạn từ {until}; chỉ còn dùng cho chữ ký có bằng chứng thời gian trước đó",
                "expired on {until}; it counts for signatures that are proven to be older",
            ),
        ),
        "not-yet-valid": ("warning", Text("chưa có hiệu lực, bắt đầu từ {since}", "is not valid before {since}")),
        "distrusted": ("note", Text("không còn được tin cậy từ sau {until}", "is not trusted after {until}")),
        "digest-weak": (
            "warning",
            Text(
                "được ký bằng {algorithm}; chứng thư số bên dưới ký bằng SHA-1 chỉ được tính với legacy",
                "is signed with {algorithm}; certificates below it that are signed with SHA-1 count with legacy only",
            ),
        ),
        "legacy": (
            "note",
            Text(
                "nhánh này còn được dùng SHA-1, theo thời hạn của chính sách",
                "SHA-1 counts below it, as long as the policy says",
            ),
        ),
        "duplicate": ("warning", Text("nằm trong nhiều tệp: {files}", "stands in several files: {files}")),
        "same-name": (
            "warning",
            Text("trùng tên với {other}, khóa khác nhau", "has the same name as {other} and another key"),
        ),
        "recognised": (
            "note",
            Text(
                "có vân tay đã biết: {name} ({family}). Hãy đối chiếu với {publisher}",
                "has a known fingerprint: {name} ({family}). Confirm it with {publisher}",
            ),
        ),
        "unknown": (
            "warning",
            Text(
                "không có trong bảng vân tay đã biết. Hãy đối chiếu với nơi công bố",
                "has no known fingerprint. Confirm it with its publisher",
            ),
        ),
        "setting-unused": (
            "warning",
            Text("có dòng trong trust.json nhưng không có chứng thư số", "has a row in trust.json and no certificate"),
        ),
        "revocation-stale": (
            "warning",
            Text(
                "đã quá hạn từ {until}; chỉ cho biết tình trạng đến lúc đó",
                "is out of date since {until}; it tells the status up to then",
            ),
        ),
        "nothing-trusted": ("warning", Text("không có gì được tin cậy", "nothing is trusted")),
        "no-time-anchor": (
            "warning",
            Text(
                "không có gốc nào cho dấu thời gian: không chữ ký nào có thời điểm được chứng minh",
                "no anchor is trusted for timestamps: no signature has a proven time",
            ),
        ),
    }
)
"""Severity and text of each check."""


@attrs.frozen(kw_only=True)
class Finding:
    """One thing to know about ``file``, or about the certificate ``sha256``, or about the whole folder."""

    check: str
    file: str | None = None
    sha256: str | None = None
    values: Mapping[str, object] = attrs.field(factory=dict)

    @property
    def severity(self) -> str:
        """Return ``error``, ``warning`` or ``note``."""
        return CHECKS[self.check][0]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        text = CHECKS[self.check][1]
        shown = {name: value if isinstance(value, Text) else clean(value) for name, value in self.values.items()}
        return {
            "check": self.check,
            "severity": self.severity,
            "file": self.file,
            "sha256": self.sha256,
            "text": both(text.filled(**shown)),
        }


def check_folder(folder: Folder, at: datetime.datetime) -> list[Finding]:
    """Return what is to be known about *folder* at the time *at*, errors first."""
    anchors = folder.anchors
    found = [Finding(check="file-unreadable", file=f, values={"detail": _said(e)}) for f, e in folder.broken.items()]
    for one in anchors:
        found += about_anchor(one, at)
        found += _beside(one, anchors)
    known = {one.certificate.fingerprint.hex() for one in folder.held}
    found += (Finding(check="setting-unused", file=SETTINGS, sha256=key) for key in folder.settings if key not in known)
    found += _revocation(folder.crls, _crl_end, at)
    found += _revocation(folder.ocsps, _ocsp_end, at)
    if not anchors:
        found.append(Finding(check="nothing-trusted"))
    elif not any(_TIME in one.anchor.purposes for one in anchors):
        found.append(Finding(check="no-time-anchor"))
    order = ("error", "warning", "note")
    return sorted(found, key=lambda finding: order.index(finding.severity))


def _said(error: VndocError) -> Text:
    return Text(error.text("vi"), error.text("en"))


def about_anchor(one: Anchor, at: datetime.datetime) -> Iterator[Finding]:
    """Yield what is to be known about one anchor by itself."""
    anchor, certificate = one.anchor, one.anchor.certificate
    rows = (*_of_family(anchor), *_of_key(anchor), *_of_time(anchor, at), *_of_certificate(certificate))
    for check, values in rows:
        yield Finding(check=check, file=one.files[0], sha256=certificate.fingerprint.hex(), values=values)


_Rows = Iterator[tuple[str, dict[str, object]]]


def _of_family(anchor: TrustAnchor) -> _Rows:
    known = anchor.recognised
    if known is None:
        yield "unknown", {}
        return
    yield "recognised", {"name": known.name, "family": known.family, "publisher": known.publisher}
    unfit = anchor.purposes - _FITTING[known.family]
    if unfit:
        yield "purpose-unfit", {"family": known.family, "purposes": ", ".join(sorted(unfit))}


def _of_key(anchor: TrustAnchor) -> _Rows:
    """Judge key and signature as the default policy would judge those of a CA below the anchor."""
    certificate, crypto = anchor.certificate, POLICIES["vn_default"].crypto
    try:
        family, bits = key_family(certificate.public_key), certificate.key_bits
        algorithm = certificate.signature_algorithm
    except CertificateError as error:
        yield "key-unusable", {"detail": _said(error)}
        return
    if crypto.until(Use.CA_CERTIFICATE, SignatureAlgorithm(family, "sha256"), bits) is None:
        yield "key-refused", {"key": f"{family.value}, {bits} bit"}
    if anchor.legacy:
        yield "legacy", {}
    elif crypto.digest_until(Use.CA_CERTIFICATE, algorithm.digest) is None:
        yield "digest-weak", {"algorithm": str(algorithm)}


def _of_time(anchor: TrustAnchor, at: datetime.datetime) -> _Rows:
    certificate, until = anchor.certificate, anchor.not_after
    if certificate.not_after < at:
        yield "expired", {"until": certificate.not_after.isoformat()}
    if certificate.not_before > at:
        yield "not-yet-valid", {"since": certificate.not_before.isoformat()}
    if until is not None:
        yield "distrusted", {"until": until.isoformat()}


def _of_certificate(certificate: Certificate) -> _Rows:
    if not certificate.profile.ca:
        yield "not-a-ca", {}
    elif not certificate.self_issued:
        yield "not-a-root", {}


def _beside(one: Anchor, anchors: Iterable[Anchor]) -> Iterator[Finding]:
    """Yield what shows only beside the other anchors."""
    certificate = one.anchor.certificate
    sha256 = certificate.fingerprint.hex()
    if len(one.files) > 1:
        yield Finding(check="duplicate", file=one.files[0], sha256=sha256, values={"files": ", ".join(one.files)})
    for other in anchors:
        same = other.anchor.certificate.subject == certificate.subject
        if same and other.anchor.certificate.spki != certificate.spki:
            yield Finding(check="same-name", file=one.files[0], sha256=sha256, values={"other": other.files[0]})


def _revocation(
    files: Mapping[str, bytes], end: Callable[[bytes], datetime.datetime | None], at: datetime.datetime
) -> Iterator[Finding]:
    for name, data in files.items():
        try:
            until = end(data)
        except CertificateError as error:
            yield Finding(check="file-unreadable", file=name, values={"detail": _said(error)})
            continue
        if until is not None and until < at:
            yield Finding(check="revocation-stale", file=name, values={"until": until.isoformat()})


def _crl_end(data: bytes) -> datetime.datetime | None:
    return Crl.load(data).next_update


def _ocsp_end(data: bytes) -> datetime.datetime | None:
    ends = [single.next_update for single in OcspResponse.load(data).responses if single.next_update is not None]
    return min(ends, default=None)
