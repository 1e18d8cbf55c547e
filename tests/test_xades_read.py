"""XAdES as it is read: all versions of the form, claims that are signed, material that was added."""

from __future__ import annotations

import datetime
import hashlib

import pytest
from lxml import etree

from vndoc.pki.outcome import Indication, outcome_of
from vndoc.signature import xades
from vndoc.signature.facts import Binding, Level, TimestampKind
from vndoc.signature.xmldsig import read_xml
from vndoc.testing.pki import TimestampAuthority
from vndoc.xml import Canonical, canonicalize, parse_document
from xmlsig_support import (
    AN,
    AT,
    BINH,
    C14N,
    CA,
    DS,
    ENVELOPED,
    ROOT,
    SHA256,
    b64,
    certificates,
    codes,
    reference,
    sealed,
    signature,
    sound,
)

TYPE = xades.SIGNED_PROPERTIES
LOCAL = AT.replace(tzinfo=None)
V132, V141, V122, V111 = xades.NAMESPACES
METHOD_ALONE = f'<DigestMethod xmlns="{DS}" Algorithm="x"/>'
STAMP = TimestampAuthority(identity=CA.tsa(), time=AT)


def cert_digest(certificate=AN.certificate, *, own: str = f' xmlns="{DS}"') -> str:
    value = b64(hashlib.sha256(certificate.der).digest())
    return f'<CertDigest><DigestMethod{own} Algorithm="{SHA256}"/><DigestValue{own}>{value}</DigestValue></CertDigest>'


def own_properties(*, time: str = "2026-03-02T15:30:00+07:00", cert: str | None = None, more: str = "") -> str:
    cert = f"<SigningCertificate><Cert>{cert_digest()}</Cert></SigningCertificate>" if cert is None else cert
    return f"<SignedSignatureProperties><SigningTime>{time}</SigningTime>{cert}{more}</SignedSignatureProperties>"


def in_unsigned(unsigned: str) -> str:
    name = "UnsignedSignatureProperties"
    return f"<UnsignedProperties><{name}>{unsigned}</{name}></UnsignedProperties>"


def qualified(
    signed: str | None = None,
    *,
    namespace: str = V132,
    unsigned: str = "",
    target: str = "#sig",
    kind: str = TYPE,
    covered: bool = True,
    data: str = "",
    name: str = "sig",
    repeat: int = 1,
) -> str:
    """Return an enveloped signature with qualifying properties, not yet sealed."""
    signed = own_properties() if signed is None else signed
    holder = f'<SignedProperties Id="sp">{signed}{data}</SignedProperties>' if signed else ""
    more = in_unsigned(unsigned)
    objects = (
        f'<Object><QualifyingProperties xmlns="{namespace}" Target="{target}">{holder}'
        f"{more if unsigned else ''}</QualifyingProperties></Object>"
    ) * repeat
    references = [reference("", transforms=(ENVELOPED, C14N), name="r0")]
    if covered:
        references.append(reference("#sp", transforms=(C14N,), kind=kind))
    return f"<a><b>Kính gửi</b>{signature(*references, objects=objects, name=name)}</a>"


def one(text: str | bytes, *expected: str):
    [facts] = read_xml(sealed(text) if isinstance(text, str) else text)
    assert codes(facts) == list(expected), facts.reasons
    return facts


@pytest.mark.parametrize(
    ("namespace", "kind"),
    [
        (V132, TYPE),
        (V122, "http://uri.etsi.org/01903/v1.2.2#SignedProperties"),
        (V111, "http://uri.etsi.org/01903/v1.1.1#SignedProperties"),
        (V111, TYPE),
    ],
)
def test_each_version_of_the_form(namespace, kind):
    own = None
    if namespace == V111:  # the digest elements are in its own namespace there
        own = own_properties(cert=f"<SigningCertificate><Cert>{cert_digest(own='')}</Cert></SigningCertificate>")
    facts = one(qualified(own, namespace=namespace, kind=kind))
    assert sound(facts)
    assert (facts.form, facts.level) == ("xades", Level.B)
    assert facts.claimed_time == datetime.datetime(2026, 3, 2, 8, 30, tzinfo=datetime.UTC)
    assert facts.binding(AN.certificate) is Binding.MATCHES
    assert facts.binding(BINH.certificate) is Binding.DIFFERS
    assert [c.what for c in facts.covered] == ["document", "signed-properties"]


