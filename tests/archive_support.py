"""A small world for archives: a person who signed in 2021, timestamps of then and of 2023, and the year 2030."""

from __future__ import annotations

import datetime
import functools

from vndoc.pki import Indication, Purpose, TrustStore
from vndoc.signature import (
    RevocationMaterial,
    SignatureReport,
    cms_archiving,
    sign_cms,
    sign_xml,
    verify_cms,
    verify_xml,
    xmldsig_archiving,
)
from vndoc.testing.pki import Authority, TimestampAuthority

PASSED, OPEN = Indication.PASSED, Indication.INDETERMINATE


def day(year: int, month: int = 6, number: int = 1) -> datetime.datetime:
    return datetime.datetime(year, month, number, tzinfo=datetime.UTC)


ROOT = Authority.root("Gốc lưu trữ", key="p256", valid=(day(2010), day(2050)))
CA = ROOT.subordinate("CA lưu trữ", key="p256", valid=(day(2015), day(2045)))
TSA_ROOT = Authority.root("Gốc dấu thời gian lưu trữ", key="p256", valid=(day(2010), day(2050)))
PERSON = CA.person("Đỗ Văn Lưu", cccd="001099000009", key="p256", valid=(day(2020), day(2024)))
FIRST = TSA_ROOT.tsa("TSA một", key="rsa-2048", valid=(day(2019), day(2025)))
SECOND = TSA_ROOT.tsa("TSA hai", key="rsa-2048", valid=(day(2022), day(2032)))
STORE = TrustStore.of([ROOT.certificate], purposes={Purpose.GOVERNMENT}).with_anchor(
    TSA_ROOT.certificate, purposes={Purpose.TIMESTAMP, Purpose.GOVERNMENT}
)
CONTENT = "Quyết định số 12/QĐ-UBND".encode()
DOCUMENT = "<a>Quyết định số 12/QĐ-UBND</a>".encode()
SIGNED, ARCHIVED, NOW = day(2021), day(2023), day(2030)
CHAIN = (CA.certificate, ROOT.certificate, TSA_ROOT.certificate)


def lists(at: datetime.datetime, *, fresh: int = 1, **revoked: dict) -> RevocationMaterial:
    """Return the lists of all three authorities as of *at*."""
    until = at.replace(year=at.year + fresh)
    made = {"ca": CA, "root": ROOT, "tsa": TSA_ROOT}
    return RevocationMaterial(
        crls=tuple(
            authority.crl(this_update=at, next_update=until, revoked=revoked.get(name), number=at.year)
            for name, authority in made.items()
        )
    )


OF_2021 = lists(day(2021, 6, 2))
OF_2023 = lists(day(2023, 5, 31))
SINCE = lists(day(2023, 6, 2))
"""What tells of the second authority when it made the archive timestamp."""


def tsa(identity=FIRST, time=SIGNED) -> TimestampAuthority:
    return TimestampAuthority(identity=identity, time=time)


@functools.cache
def made(form: str, level: str) -> bytes:
    """Return a signature of 2021 at the *level*, archived in 2023."""
    if form == "cms":
        data = sign_cms(CONTENT, signer=PERSON.signer(), signing_time=SIGNED, detached=False, stamp=tsa())
        add, archive = cms_archiving.add_validation_data, cms_archiving.add_archive_timestamp
    else:
        data = sign_xml(DOCUMENT, signer=PERSON.signer(), signing_time=SIGNED, stamp=tsa())
        add, archive = xmldsig_archiving.add_validation_data, xmldsig_archiving.add_archive_timestamp
    if level != "T":
        data = add(data, certificates=CHAIN, revocation=OF_2021)
    return archive(data, tsa(SECOND, ARCHIVED)) if level == "LTA" else data


def judge(form: str, data: bytes, **how) -> SignatureReport:
    how = {"policy": "vn_default", "trust": STORE, "at": NOW} | how
    [report] = (verify_cms if form == "cms" else verify_xml)(data, **how)
    return report


def codes(report: SignatureReport) -> list[str]:
    return [r.code for r in report.reasons]
