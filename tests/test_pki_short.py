"""A path that keeps to every rule is judged in one go; whatever the path, the answer is that of going down it."""

from __future__ import annotations

import datetime
import random
import struct
from collections.abc import Iterator
from typing import Any

import attrs
import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vndoc.errors import CertificateError
from vndoc.pki import (
    Certificate,
    CryptoPolicy,
    Extension,
    Family,
    KeyRule,
    Purpose,
    RevocationChecker,
    RevocationFact,
    RevocationStatus,
    TrustAnchor,
    TrustStore,
    Use,
    der,
    extensions,
    judging,
    paths,
    validate_path,
)
from vndoc.pki import certificate as certificates
from vndoc.pki.certificate import read_extensions
from vndoc.pki.extensions import ANY_POLICY, profile_of
from vndoc.pki.judging import PathParameters
from vndoc.pki.revocation_facts import RevocationQuestion
from vndoc.testing.pki import Authority, basic_constraints, key_usage

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
ROOT = Authority.root("Root", key="p256")
A, B = "1.2.3.1", "1.2.3.2"
POLICY = CryptoPolicy(
    name="some",
    keys={use: {Family.ECDSA: (KeyRule(256),)} for use in Use},
    digests={use: {"sha256": None, "sha384": datetime.date(2030, 1, 1)} for use in Use if use is not Use.IMPRINT},
)


def policies(*oids: str) -> Extension:
    items = [der.encode(der.SEQUENCE, der.encode_oid(oid)) for oid in oids]
    return Extension("2.5.29.32", False, der.encode(der.SEQUENCE, *items))


def number(tag: int, value: int) -> bytes:
    return der.encode(tag, bytes((value,)))


SOME_POLICIES = [[], [policies(A)], [policies(B)], [policies(A, B)], [policies(ANY_POLICY)], [policies(A, ANY_POLICY)]]
MAPPING = Extension(
    "2.5.29.33", True, der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.encode_oid(A), der.encode_oid(B)))
)
CONSTRAINTS = [
    Extension("2.5.29.36", True, der.encode(der.SEQUENCE, number(der.context(tag, constructed=False), value)))
    for tag in (0, 1)
    for value in (0, 1, 3)
]
INHIBITIONS = [Extension("2.5.29.54", True, number(der.INTEGER, value)) for value in (0, 2)]
SUBTREE = der.encode(der.SEQUENCE, der.encode(der.context(2, constructed=False), b"vn"))
NAMES = [
    Extension("2.5.29.30", True, der.encode(der.SEQUENCE, der.encode(der.context(1), SUBTREE))),
    Extension("2.5.29.30", True, der.encode(der.SEQUENCE)),
]
ODD = [
    Extension("2.5.29.54", True, b"\x04\x00"),
    Extension("1.2.3.4", True, b"\x05\x00"),
    Extension("1.2.3.4", False, b"\x05\x00"),
    Extension("2.5.29.46", True, b"\x05\x00"),
]
VALID = (NOW - 100 * DAY, NOW + 100 * DAY)


def odd_rows(rng: random.Random) -> list[Extension]:
    """Extensions of which one, sometimes, is not what it usually is."""
    rows = [*rng.choice(SOME_POLICIES)]
    if rng.random() < 0.4:
        rows += rng.sample([MAPPING, *CONSTRAINTS, *INHIBITIONS, *NAMES, *ODD], rng.choice((1, 1, 2)))
    return rows