def test_the_newer_form_of_signing_certificate():
    entry = f"<Cert>{cert_digest()}<IssuerSerialV2>MAA=</IssuerSerialV2></Cert>"
    cert = f"<SigningCertificateV2>{entry}</SigningCertificateV2>"
    facts = one(qualified(own_properties(cert=cert)))
    assert (facts.level, facts.binding(AN.certificate)) == (Level.B, Binding.MATCHES)


def test_a_certificate_that_differs():
    cert = f"<SigningCertificate><Cert>{cert_digest(BINH.certificate)}</Cert></SigningCertificate>"
    facts = one(qualified(own_properties(cert=cert)))
    assert facts.binding(AN.certificate) is Binding.DIFFERS
    assert facts.verify(AN.certificate)


@pytest.mark.parametrize("newer", [AN, BINH])
@pytest.mark.parametrize("older", [AN, BINH])
def test_both_forms_of_signing_certificate_have_to_name_the_signer(older, newer):
    named = {"SigningCertificate": older, "SigningCertificateV2": newer}
    cert = "".join(f"<{name}><Cert>{cert_digest(who.certificate)}</Cert></{name}>" for name, who in named.items())
    facts = one(qualified(own_properties(cert=cert)))
    expected = Binding.MATCHES if older is newer is AN else Binding.DIFFERS
    assert facts.binding(AN.certificate) is expected


def test_without_signing_certificate():
    facts = one(qualified(own_properties(cert="")))
    assert (facts.level, facts.binding(AN.certificate)) == (Level.NONE, Binding.ABSENT)
    facts = one(qualified("<SignedSignatureProperties/>"))
    assert (facts.level, facts.claimed_time) == (Level.NONE, None)


def test_all_claims():
    more = (
        "<SignaturePolicyIdentifier><SignaturePolicyId><SigPolicyId><Identifier>urn:oid:1.2.3</Identifier></SigPolicyId>"
        "</SignaturePolicyId></SignaturePolicyIdentifier>"
        "<SignatureProductionPlaceV2><City>Hà Nội</City><CountryName>VN</CountryName></SignatureProductionPlaceV2>"
        "<SignerRoleV2><ClaimedRoles><ClaimedRole>Giám đốc</ClaimedRole>"
        "<ClaimedRole><x>Bí <!-- x -->thư</x></ClaimedRole></ClaimedRoles></SignerRoleV2>"
    )
    data = (
        '<SignedDataObjectProperties><DataObjectFormat ObjectReference="#r0"><Description>công văn</Description>'
        "<MimeType>text/xml</MimeType></DataObjectFormat><CommitmentTypeIndication><CommitmentTypeId>"
        "<Identifier>urn:approval</Identifier></CommitmentTypeId></CommitmentTypeIndication></SignedDataObjectProperties>"
    )
    facts = one(qualified(own_properties(more=more), data=data))
    assert facts.signature_policy == "urn:oid:1.2.3"
    assert facts.claimed_place == ("Hà Nội", "VN")
    assert facts.claimed_roles == ("Giám đốc", "Bí thư")
    assert facts.commitment_types == ("urn:approval",)
    assert facts.content_type == "text/xml"
    assert facts.data_objects == (xades.DataObject(reference="#r0", mime_type="text/xml", description="công văn"),)


