"""A leap second is no time wherever it stands: a reason, never an exception; the last second of a minute counts."""

from __future__ import annotations

import pytest

from verdict_support import CA, GOOD, STORE, TSA, utc
from vndoc.errors import CertificateError
from vndoc.pki import Certificate, Indication
from vndoc.signature import Verdict, sign_cms, sign_xml, verify_cms, verify_xml
from vndoc.testing.tsa import TimestampAuthority

SIGNED, STAMPED, AT = utc(2026, 12, 31, 23, 58, 59), utc(2026, 12, 31, 23, 59, 59), utc(2027, 1, 2)
SIGNER = CA.person("Trần Thị Thử", key="p256", valid=(utc(2025, 1, 1, 0, 0, 59), utc(2030, 1, 1))).signer()
CMS = sign_cms(
    b"x", signer=SIGNER, signing_time=SIGNED, stamp=TimestampAuthority(identity=TSA, time=STAMPED), detached=False
)
XML = sign_xml(b"<a/>", signer=SIGNER, signing_time=SIGNED)


def judged(data: bytes) -> Verdict:
    verify = verify_cms if data[:1] == b"\x30" else verify_xml
    return verify(data, policy="vn_default", trust=STORE, at=AT, revocation=GOOD)


def test_the_last_second_of_a_minute_counts():
    [cms], [xml] = judged(CMS), judged(XML)
    assert cms.passed
    assert xml.passed
    assert (cms.claimed_time, xml.claimed_time, cms.best_signature_time) == (SIGNED, SIGNED, STAMPED)
    assert cms.certificate.not_before == utc(2025, 1, 1, 0, 0, 59)


def test_a_leap_second_of_a_timestamp_proves_no_time():
    [report] = judged(CMS.replace(b"20261231235959Z", b"20261231235960Z"))
    assert report.best_signature_time is None
    assert report.indication is Indication.INDETERMINATE
    assert {"timestamp-not-assured"} <= {reason.code for reason in report.reasons}
    [stamp] = report.timestamps
    assert [reason.code for reason in stamp.outcome.reasons] == ["timestamp-malformed"]
    assert (stamp.time, stamp.proves) == (None, False)


@pytest.mark.parametrize(
    ("data", "old", "new", "code"),
    [
        (CMS, b"261231235859Z", b"261231235860Z", "attribute-malformed"),
        (XML, b"2026-12-31T23:58:59Z", b"2026-12-31T23:58:60Z", "xades-malformed"),
    ],
)
def test_a_leap_second_that_a_signer_claims_is_malformed(data, old, new, code):
    assert data.count(old) == 1
    [report] = judged(data.replace(old, new))
    assert code in {reason.code for reason in report.reasons}
    assert report.claimed_time is None


def test_a_leap_second_in_a_certificate_is_malformed():
    octets = SIGNER.certificate.der
    assert octets.count(b"250101000059Z") == 1
    leap = octets.replace(b"250101000059Z", b"250101000060Z")
    with pytest.raises(CertificateError) as caught:
        Certificate.load(leap)
    assert caught.value.code == "der-malformed"
    [report] = judged(CMS.replace(octets, leap))
    assert {"certificate-unreadable", "no-signing-certificate"} <= {reason.code for reason in report.reasons}
    assert report.indication is Indication.INDETERMINATE