def authorities() -> list[Certificate]:
    """Certificates of authorities: most as they should be, others wrong in one thing."""
    rng, found = random.Random(5), []
    for count in range(90):
        usages: list[list[Extension]] = [[key_usage("key_cert_sign")], [key_usage("key_cert_sign")], []]
        usage = [key_usage("crl_sign")] if rng.random() < 0.1 else rng.choice(usages)
        basic = [basic_constraints(path_length=rng.choice((None, None, 0, 1, 2)))] if rng.random() < 0.9 else []
        rows = {row.oid: row for row in (*basic, *usage, *odd_rows(rng))}
        name: Any = ROOT.certificate.subject if rng.random() < 0.2 else {"CN": f"CA {count % 3}"}
        valid = (NOW + DAY, NOW + 2 * DAY) if rng.random() < 0.05 else VALID
        digest = rng.choice(("sha384", "sha512")) if rng.random() < 0.1 else "sha256"
        made = ROOT.issue(name, key="p256", extensions=list(rows.values()), valid=valid, digest=digest)
        found.append(odd(made.certificate, rng))
    return found


def odd(certificate: Certificate, rng: random.Random) -> Certificate:
    """Return it, or sometimes one whose identifiers differ or with an extension that stands twice."""
    if rng.random() < 0.05:
        return attrs.evolve(certificate, repeated_extensions=True)
    if rng.random() < 0.05:
        where = certificate.spans.inner_algorithm
        octets = bytearray(certificate.der)
        octets[where.stop - 1] ^= 1
        return Certificate.load(bytes(octets))
    return certificate


AUTHORITIES = authorities()
LEAVES = [
    ROOT.issue({"CN": "An"}, key="p256", extensions=[key_usage("digital_signature"), *rows], valid=VALID).certificate
    for rows in (*SOME_POLICIES, *([row] for row in (*CONSTRAINTS, *INHIBITIONS, *NAMES, *ODD, MAPPING)))
]