def test_the_older_place_and_roles_and_an_implied_policy():
    more = (
        "<SignaturePolicyIdentifier><SignaturePolicyImplied/></SignaturePolicyIdentifier>"
        "<SignatureProductionPlace><City>Huế</City><StateOrProvince>TT</StateOrProvince></SignatureProductionPlace>"
        "<SignerRole><ClaimedRoles><ClaimedRole>Văn thư</ClaimedRole></ClaimedRoles></SignerRole>"
    )
    facts = one(qualified(own_properties(more=more)))
    assert (facts.signature_policy, facts.claimed_place, facts.claimed_roles) == ("", ("Huế", "TT"), ("Văn thư",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-02T08:30:00Z", datetime.datetime(2026, 3, 2, 8, 30, tzinfo=datetime.UTC)),
        ("2026-03-02T24:00:00Z", datetime.datetime(2026, 3, 3, tzinfo=datetime.UTC)),
        ("2026-12-31T24:00:00.000", datetime.datetime(2027, 1, 1)),  # noqa: DTZ001 - none was given
        ("2026-03-02T08:30:00.5Z", datetime.datetime(2026, 3, 2, 8, 30, 0, 500_000, tzinfo=datetime.UTC)),
        ("2026-03-02T08:30:00.123456789", LOCAL.replace(microsecond=123_456)),
        ("2026-03-02T08:30:00.12345678901234567890", LOCAL.replace(microsecond=123_456)),
        ("2016-12-31T23:59:59.999Z", datetime.datetime(2016, 12, 31, 23, 59, 59, 999_000, tzinfo=datetime.UTC)),
        (" 2026-03-02T08:30:00 ", LOCAL),
    ],
)
def test_signing_times(text, expected):
    assert one(qualified(own_properties(time=text))).claimed_time == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-13-02T08:30:00Z",
        "02/03/2026",
        "2026-03-02",
        "2026-03-02T08:30:00+99:00",
        "2026-03-02T24:00:00.1Z",
        "2026-03-02T24:00:01Z",
        "2016-12-31T23:59:60Z",
        "2016-12-31T23:59:60.0Z",
        "2017-01-01T06:59:60+07:00",
        "2016-12-31T23:60:00Z",
        "9999-12-31T24:00:00Z",
    ],
)
def test_a_signing_time_that_is_none(text):
    facts = one(qualified(own_properties(time=text)), "xades-malformed")
    assert facts.claimed_time is None
    assert facts.form == "xades"


def test_properties_that_are_not_signed_count_for_nothing():
    facts = one(qualified(covered=False), "signed-properties-not-signed")
    assert (facts.claimed_time, facts.level, facts.binding(AN.certificate)) == (None, Level.NONE, Binding.ABSENT)
    assert facts.verify(AN.certificate)
    assert not outcome_of(facts.reasons).passed


def test_properties_that_were_exchanged_are_found_out():
    data = sealed(qualified()).replace(b"2026-03-02T15", b"2026-03-02T14")
    facts = one(data, "digest-mismatch")
    assert facts.covered[1].intact is False


def test_a_second_set_of_properties_beside_the_signed_one():
    """The signed ones stay where the reference points to, others are put before them."""
    other = own_properties(time="2020-01-01T00:00:00Z")
    data = sealed(qualified()).decode()
    twice = data.replace(
        "<SignedProperties ", f'<SignedProperties Id="evil">{other}</SignedProperties><SignedProperties ', 1
    )
    [facts] = read_xml(twice.encode())
    assert codes(facts) == ["xades-malformed"]
    assert facts.claimed_time is None


@pytest.mark.parametrize("kind", ["", "http://uri.etsi.org/01903#Other"])
def test_the_type_of_the_reference(kind):
    facts = one(qualified(kind=kind), "signed-properties-type")
    assert facts.claimed_time is not None
    assert not outcome_of(facts.reasons).passed


@pytest.mark.parametrize("target", ["", "#other", "sig"])
def test_the_target(target):
    one(qualified(target=target), "qualifying-properties-target")
    text = qualified().replace(
        '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#" Id="sig">', f'<Signature xmlns="{DS}">'
    )
    one(text, "qualifying-properties-target")


def test_two_sets_of_qualifying_properties():
    text = qualified(repeat=2).replace('Id="sp"', 'Id="sp2"', 1)
    one(text, "qualifying-properties-repeated")


def test_no_signed_properties_at_all():
    facts = one(
        qualified("", covered=False, unsigned=f"<CertificateValues>{encapsulated(CA.certificate)}</CertificateValues>")
    )
    assert (facts.form, facts.level) == ("xades", Level.NONE)
    assert facts.certificates == (AN.certificate, CA.certificate)


@pytest.mark.parametrize(
    "cert",
    [
        "<SigningCertificate/>",
        "<SigningCertificate><Cert/></SigningCertificate>",
        f"<SigningCertificate><Cert><CertDigest>{METHOD_ALONE}</CertDigest></Cert></SigningCertificate>",
        "<SigningTime>2026-03-02T08:30:00Z</SigningTime>",
    ],
)
def test_malformed_properties(cert):
    one(qualified(own_properties(cert=cert)), "xades-malformed")


