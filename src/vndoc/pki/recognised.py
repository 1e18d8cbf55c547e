"""Roots and authorities met in Vietnamese signatures, known by the SHA-256 of the whole certificate.

A table of names, not of trust: no certificate is shipped, and a row here makes nothing trusted. It lets a program
say "this is the government root G2" beside a certificate that the user is about to trust. Every row has yet to be
confirmed with its publisher (ca.gov.vn, rootca.gov.vn) by whoever trusts it.

Source: practice (computed from certificates found in signed public documents and in several unrelated public
copies; state of 2026-11-22). The four roots of November 2025 are not known here: a store takes any certificate.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from types import MappingProxyType

import attrs

from vndoc.text import Text

__all__ = ["CONFIRM", "RECOGNISED", "Recognised"]

CONFIRM = Text(
    "Hãy đối chiếu vân tay SHA-256 với nơi công bố trước khi tin cậy.",
    "Confirm the SHA-256 fingerprint with the publisher before you trust it.",
)
"""What must be said beside every recognised certificate."""


@attrs.frozen(kw_only=True)
class Recognised:
    """One known certificate.

    ``family`` is ``vgca-g1``, ``vgca-g2``, ``national`` (roots), ``public-ca`` or ``foreign-tsa``; ``role`` is
    ``root``, ``ca`` or ``tsa``; ``publisher`` where to confirm the fingerprint.
    """

    name: str
    family: str
    role: str
    since: datetime.date
    until: datetime.date
    serial: str
    fingerprint: str
    source: str = "practice, 2026-11-22"

    @property
    def publisher(self) -> str:
        """Return who publishes the certificate."""
        return _PUBLISHERS[self.family]


_PUBLISHERS = {
    "vgca-g1": "ca.gov.vn",
    "vgca-g2": "ca.gov.vn",
    "national": "rootca.gov.vn",
    "public-ca": "rootca.gov.vn",
    "foreign-tsa": "apple.com, globalsign.com",
}


def _row(name: str, family: str, role: str, validity: str, serial: str, fingerprint: str) -> Recognised:
    since, until = (datetime.date.fromisoformat(day) for day in validity.split("/"))
    return Recognised(
        name=name, family=family, role=role, since=since, until=until, serial=serial, fingerprint=fingerprint
    )


RECOGNISED: Mapping[str, Recognised] = MappingProxyType(
    {
        row.fingerprint: row
        for row in (
            _row(
                "Co quan chung thuc so chuyen dung Chinh phu (RootCA), O=Ban Co yeu Chinh phu",
                "vgca-g1",
                "root",
                "2010-03-10/2030-03-05",
                "FF303AE4E90AC1ED",
                "F7BC89054CEC7F12730D7B8CD3EB7955B163835087E5EB873EDFB584763B3F90",
            ),
            _row(
                "Co quan chung thuc so Chinh phu",
                "vgca-g1",
                "ca",
                "2010-03-25/2030-03-04",
                "04",
                "75E969C07BA35C29C72BBC1BFB880F20F3891A619B00B77EB02CA6160736A1FE",
            ),
            _row(
                "Co quan chung thuc so Bo Tai chinh",
                "vgca-g1",
                "ca",
                "2010-03-10/2030-03-04",
                "03",
                "A262CFA489DBBE666F8B89FAB832547809874D5A06FA9F7A38FC227EBDF40514",
            ),
            _row(
                "Co quan chung thuc so Bo Cong an",
                "vgca-g1",
                "ca",
                "2010-04-15/2030-03-04",
                "05",
                "ECBF8428266C549EB1BFDC2715270D5B9DFF3BBBE2D3F0C33E0FD91F70B2D943",
            ),
            _row(
                "Co quan chung thuc so Dang Cong san",
                "vgca-g1",
                "ca",
                "2010-11-08/2030-02-26",
                "06",
                "6E218B3EBC2F31B0D03205C64FD7E8920FB47187D37AFCDB4CB2BB4178BF4635",
            ),
            _row(
                "Cơ quan chứng thực số Bộ Ngoại giao",
                "vgca-g1",
                "ca",
                "2016-04-07/2029-12-15",
                "0B",
                "3C4281296F92D292CC952295FE41AD7D0B37438FF1D143B56C4642CC1B14BD93",
            ),
            _row(
                "RootCA chuyên dùng Chính phủ G2, O=Ban Cơ yếu Chính phủ",
                "vgca-g2",
                "root",
                "2018-08-22/2048-08-14",
                "3B65B0A03006F9AB",
                "F04BA4B459A7C9A1B971AD9B1CB833E695A80C79AEA63B174B66A70EDFE2FDB8",
            ),
            _row(
                "CA phục vụ các cơ quan Nhà nước G2",
                "vgca-g2",
                "ca",
                "2018-08-22/2048-08-14",
                "7AF2DF52182653D3",
                "D8CAB7A4AEF92E6BB2509D7C61CEE7B44F3731B2D21074963530277B366FAE4B",
            ),
            _row(
                "Máy chủ cấp dấu thời gian 01",
                "vgca-g1",
                "tsa",
                "2018-08-13/2028-08-10",
                "51477474A596DE47",
                "DA00DB89A849FE8B00882707224C6B291BDED54469E1A7532744F96ECAE79D39",
            ),
            _row(
                "Máy chủ cấp dấu thời gian 02",
                "vgca-g2",
                "tsa",
                "2024-06-03/2034-06-01",
                "0BDA863E1BA35F4B",
                "095E2364AA163315CDF8B2BA4C299742B9E2052DF26E21F8E04A2C2034E5E0E2",
            ),
            _row(
                "Máy chủ cấp dấu thời gian 02",
                "vgca-g2",
                "tsa",
                "2024-06-03/2034-06-01",
                "2D1BAF118BAF7695",
                "EAE46D68A0B921EC7C82DA11C75466222F4996912E53CAA41EC70672CE954BD6",
            ),
            _row(
                "MIC National Root CA",
                "national",
                "root",
                "2008-05-16/2040-05-16",
                "1BE4738A1F3EC08F479FA6CF35C59822",
                "CA918D635BB130BEC97639E6AABF7EDBC4EB1310F8058B9419F467AE0230AD8C",
            ),
            _row(
                "Vietnam National Root CA",
                "national",
                "root",
                "2014-04-15/2039-04-15",
                "9592BB8CEEAD5A24A6B8F71D7D323B5A",
                "BAC8BF609AB420A8EE1780D74F4DE5C7F7184959D2A7375B0A75E4C29F0908E7",
            ),
            _row(
                "Viettel-CA SHA-256",
                "public-ca",
                "ca",
                "2020-09-24/2025-09-24",
                "C2890316127151A0C0CD7E631F312A37",
                "555F4423A0290F0A5D8F94B4F8AD82F5281158E3D8C7C1CB2113A62BFA4CB4C9",
            ),
            _row(
                "Viettel-CA RS",
                "public-ca",
                "ca",
                "2022-09-26/2027-09-26",
                "207088D0E65F2CFE9A73E169C766520F",
                "860BCBE22FDC6757FE03B4597F7C61CA7F36E13CEB74A78CBEFC9C5B267B8662",
            ),
            _row(
                "Viettel-CA SHA2",
                "public-ca",
                "ca",
                "2024-04-17/2029-04-17",
                "9C63DC84955148A247F137652F9FEBF6",
                "DCC79CACD7C7D639ED7E253E1EE780C90CCACD4CFC8CA57954D54C624A7F72E4",
            ),
            _row(
                "VNPT-CA SHA2",
                "public-ca",
                "ca",
                "2024-08-30/2029-08-30",
                "FC4F741B4BC0896CAC601BA22E9ABF04",
                "7D6BA5245317F9ED5D8BC765A4634D26AC6340D36B9F584DF3B52D9C4A81A306",
            ),
            _row(
                "VNPT Certification Authority",
                "public-ca",
                "ca",
                "2009-12-16/2019-12-16",
                "61050DD2000000000004",
                "068927B4C1A38AE4DB1E8F59A71A8C643D9DFBB53A674862387BD5AA7386247B",
            ),
            _row(
                "NEWTEL-CA",
                "public-ca",
                "ca",
                "2013-11-22/2018-11-22",
                "61095A3900000000000D",
                "27AB09408347EE182186D2A21E82FEDA0A4E0F84441525BA1DE74A7E87401EBA",
            ),
            _row(
                "BkavCA",
                "public-ca",
                "ca",
                "2015-05-15/2020-05-15",
                "610AF15400000000000F",
                "DDAB3AA11600215C08CA4CCBC18BE5204C171A48081A6CD73A95AA868E1258AF",
            ),
            _row(
                "CA2 (O=NACENCOMM SCT)",
                "public-ca",
                "ca",
                "2015-09-24/2020-09-24",
                "61073CA9000000000010",
                "22A088DEDD18B017409157CCDCE931236492DF259459E7FAC424574DD06380E2",
            ),
            _row(
                "Viettel-CA",
                "public-ca",
                "ca",
                "2015-10-02/2020-10-02",
                "610E0DE6000000000011",
                "684CAF190176D13158808EF193B2D20575399A87FD9E8C5BEDC09065A184841A",
            ),
            _row(
                "FPT Certification Authority",
                "public-ca",
                "ca",
                "2015-10-21/2020-10-21",
                "61054D9A000000000012",
                "406BA8BE66EAD6D01672F1E137CC35A778E2F289EDD3F9E7580964190B83C761",
            ),
            _row(
                "SmartSign",
                "public-ca",
                "ca",
                "2017-07-24/2022-07-24",
                "249EB858000000000014",
                "591E6796472780FCF98D2E6797C8249457726DEE54A264307D9B51193CDBD5FD",
            ),
            _row(
                "SAFE-CA",
                "public-ca",
                "ca",
                "2017-09-22/2022-09-22",
                "610951AE000000000015",
                "4E66E0073C9C217DBFA80697B0096FA61D71C1F32B29A12C2E2C37C0CAC35881",
            ),
            _row(
                "Apple Root CA",
                "foreign-tsa",
                "root",
                "2006-04-25/2035-02-09",
                "02",
                "B0B1730ECBC7FF4505142C49F1295E6EDA6BCAED7E2C68C5BE91B5A11001F024",
            ),
            _row(
                "Apple Timestamp Certification Authority",
                "foreign-tsa",
                "ca",
                "2012-04-05/2027-04-05",
                "7D4C57639FF3F0B7",
                "66285E2E374D00A8BA3D8D3D04393A48BD16554B284BC88DABEC85B479ADCD6B",
            ),
            _row(
                "Timestamp Signer NWK1 (Apple)",
                "foreign-tsa",
                "tsa",
                "2025-05-12/2025-06-23",
                "459F22491E62E007",
                "830A37950A7BCD77EFD366E2EA98AA0C260A48812F9668424FF4D30801CDD872",
            ),
            _row(
                "Timestamp Signer NWK2 (Apple)",
                "foreign-tsa",
                "tsa",
                "2025-05-22/2025-07-03",
                "72DBB3EF21DB4E58",
                "55FAD46F51DA629DF779644C777C4F11632673F89F6451E138BBC1FAE3BF229A",
            ),
            _row(
                "Timestamp Signer NWK1 (Apple)",
                "foreign-tsa",
                "tsa",
                "2025-11-10/2025-12-22",
                "16CDE0B010D70782",
                "DD59439C5EC85CBCB7DAC7DC2C52454F15EC3A4AD7949ACEDDB36487E37341D5",
            ),
            _row(
                "Timestamp Signer NWK2 (Apple)",
                "foreign-tsa",
                "tsa",
                "2025-11-12/2025-12-24",
                "3BCD8F6C2E87E7F1",
                "46E1ACED2E669FFB2BAEE83386DEF395D2AE9C38DC3D43AC16DFA7E644E647CC",
            ),
            _row(
                "Timestamp Signer NWK1 (Apple)",
                "foreign-tsa",
                "tsa",
                "2026-02-02/2026-03-16",
                "42DA8CC6C7CA78B8",
                "8B6B2382B9E0B8F5C7FC649F2900F28C244B45F0D0072537FD2F5C5E29E89B6A",
            ),
            _row(
                "Timestamp Signer NWK2 (Apple)",
                "foreign-tsa",
                "tsa",
                "2026-02-04/2026-03-18",
                "2BC4C026ED19526E",
                "BBEF33E7DCAE5C68607F51D9AC725348707AB76A8544C8814E4F47DE792528C3",
            ),
            _row(
                "GlobalSign (OU=GlobalSign Root CA - R6)",
                "foreign-tsa",
                "root",
                "2014-12-10/2034-12-10",
                "45E6BB038333C3856548E6FF4551",
                "2CABEAFE37D06CA22ABA7391C0033D25982952C453647349763A3AB5AD6CCF69",
            ),
            _row(
                "GlobalSign Timestamping CA - SHA384 - G4",
                "foreign-tsa",
                "ca",
                "2018-06-20/2034-12-10",
                "01EC1C9240DEFD2E405D7C4774",
                "F642418E4D0C63DEC785C960EFA68BA745F38851744EF81F225CB89305314D50",
            ),
            _row(
                "Globalsign TSA for CodeSign1 - R6",
                "foreign-tsa",
                "tsa",
                "2025-04-11/2034-12-10",
                "01000B2005B3940762DB3E3679949BA9",
                "725EF27F48E16E69B963D842688C5BCA07A88C69170642C8FF5A2B77AF605CFD",
            ),
        )
    }
)
"""Every known certificate by its fingerprint: SHA-256 of the DER octets, 64 upper-case hexadecimal digits."""