def usually(usual: list[Any], others: list[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from([*usual * max(1, len(others) // len(usual)), *others])


ANCHORS = st.builds(
    TrustAnchor,
    certificate=usually([ROOT.certificate], AUTHORITIES),
    purposes=st.just(frozenset({Purpose.GOVERNMENT})),
    legacy=st.booleans(),
    not_after=usually([None, None], [NOW, NOW - DAY, NOW + DAY]),
)
PARAMETERS = usually(
    [PathParameters()],
    [
        PathParameters(explicit_policy=True),
        PathParameters(inhibit_mapping=True),
        PathParameters(inhibit_any_policy=True),
        PathParameters(policies=frozenset({A})),
        PathParameters(policies=frozenset({A, ANY_POLICY})),
    ],
)


@hypothesis.settings(max_examples=1500)
@given(
    leaf=st.sampled_from(LEAVES),
    chain=st.lists(st.sampled_from(AUTHORITIES), max_size=4),
    anchor=ANCHORS,
    parameters=PARAMETERS,
    at=usually([NOW], [NOW - 101 * DAY, VALID[0], VALID[1], NOW + 101 * DAY]),
    use=st.sampled_from(Use),
)
def test_a_faultless_path_is_judged_as_any(
    leaf: Certificate,
    chain: list[Certificate],
    anchor: TrustAnchor,
    parameters: PathParameters,
    at: datetime.datetime,
    use: Use,
) -> None:
    path = (leaf, *chain, anchor.certificate)
    found = judging.faultless(path, anchor, at, POLICY, use, parameters)
    if found is not None:
        assert found == judging.walked(path, anchor, at, POLICY, use, parameters)


@hypothesis.settings(max_examples=600)
@given(
    sets=st.lists(st.sampled_from([rows for rows in SOME_POLICIES if rows]), min_size=1, max_size=5),
    policies=st.sampled_from([{ANY_POLICY}, {A, ANY_POLICY}]),
)
def test_policies_of_a_path_without_mappings(sets: list[list[Extension]], policies: set[str]) -> None:
    path = (*(certificate_with(rows[0]) for rows in sets), ROOT.certificate)
    parameters = PathParameters(policies=frozenset(policies))
    graph = judging._graph(path, parameters)
    assert graph is not None
    for place, certificate in enumerate(path[-2::-1], 2 - len(path)):
        assert graph.take(certificate.profile, self_issued=False, last=not place)
        if place:
            graph.hand_on(certificate.profile, self_issued=False)
    assert judging._plain_policies(path, parameters) == graph.finish(path[0].profile, parameters.policies)


BY_POLICIES = {
    row.value: ROOT.issue({"CN": "CA"}, key="p256", extensions=[basic_constraints(), row]).certificate
    for [row] in filter(None, SOME_POLICIES)
}


def certificate_with(row: Extension) -> Certificate:
    return BY_POLICIES[row.value]


def authority(**how: Any) -> Certificate:
    rows = {row.oid: row for row in (basic_constraints(), key_usage("key_cert_sign"), *how.pop("rows", ()))}
    return ROOT.issue({"CN": "CA"}, key="p256", extensions=list(rows.values()), **{"valid": VALID, **how}).certificate


def named(host: bytes) -> Extension:
    name = der.encode(der.context(2, constructed=False), host)
    return Extension("2.5.29.17", False, der.encode(der.SEQUENCE, name))


WRONG_IN_ONE_THING = [
    authority(rows=[NAMES[0]]),
    authority(rows=[policies(A), MAPPING]),
    authority(rows=[policies(ANY_POLICY), INHIBITIONS[0]]),
    authority(rows=[policies(A), CONSTRAINTS[0]]),
    authority(rows=[basic_constraints(path_length=0)]),
    authority(rows=[key_usage("crl_sign")]),
    authority(rows=[ODD[0]]),
    authority(rows=[ODD[1]]),
    authority(valid=(NOW + DAY, NOW + 2 * DAY)),
    authority(valid=(NOW - 2 * DAY, NOW - DAY)),
    authority(digest="sha384"),
    authority(digest="sha512"),
    attrs.evolve(authority(), repeated_extensions=True),
]
GOOD = [authority(), authority(rows=[policies(A)]), authority(rows=[policies(ANY_POLICY)])]


@pytest.mark.parametrize("wrong", range(len(WRONG_IN_ONE_THING)))
@pytest.mark.parametrize("good", range(len(GOOD)))
@pytest.mark.parametrize("rows", [[], [policies(B)], [policies(ANY_POLICY)], [named(b"bo.vn")], [named(b"bo.la")]])
def test_one_thing_is_wrong(wrong: int, good: int, rows: list[Extension]) -> None:
    leaf = ROOT.issue({"CN": "An"}, key="p256", extensions=[*rows, key_usage()], valid=VALID).certificate
    usual, odd = GOOD[good], WRONG_IN_ONE_THING[wrong]
    for path in ([usual, usual, odd], [usual, odd, usual], [odd, usual, usual]):
        for use in (Use.END_CERTIFICATE, Use.IMPRINT):
            anchor = TrustAnchor(certificate=path[-1], purposes=frozenset())
            given = ((leaf, *path), anchor, NOW, POLICY, use, PathParameters())
            found = judging.faultless(*given)
            assert found is None or found == judging.walked(*given)


GOVERNMENT = frozenset({Purpose.GOVERNMENT})


@pytest.mark.parametrize("purpose", [GOVERNMENT, frozenset({Purpose.TIMESTAMP})])
@pytest.mark.parametrize("leaf", range(0, len(LEAVES), 3))
@pytest.mark.parametrize("at", [NOW, VALID[1] + DAY])
def test_the_answer_at_once_is_that_of_a_run(
    purpose: frozenset[Purpose], leaf: int, at: datetime.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust = TrustStore.of([ROOT.certificate], purposes=list(Purpose))
    given: dict[str, Any] = {"trust": trust, "at": at, "purpose": purpose, "crypto": POLICY, "pool": AUTHORITIES[:3]}
    found = validate_path(LEAVES[leaf], **given)
    monkeypatch.setattr(paths, "_at_once", lambda *_: None)
    assert validate_path(LEAVES[leaf], **given) == found


@pytest.mark.parametrize("anchor", [None, NOW + DAY, NOW])
@pytest.mark.parametrize("length", [None, 0])
def test_the_short_way_is_taken(anchor: datetime.datetime | None, length: int | None) -> None:
    root = Authority.root("Root", key="p256", path_length=1)
    ca = root.subordinate("CA", key="p256", path_length=length)
    leaf = ca.person("An", key="p256").certificate
    trusted = TrustAnchor(certificate=root.certificate, purposes=frozenset(), not_after=anchor)
    arguments = (trusted, NOW, POLICY, Use.END_CERTIFICATE, PathParameters())
    assert judging.faultless((leaf, ca.certificate, root.certificate), *arguments) is not None
    assert judging.faultless((root.certificate,), *arguments) is None


def test_a_profile_is_that_of_its_class() -> None:
    for certificate in (*AUTHORITIES, *LEAVES):
        profile = profile_of(certificate.der, certificate._extensions)
        assert profile == type(profile)(**profile.__dict__)
        assert list(profile.__dict__) == [field.name for field in attrs.fields(type(profile))]


def test_a_good_answer_is_a_value_of_its_class() -> None:
    leaf = ROOT.person("An", key="p256").certificate
    response = ROOT.ocsp(leaf, "good", NOW - DAY, next_update=NOW + DAY)
    question = RevocationQuestion(
        certificate=leaf,
        issuers=(ROOT.certificate,),
        at=NOW,
        crypto=POLICY,
        use=Use.END_CERTIFICATE,
        pool=(),
        vouched=lambda _: False,
    )
    fact = RevocationChecker.of((), [response]).status(question)
    assert fact.status is RevocationStatus.GOOD
    assert fact == RevocationFact(
        certificate=leaf,
        status=RevocationStatus.GOOD,
        at=NOW,
        source="ocsp",
        issued=NOW - DAY,
        next_update=NOW + DAY,
        material=response,
    )
    assert list(vars(fact)) == [field.name for field in attrs.fields(RevocationFact)]


# -- extensions read without a call for each element -------------------------------------------------------


def slowly_placed(data: bytes) -> tuple[dict[str, Extension], bool]:
    """Return the extensions of the SEQUENCE *data* and whether one stands twice, element by element."""
    outer = der.read(data, ber=True)
    if outer.tag != der.SEQUENCE or outer.stop != len(data):
        raise CertificateError("certificate-malformed", detail="Extensions")
    found: list[Extension] = []
    for item in der.children(outer, ber=True):
        if item.tag != der.SEQUENCE:
            raise CertificateError("der-malformed", offset=item.start)
        oid, *rest = der.children(item, ber=True)
        critical = rest.pop(0).content != b"\0" if rest and rest[0].tag == der.BOOLEAN else False
        [value] = rest
        if value.tag != der.OCTET_STRING:
            raise CertificateError("der-malformed", offset=value.start)
        found.append(Extension(der.oid(oid), critical, value.content))
    kept = {one.oid: one for one in reversed(found)}
    return {one.oid: kept[one.oid] for one in found}, len(kept) < len(found)


def slowly_purposes(value: bytes) -> frozenset[str]:
    outer = der.read(value, ber=True)
    if outer.tag != der.SEQUENCE:
        raise CertificateError("der-malformed", offset=0)
    return frozenset(der.oid(one) for one in der.children(outer, ber=True))


def slowly_policies(value: bytes) -> tuple[str, ...]:
    outer = der.read(value, ber=True)
    found = []
    for item in der.children(outer, ber=True):
        if outer.tag != der.SEQUENCE or item.tag != der.SEQUENCE:
            raise CertificateError("der-malformed", offset=item.start)
        found.append(der.oid(der.read(value, item.body, item.end, ber=True)))
    if not found or len(set(found)) != len(found):
        raise CertificateError("der-malformed", offset=0)
    return tuple(found)


def told(read: Any, *arguments: Any) -> Any:
    """Return what is read, or that it cannot be."""
    try:
        return read(*arguments)
    except ValueError:  # those of this library are of that kind; the slow ways above unpack as well
        return None


def row(oid: str, value: bytes, *, flag: bytes = b"") -> bytes:
    return der.encode(der.SEQUENCE, der.encode_oid(oid), flag, der.encode(der.OCTET_STRING, value))


TRUE, FALSE = b"\x01\x01\xff", b"\x01\x01\x00"
PURPOSES = [
    der.encode(der.SEQUENCE, *map(der.encode_oid, oids))
    for oids in (
        ["1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.4", "1.3.6.1.4.1.311.20.2.2"],
        ["2.5.29.37.0"],
        ["1.3.6.1.5.5.7.3.8"],
        [],
        ["1.3.6.1.5.5.7.3.8"] * 30,
    )
]
SETS = [
    policies("1.2.3").value,
    policies("1.2.3", "2.16.840.1.101.1").value,
    policies("1.2.3", "1.2.3").value,
    der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.encode_oid("1.2.3"), bytes((0x30, 0)))),
    der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.encode_oid("1.2.3"), der.encode(0x30, bytes(200)))),
    b"\x30\x80\x30\x80\x06\x02\x2a\x03\x00\x00\x30\x04\x06\x02\x2a\x04\x00\x00",
    b"\x30\x00",
]
ROWS = [
    row("2.5.29.15", b"\x03\x02\x04\xf0", flag=TRUE),
    row("2.5.29.15", b"\x03\x02\x04\xf0", flag=FALSE),
    row("2.5.29.14", bytes(22)),
    row("2.5.29.128", b"\x05\x00"),
    row("2.5.30.1", b"\x05\x00", flag=TRUE),
    row("1.3.6.1.5.5.7.1.1", bytes(90)),
    row("1.3.6.1.5.5.7.1.1", bytes(9), flag=TRUE),
    row("1.3.6.1.5.5.7.1.1", bytes(130)),
    row("1.3.6.1.5.5.7.1.1", b""),
    row("2.5.29.32", bytes(118)),
    row("2.5.29.32", bytes(119)),
    row("2.5.29.37", b""),
]
LISTS = [der.encode(der.SEQUENCE, *ROWS), *(der.encode(der.SEQUENCE, one) for one in ROWS), b"\x30\x00"]


def every_change(data: bytes) -> Iterator[bytes]:
    """Yield *data* with each octet changed in some ways, cut at each, and with one more of each."""
    for at in range(len(data)):
        for octet in {data[at] ^ 1, data[at] ^ 0x80, (data[at] + 1) % 256, (data[at] - 1) % 256, 0, 0x80, 0x81}:
            yield data[:at] + bytes((octet,)) + data[at + 1 :]
        yield data[:at]
        yield data[:at] + data[at : at + 1] + data[at:]


def same(data: bytes, quick: Any, slow: Any) -> None:
    assert told(quick, data) == told(slow, data), data.hex()


@pytest.mark.parametrize("data", LISTS)
def test_extensions_are_where_they_are(data: bytes) -> None:
    for one in (data, *every_change(data)):
        same(one, lambda octets: read_extensions(octets, 0, len(octets)), slowly_placed)


@pytest.mark.parametrize("data", [*PURPOSES, *SETS])
def test_purposes_and_policies_of_any_octets(data: bytes) -> None:
    for one in (data, *every_change(data)):
        same(one, lambda octets: extensions._extended(octets)["extended_usage"], slowly_purposes)
        same(one, lambda octets: extensions._policies(octets)["policies"], slowly_policies)


@pytest.mark.parametrize("certificate", [ROOT.person("An", key=key).certificate for key in ("p256", "rsa-2048")])
def test_every_octet_of_a_certificate(certificate: Certificate) -> None:
    names = [field.name for field in attrs.fields(Certificate)] + ["issuer", "subject", "spki", "spans", "profile"]
    taken = 0
    for one in (certificate.der, *every_change(certificate.der)):
        try:
            found = certificates._usual(one)
        except (IndexError, ValueError, struct.error):
            continue
        if found is not None:
            general = certificates._unusual(one)
            assert [getattr(found, name) for name in names] == [getattr(general, name) for name in names]
            taken += 1
    assert taken > len(certificate.der)