def test_an_unknown_digest_of_the_certificate_matches_nothing():
    cert = f"<SigningCertificate><Cert>{cert_digest().replace(SHA256, 'urn:x')}</Cert></SigningCertificate>"
    assert one(qualified(own_properties(cert=cert))).binding(AN.certificate) is Binding.DIFFERS
    md5 = "http://www.w3.org/2001/04/xmldsig-more#md5"
    cert = f"<SigningCertificate><Cert>{cert_digest().replace(SHA256, md5)}</Cert></SigningCertificate>"
    assert one(qualified(own_properties(cert=cert))).binding(AN.certificate) is Binding.DIFFERS


# -- what was added later --------------------------------------------------------------------------------


def encapsulated(*certificates) -> str:
    return "".join(f"<EncapsulatedX509Certificate>{b64(c.der)}</EncapsulatedX509Certificate>" for c in certificates)


def value_octets(data: bytes, form: Canonical = Canonical.C14N_10) -> bytes:
    node = next(parse_document(data).iter(f"{{{DS}}}SignatureValue"))
    return canonicalize(node, form)


def added(data: bytes, unsigned: str, namespace: str = V132) -> bytes:
    """Return *data* with unsigned signature properties put in; nothing signed changes."""
    more = in_unsigned(unsigned)
    return data.replace(b"</QualifyingProperties>", more.encode() + b"</QualifyingProperties>")


def stamp_over(octets: bytes, name: str = "SignatureTimeStamp", before: str = "") -> str:
    token = b64(STAMP.token(hashlib.sha256(octets).digest()))
    return f"<{name}>{before}<EncapsulatedTimeStamp>{token}</EncapsulatedTimeStamp></{name}>"


def test_a_signature_timestamp():
    data = sealed(qualified())
    facts = one(added(data, stamp_over(value_octets(data))))
    [stamp] = facts.timestamps
    assert (facts.level, stamp.kind, stamp.intact, stamp.token.time) == (Level.T, TimestampKind.SIGNATURE, True, AT)


@pytest.mark.parametrize("form", list(Canonical))
def test_a_signature_timestamp_over_each_canonical_form(form):
    data = sealed(qualified())
    method = f'<CanonicalizationMethod xmlns="{DS}" Algorithm="{form.value}"/>'
    facts = one(added(data, stamp_over(value_octets(data, form), before=method)))
    assert facts.timestamps[0].intact is True


def test_a_signature_timestamp_over_an_unknown_form():
    data = sealed(qualified())
    method = f'<CanonicalizationMethod xmlns="{DS}" Algorithm="urn:x"/>'
    [stamp] = one(added(data, stamp_over(value_octets(data), before=method))).timestamps
    assert (stamp.intact, [r.code for r in stamp.reasons]) == (
        None,
        ["timestamp-not-rebuilt", "timestamp-form-unknown"],
    )


@pytest.mark.parametrize("name", ['Algorithm=""', ""])
def test_a_signature_timestamp_over_a_form_without_a_name(name):
    """Some signers leave the name of the canonical form empty, and use the one that counts where there is none."""
    data = sealed(qualified())
    method = f'<CanonicalizationMethod xmlns="{DS}" {name}/>'
    facts = one(added(data, stamp_over(value_octets(data), before=method)))
    assert facts.timestamps[0].intact is True
    [stamp] = one(added(data, stamp_over(b"other", before=method))).timestamps
    assert (stamp.intact, [r.code for r in stamp.reasons]) == (False, ["timestamp-imprint-differs"])


@pytest.mark.parametrize(
    ("uri", "transforms", "intact"),
    [
        ("#v", "", True),
        ("#v", f'<Transforms xmlns="{DS}"><Transform Algorithm="{C14N}"/></Transforms>', True),
        (
            "#v",
            f'<Transforms xmlns="{DS}"><Transform Algorithm="{C14N}"/><Transform Algorithm="{C14N}"/></Transforms>',
            True,
        ),
        ("#v", f'<Transforms xmlns="{DS}"><Transform Algorithm="urn:x"/></Transforms>', None),
        ("#other", "", None),
    ],
)
def test_the_older_timestamps_say_what_they_are_over(uri, transforms, intact):
    text = qualified(namespace=V122).replace("<SignatureValue>", '<SignatureValue Id="v">')
    data = sealed(text)
    info = f'<HashDataInfo uri="{uri}">{transforms}</HashDataInfo>'
    [stamp] = one(added(data, stamp_over(value_octets(data), before=info))).timestamps
    assert stamp.intact is intact


def test_a_timestamp_that_is_over_something_else():
    data = sealed(qualified())
    [stamp] = one(added(data, stamp_over(b"something else"))).timestamps
    assert (stamp.intact, [r.code for r in stamp.reasons]) == (False, ["timestamp-imprint-differs"])


@pytest.mark.parametrize(
    ("inner", "code"),
    [
        ("<EncapsulatedTimeStamp>MAA=</EncapsulatedTimeStamp>", "timestamp-malformed"),
        ("<XMLTimeStamp/>", "timestamp-missing"),
    ],
)
def test_a_timestamp_that_cannot_be_read(inner, code):
    facts = one(added(sealed(qualified()), f"<SignatureTimeStamp>{inner}</SignatureTimeStamp>"))
    [stamp] = facts.timestamps
    assert (stamp.token, stamp.intact, [r.code for r in stamp.reasons]) == (None, None, [code])


def test_a_timestamp_with_damaged_base64_spoils_the_properties():
    one(
        added(
            sealed(qualified()),
            "<SignatureTimeStamp><EncapsulatedTimeStamp>*</EncapsulatedTimeStamp></SignatureTimeStamp>",
        ),
        "base64-invalid",
    )


def test_more_timestamps_than_anybody_needs():
    data = sealed(qualified())
    stamp = stamp_over(value_octets(data))
    assert len(one(added(data, stamp * 30)).timestamps) == 30
    assert len(one(added(data, stamp * 31), "too-many-timestamps").timestamps) == 30


def test_other_timestamps_are_kept():
    data = sealed(qualified())
    unsigned = (
        stamp_over(value_octets(data))
        + stamp_over(b"1", "SigAndRefsTimeStamp")
        + stamp_over(b"2", "RefsOnlyTimeStamp")
        + stamp_over(b"3", "ArchiveTimeStamp").replace("<ArchiveTimeStamp>", f'<ArchiveTimeStamp xmlns="{V141}">')
    )
    facts = one(added(data, unsigned))
    assert [(s.kind.value, s.intact) for s in facts.timestamps] == [
        ("signature", True),
        ("references", False),
        ("references", False),
        ("archive", False),
    ]
    assert facts.level == Level.T  # without revocation material an archive timestamp is no LTA


def test_content_timestamps_are_signed_properties():
    text = qualified(
        data=f"<SignedDataObjectProperties>{stamp_over(b'1', 'AllDataObjectsTimeStamp')}</SignedDataObjectProperties>"
    )
    [stamp] = one(text).timestamps
    assert (stamp.kind, stamp.intact) == (TimestampKind.CONTENT, False)


SIGNED_DATA = "<a><b>Kính gửi</b></a>".encode()
"""What the first reference of :func:`qualified` leads to: the document without the signature."""
ALL, SINGLE = "AllDataObjectsTimeStamp", "IndividualDataObjectsTimeStamp"
INCLUDE = '<Include URI="#{}" referencedData="{}"/>'


@pytest.mark.parametrize(
    ("name", "inner", "octets", "intact"),
    [
        (ALL, "", SIGNED_DATA, True),
        (ALL, "", SIGNED_DATA + b"!", False),
        (ALL, INCLUDE.format("r0", "true"), SIGNED_DATA, True),
        (SINGLE, INCLUDE.format("r0", "true"), SIGNED_DATA, True),
        (SINGLE, INCLUDE.format("r0", "1") * 2, SIGNED_DATA * 2, True),
        (SINGLE, INCLUDE.format("r0", "false"), SIGNED_DATA, None),
        (SINGLE, INCLUDE.format("r1", "true"), SIGNED_DATA, None),
        (SINGLE, "", SIGNED_DATA, None),
    ],
)
@pytest.mark.parametrize("kind", [TYPE, ""])
def test_what_content_timestamps_are_over(name, inner, octets, intact, kind):
    added_to = stamp_over(octets, name).replace(f"<{name}>", f"<{name}>{inner}")
    text = qualified(
        data=f"<SignedDataObjectProperties>{added_to}</SignedDataObjectProperties>",
        kind=kind,
    )
    [facts] = read_xml(sealed(text))
    [stamp] = facts.timestamps
    assert (stamp.kind, stamp.intact, stamp.protects) == (TimestampKind.CONTENT, intact, frozenset())


def test_long_term_material():
    data = sealed(qualified())
    crl = ROOT.crl(this_update=AT, next_update=AT + datetime.timedelta(days=7))
    ocsp = CA.ocsp(AN, "good", AT)
    values = (
        f"<CertificateValues>{encapsulated(CA.certificate, ROOT.certificate)}</CertificateValues>"
        f"<RevocationValues><CRLValues><EncapsulatedCRLValue>{b64(crl)}</EncapsulatedCRLValue></CRLValues>"
        f"<OCSPValues><EncapsulatedOCSPValue>{b64(ocsp)}</EncapsulatedOCSPValue></OCSPValues></RevocationValues>"
    )
    stamp = stamp_over(value_octets(data))
    facts = one(added(data, stamp + values))
    assert facts.level == Level.LT
    assert facts.certificates == (AN.certificate, CA.certificate, ROOT.certificate)
    assert (facts.revocation.crls, facts.revocation.ocsps) == ((crl,), (ocsp,))
    assert facts.candidates[0] == AN.certificate
    archive = stamp_over(b"3", "ArchiveTimeStamp")
    assert one(added(data, stamp + values + archive)).level == Level.LTA
    inner = values
    for name in ("CertificateValues", "RevocationValues"):
        inner = inner.replace(f"<{name}>", f'<{name} xmlns="{V132}">')
    later = f'<TimeStampValidationData xmlns="{V141}">{inner}</TimeStampValidationData>'
    facts = one(added(data, stamp + later))
    assert (facts.level, facts.revocation.ocsps) == (Level.LT, (ocsp,))
    refs = "<CompleteCertificateRefs/><CompleteRevocationRefs/>"
    assert one(added(data, stamp + refs)).level == Level.T


def test_certificate_values_that_cannot_be_read():
    bad = "<EncapsulatedX509Certificate>MAA=</EncapsulatedX509Certificate>"
    facts = one(added(sealed(qualified()), f"<CertificateValues>{bad}</CertificateValues>"), "certificate-unreadable")
    assert facts.certificates == (AN.certificate,)
    many = encapsulated(CA.certificate) * 65
    one(added(sealed(qualified()), f"<CertificateValues>{many}</CertificateValues>"), "too-many-certificates")


# -- ways that are not gone ------------------------------------------------------------------------------


FILTER = "http://www.w3.org/2002/06/xmldsig-filter2"
INTERSECT = (
    f'<Transform Algorithm="{FILTER}"><XPath xmlns="{FILTER}" xmlns:e="{V111}" Filter="intersect">'
    "id('o')/e:QualifyingProperties/e:SignedProperties</XPath></Transform>"
)
CHILDREN = (
    f"#xmlns(e={V111.replace('#', '%23')})%20xpointer(id('o')/child::e:QualifyingProperties/child::e:SignedProperties)"
)
KIND_111 = f"{V111}SignedProperties"


def reached(way: str) -> str:
    """Return a signature whose properties, of XAdES 1.1.1 and without an Id, are signed by way of their Object."""
    own = own_properties(cert=f"<SigningCertificate><Cert>{cert_digest(own='')}</Cert></SigningCertificate>")
    holder = f'<QualifyingProperties xmlns="{V111}" Target="#sig"><SignedProperties>{own}</SignedProperties>'
    objects = f'<Object Id="o">{holder}</QualifyingProperties></Object>'
    references = reference("", transforms=(ENVELOPED, C14N)), way
    return f"<a>{signature(*references, objects=objects)}</a>"


@pytest.mark.parametrize(
    ("way", "code"),
    [
        (reference("#o", transforms=(INTERSECT,), kind=KIND_111), "xpath-refused"),
        (reference("#o", transforms=("urn:x",), kind=TYPE), "transform-unknown"),
        (reference("#o", transforms=(C14N,) * 4, kind=TYPE), "too-many-transforms"),
        (reference(CHILDREN, "AAAA", kind=KIND_111), "signed-data-not-found"),
        (reference("#xpointer(//x)", "AAAA", kind=TYPE), "signed-data-not-found"),
    ],
)
def test_properties_by_a_way_that_is_not_gone_are_no_forgery(way, code):
    """What this package does not carry out leaves the answer open: nothing is known to be wrong."""
    facts = one(reached(way), code, "signed-properties-not-reached")
    assert (facts.form, facts.level, facts.claimed_time) == ("xades", Level.NONE, None)
    assert facts.binding(AN.certificate) is Binding.ABSENT
    assert [c.intact for c in facts.covered] == [True, None]
    assert facts.verify(AN.certificate)
    assert outcome_of(facts.reasons).indication is Indication.INDETERMINATE


def test_properties_that_are_not_there_are_still_a_fault():
    one(reached(reference("#p", "AAAA", kind=TYPE)), "signed-data-not-found", "signed-properties-elsewhere")
    one(reached(reference("#p(", "AAAA", kind="urn:x")), "signed-data-not-found", "signed-properties-not-signed")


def test_a_counter_signature_by_a_way_that_is_not_gone():
    """It may well be over the value: that is left open, and it does not count."""
    dot = '<Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><XPath>.</XPath></Transform>'
    [facts] = read_xml(countersigned(transforms=(dot, C14N)))
    assert sound(facts)
    [counter] = facts.counter_signatures
    assert codes(counter) == ["xpath-refused"]
    assert outcome_of(counter.reasons).indication is Indication.INDETERMINATE
    [counter] = read_xml(countersigned(over="#none", digest="AAAA"))[0].counter_signatures
    assert codes(counter) == ["signed-data-not-found", "counter-signature-elsewhere"]


def test_data_without_a_uri():
    text = f"<a>{signature(reference(None, 'AAAA'))}</a>"
    facts = one(text, "signed-data-not-found")
    assert "None" not in facts.reasons[0].text("en")


# -- counter-signatures ----------------------------------------------------------------------------------


def countersigned(
    *, over: str = "#v", kind: str = xades.COUNTERSIGNED, transforms: tuple[str, ...] = (C14N,), digest: str = ""
) -> bytes:
    data = sealed(qualified().replace("<SignatureValue>", '<SignatureValue Id="v">'))
    over = reference(over, digest, transforms=transforms, kind=kind)
    inner = signature(over, key_info=certificates(BINH), name="counter")
    return sealed(added(data, f"<CounterSignature>{inner}</CounterSignature>"), BINH, which=1)


def test_a_counter_signature():
    [facts] = read_xml(countersigned())
    assert sound(facts)
    [counter] = facts.counter_signatures
    assert sound(counter, BINH)
    assert counter.signature_id == "counter"
    assert counter.covered[0].element_path == "/a/Signature/SignatureValue"


def test_a_counter_signature_over_something_else():
    [facts] = read_xml(countersigned(over="#sp"))
    assert sound(facts)
    [counter] = facts.counter_signatures
    assert codes(counter) == ["counter-signature-elsewhere"]


def test_a_counter_signature_over_a_value_that_changed():
    data = countersigned()
    root = etree.fromstring(data)
    value = next(root.iter(f"{{{DS}}}SignatureValue"))
    value.text = b64(b"0" * 256)
    [facts] = read_xml(etree.tostring(root))
    assert not facts.verify(AN.certificate)
    assert codes(facts.counter_signatures[0]) == ["digest-mismatch"]


def test_a_timestamp_whose_input_has_no_canonical_form():
    """The SignatureValue declares a relative namespace name, for which Canonical XML is not defined."""
    data = sealed(qualified()).replace(b"<SignatureValue>", b'<SignatureValue xmlns:p="rel">')
    facts = one(added(data, stamp_over(b"")))
    [stamp] = facts.timestamps
    codes_ = ["timestamp-not-rebuilt", "timestamp-data-unreadable"]
    assert (stamp.intact, [r.code for r in stamp.reasons]) == (None, codes_)
