"""Both ways with Bouncy Castle, with which Java signs CMS and CAdES: one process answers for all cells.

It reads and writes ASN.1, digests and signs by itself. Each signature is read together with a spoiled twin.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import java_support
from archive_support import FIRST
from archive_support import made as archived
from cms_support import (
    AT,
    CONTENT,
    SCHEMES,
    authority,
    changed,
    codes,
    decided,
    good,
    other,
    person,
    read,
    replaced,
    root,
    signed,
    stamp,
    tsa,
)
from java_support import Java, JavaRefusesError
from test_packet_signatures import PACKET
from verdict_support import GOOD
from vndoc.errors import SignatureError
from vndoc.pki import Indication, Purpose, TrustStore, der
from vndoc.pki.algorithms import DIGESTS
from vndoc.signature import Form, Level, cms, tsp, verify_cms
from vndoc.signature._cms_structure import signer_info
from vndoc.signature.seal import MANIFEST_NAME, SIGNATURE_NAME, seal
from vndoc.testing.pki import Identity, TimestampAuthority

MATRIX: dict[str, list[str]] = {}
"""What was verified, by direction and what it was."""
ALGORITHMS = {
    "rsa-v15": "SHA256withRSA",
    "rsa-v15-sha512": "SHA512withRSA",
    "rsa-pss": "SHA256withRSAandMGF1",
    "p256": "SHA256withECDSA",
    "p384": "SHA384withECDSA",
    "p521": "SHA512withECDSA",
    "ed25519": "Ed25519",
    "ed448": "Ed448",
}
"""The names in Java of what is made."""
TOKEN = "SHA256withRSA"
STAMPED = "2026-01-02T03:04:05.678Z"
Sign = Callable[..., bytes]
Told = dict[str, list[bytes]]


def note(what: str, cell: str) -> None:
    MATRIX.setdefault(what, []).append(cell)


@pytest.fixture(scope="module")
def java(program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Java]:
    program("javac")
    jars = java_support.libraries("bcprov", "bcpkix", "bcutil")
    with java_support.running(program, tmp_path_factory.mktemp("java"), "CmsSignatures", *jars) as process:
        yield process


@functools.cache
def authority_of_time() -> Identity:
    return authority().tsa(key="rsa-2048")


def by(*signers: tuple[Identity, str]) -> dict[str, Any]:
    """Return the fields that say who signs, and by which algorithm."""
    return {
        "certificate": [who.certificate.der for who, _ in signers],
        "key": [java_support.key_octets(who.key) for who, _ in signers],
        "algorithm": [algorithm for _, algorithm in signers],
        "shown": [c.der for who, _ in signers for c in (who.certificate, *who.chain[:1])],
    }


def counter_by(who: Identity, algorithm: str) -> dict[str, Any]:
    key = java_support.key_octets(who.key)
    return {"counter_certificate": who.certificate.der, "counter_key": key, "counter_algorithm": algorithm}


def stamped(**how: Any) -> dict[str, Any]:
    """Return the fields that ask for a timestamp by an authority with an RSA key."""
    who = authority_of_time()
    given = {"tsa": who.certificate.der, "tsa_key": java_support.key_octets(who.key), "tsa_algorithm": TOKEN}
    return {**given, "tsa_shown": who.certificate.der, "stamp_time": STAMPED, **how}


@pytest.fixture(scope="module")
def sign(java: Java) -> Sign:
    """Signs by Bouncy Castle: ECDSA P-256, detached, with signing-certificate-v2, unless asked for otherwise."""

    def made(*options: str, **how: Any) -> bytes:
        given = {"content": CONTENT, "version_2": "SHA-256", **by((person("p256"), "SHA256withECDSA"))}
        return java("sign", **given | how, options=options)["signature"][0]

    return made


def told(
    java: Java, data: bytes, content: bytes | None = CONTENT, who: Identity | None = None
) -> dict[str, list[bytes]]:
    """Return what Bouncy Castle says of the signers, counter-signatures and timestamps of *data*."""
    authority_ = tsa() if who is None else who
    return java("verify", signature=data, content=content, tsa=authority_.certificate.der)


def valid(java: Java, data: bytes, content: bytes | None = CONTENT, who: Identity | None = None) -> bool:
    try:
        return {value for values in told(java, data, content, who).values() for value in values} == {b"yes"}
    except JavaRefusesError:
        return False


def broken(data: bytes) -> bytes:
    """Return *data* with one bit of the first signer's value changed."""

    def change(octets: bytes) -> bytes:
        value = signer_info(der.read(octets)).signature
        return octets.replace(value, value[:-1] + bytes((value[-1] ^ 1,)))

    return changed(data, change)


# -- ours ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("detached", [True, False], ids=["detached", "encapsulated"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_bouncy_castle_reads_what_we_make(scheme: str, detached: bool, java: Java) -> None:
    key, algorithm = SCHEMES[scheme]
    data = signed(who=person(key), algorithm=algorithm, detached=detached, signing_time=AT)
    content = CONTENT if detached else None
    assert told(java, data, content) == {"signer": [b"yes"]}
    assert not valid(java, broken(data), content)
    if detached:
        assert not valid(java, data, CONTENT + b"!")
    note(f"vndoc -> Bouncy Castle, {scheme}", "detached" if detached else "encapsulated")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_bouncy_castle_reads_our_timestamps_and_counter_signatures(scheme: str, java: Java) -> None:
    key, algorithm = SCHEMES[scheme]
    data = signed(who=person(key), algorithm=algorithm, stamp=stamp(), nonce=2**64 + 1, signing_time=AT)
    assert told(java, data) == {"signer": [b"yes"], "timestamp": [b"yes"]}
    data = cms.counter_sign(data, signer=person(key).signer(algorithm))
    assert told(java, data) == {"signer": [b"yes"], "counter": [b"yes"], "timestamp": [b"yes"]}
    assert not valid(java, broken(data))
    value = read(data).counter_signatures[0].signature_value
    assert not valid(java, data.replace(value, value[:-1] + bytes((value[-1] ^ 1,))))
    note(f"vndoc -> Bouncy Castle, {scheme}", "CAdES-T, countersigned")


def test_bouncy_castle_reads_our_several_signers(java: Java) -> None:
    data = signed(who=person("rsa-2048"), stamp=stamp())
    data = signed(who=other("p384"), existing=data)
    data = signed(who=person("ed25519"), algorithm=SCHEMES["ed25519"][1], existing=data)
    data = cms.add_timestamp(cms.counter_sign(data, signer=other("p256").signer(), index=1), stamp(), index=2)
    assert told(java, data) == {"signer": [b"yes"] * 3, "counter": [b"yes"], "timestamp": [b"yes"] * 2}
    assert not valid(java, broken(data))
    note("vndoc -> Bouncy Castle, several", "three signers, countersigned, timestamps")


@pytest.mark.parametrize("level", ["B", "T"])
def test_bouncy_castle_reads_the_seal_of_a_packet(level: str, java: Java) -> None:
    sealed = seal(PACKET, person("p256").signer(), signing_time=AT, stamp=stamp() if level == "T" else None)
    files = {one.name: one.open().read() for one in sealed.attachments}
    manifest, signature = files[MANIFEST_NAME], files[SIGNATURE_NAME]
    assert valid(java, signature, manifest)
    assert ("timestamp" in told(java, signature, manifest)) is (level == "T")
    assert not valid(java, signature, manifest.replace(b"<asic:DataObjectReference", b"<asic:DataObjectReferencf", 1))
    note("vndoc -> Bouncy Castle, seal of a packet", level)


@pytest.mark.parametrize("level", ["T", "LT", "LTA"])
def test_bouncy_castle_reads_our_signature_whatever_was_added_to_it(level: str, java: Java) -> None:
    data = archived("cms", level)
    assert told(java, data, None, FIRST) == {"signer": [b"yes"], "timestamp": [b"yes"]}
    assert not valid(java, broken(data), None, FIRST)
    note("vndoc -> Bouncy Castle, long term", level)


# -- theirs --------------------------------------------------------------------------------------------

WAYS: dict[str, tuple[str, ...]] = {
    "detached": (),
    "encapsulated": ("encapsulated",),
    "detached, streamed": ("streamed",),
    "encapsulated, streamed": ("encapsulated", "streamed"),
    "no attributes": ("direct",),
    "no attributes, encapsulated": ("direct", "encapsulated"),
    "no attributes, encapsulated, streamed": ("direct", "encapsulated", "streamed"),
    "key identifier": ("key-id",),
}
"""How Bouncy Castle is asked to sign. A stream is of indefinite length, its content in pieces of 100 octets."""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_we_read_each_scheme_and_form_of_bouncy_castle(scheme: str, way: str, sign: Sign, java: Java) -> None:
    who, options = person(SCHEMES[scheme][0]), WAYS[way]
    inside = "encapsulated" in options
    content = None if inside else CONTENT
    data = sign(*options, **by((who, ALGORITHMS[scheme])))
    facts = read(data, content)
    assert good(facts), facts
    assert facts.candidates[0] == who.certificate
    bare = "direct" in options
    assert facts.form is (Form.CMS if bare else Form.CADES)
    assert codes(facts) == ({"signed-attributes-absent"} if bare else set())
    assert facts.covered[0].octets is not None
    with facts.covered[0].octets.open() as file:
        assert file.read() == CONTENT
    assert "streamed" not in options or data[1] == 0x80
    twin = broken(data)
    assert valid(java, data, content)
    assert not valid(java, twin, content)
    assert not good(read(twin, content))
    if not inside:
        assert not good(read(data, CONTENT + b"!"))
    note(f"Bouncy Castle -> vndoc, {scheme}", way)


@pytest.mark.parametrize("rules", ["BER", "DL", "DER"])
@pytest.mark.parametrize("way", ["encapsulated", "detached"])
def test_we_read_each_encoding_of_bouncy_castle(way: str, rules: str, sign: Sign, java: Java) -> None:
    data = sign(*WAYS[way], **stamped())
    [octets] = java("encode", octets=data, rules=rules)["octets"]
    content = None if way == "encapsulated" else CONTENT
    facts = read(octets, content)
    assert good(facts)
    assert (codes(facts), facts.level, [t.intact for t in facts.timestamps]) == (set(), Level.T, [True])
    assert valid(java, octets, content, authority_of_time())
    note("Bouncy Castle -> vndoc, encodings", f"{way} {rules}")


HABITS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "plain CMS": ((), {"version_2": None}),
    "signing-certificate v1": (("version-1",), {"version_2": None}),
    "v1 with issuer and serial": (("version-1", "serial-named"), {"version_2": None}),
    "v2 by SHA-1": ((), {"version_2": "SHA-1"}),
    "v2 by SHA-384": ((), {"version_2": "SHA-384"}),
    "v2 by SHA-512, issuer and serial": (("serial-named",), {"version_2": "SHA-512"}),
    "v1 and v2": (("version-1", "serial-named"), {}),
    "signing-time": ((), {"time": "2026-01-02T03:04:05Z"}),
    "content type of its own": ((), {"type": "1.2.840.113549.1.9.16.1.4"}),
    "SHA-3": ((), by((person("rsa-2048"), "SHA3-256withRSA"))),
    "ECDSA, SHA-3": ((), by((person("p256"), "SHA3-384withECDSA"))),
    "SHA-512/256": ((), by((person("rsa-2048"), "SHA512(256)withRSA"))),
    "SHA-1": ((), by((person("rsa-2048"), "SHA1withRSA"))),
    "RSASSA-PSS, SHA-1": ((), by((person("rsa-2048"), "SHA1withRSAandMGF1"))),
    "RSASSA-PSS, SHA-512": ((), by((person("rsa-2048"), "SHA512withRSAandMGF1"))),
    "P-256, SHA-512": ((), by((person("p256"), "SHA512withECDSA"))),
    "certificates out of order": (
        (),
        {
            "shown": [
                root().der,
                authority().certificate.der,
                other("p256").certificate.der,
                person("p256").certificate.der,
            ]
        },
    ),
    "certificate twice": ((), {"shown": [person("p256").certificate.der] * 2}),
    "attribute certificate": (("attribute-certificate",), {}),
    "revocation list": ((), {"crl": authority().crl(this_update=AT)}),
    "OCSP response": ((), {"ocsp": authority().ocsp(person("p256"), at=AT)}),
    "everything": (
        ("attribute-certificate", "version-1", "key-id"),
        {"crl": [authority().crl(this_update=AT)] * 2, "ocsp": authority().ocsp(person("p256"), at=AT)},
    ),
}
"""What else Bouncy Castle does: options and fields."""


@pytest.mark.parametrize("what", HABITS)
def test_we_read_the_habits_of_bouncy_castle(what: str, sign: Sign, java: Java) -> None:
    options, how = HABITS[what]
    data = sign(*options, **how)
    facts = read(data)
    assert good(facts), facts
    attribute_certificate = "attribute-certificate" in options
    assert codes(facts) == ({"certificate-kind-ignored"} if attribute_certificate else set())
    assert facts.form is (Form.CMS if what == "plain CMS" else Form.CADES)
    crls = how.get("crl", [])
    assert facts.revocation.crls == ((crls,) if isinstance(crls, bytes) else tuple(crls))
    assert facts.revocation.ocsps == ((how["ocsp"],) if "ocsp" in how else ())
    assert facts.claimed_time is not None  # it is put in unless it is given
    assert (facts.claimed_time == AT) is (what == "signing-time")
    assert valid(java, data)
    assert not good(read(broken(data)))
    note("Bouncy Castle -> vndoc, habits", what)


@pytest.mark.parametrize(
    ("key", "algorithm", "code"),
    [
        ("rsa-2048", "MD5withRSA", "digest-algorithm-unknown"),
        ("rsa-2048", "RIPEMD160withRSA", "digest-algorithm-unknown"),
        ("rsa-2048", "SHAKE256withRSAPSS", "signature-algorithm-unknown"),
        ("p256", "SHAKE256withECDSA", "signature-algorithm-unknown"),
        ("p256", "SHA256withPLAIN-ECDSA", "signature-algorithm-unknown"),
    ],
)
def test_what_is_not_verified_here_is_refused_by_name(key, algorithm, code, sign: Sign, java: Java) -> None:
    data = sign(**by((person(key), algorithm)))
    assert valid(java, data)
    facts = read(data)
    assert (good(facts), decided(facts)) == (False, {code})


STAMPS = ("serial-named", "ordered", "tsa-named", "milliseconds", "imprinted-by-sha-1")


@pytest.mark.parametrize("option", ["", *STAMPS])
def test_we_read_timestamps_of_bouncy_castle(option: str, sign: Sign, java: Java) -> None:
    data = sign(option, **stamped())
    facts = read(data)
    assert (good(facts), codes(facts), facts.level) == (True, set(), Level.T)
    [timestamp] = facts.timestamps
    token = timestamp.token
    assert token is not None
    assert (timestamp.intact, timestamp.reasons, token.reasons, good(token.signature)) == (True, (), (), True)
    assert token.accuracy == datetime.timedelta(seconds=1, milliseconds=500, microseconds=7)
    assert (token.ordering, token.tsa_name is not None) == (option == "ordered", option == "tsa-named")
    milliseconds = 678_000 if option == "milliseconds" else 0
    assert (token.nonce, token.time) == (77, AT.replace(microsecond=milliseconds))
    [report] = verdict(data)
    assert (report.passed, report.best_signature_time) == (True, token.time)
    moved = token.signature.covered[0].octets
    assert moved is not None
    with moved.open() as file:
        octets = file.read()
    twin = data.replace(octets, octets.replace(b"20260102", b"20260101"))
    assert twin != data
    assert not good(read(twin).timestamps[0].token.signature)  # type: ignore[union-attr]
    assert not valid(java, twin, who=authority_of_time())
    note("Bouncy Castle -> vndoc, CAdES-T", option or "plain")


def verdict(data: bytes, content: bytes | None = CONTENT) -> Any:
    trust = TrustStore.of([root()], purposes={Purpose.GOVERNMENT}).with_anchor(
        root(), purposes={Purpose.TIMESTAMP, Purpose.GOVERNMENT}
    )
    at = AT + datetime.timedelta(days=1)
    return verify_cms(data, content=content, policy="vn_default", trust=trust, at=at, revocation=GOOD)


def test_a_timestamp_that_is_of_another_signature(sign: Sign, java: Java) -> None:
    """The imprint is that of the first signer's value; the second one has it, too (attack A19)."""
    donor, taker = sign(**stamped()), sign(**by((person("rsa-2048"), "SHA256withRSA")))
    [timestamp] = read(donor).timestamps
    assert timestamp.token is not None
    attribute = der.encode(
        der.SEQUENCE,
        der.encode_oid("1.2.840.113549.1.9.16.2.14"),
        der.encode(der.SET, timestamp.token.octets),
    )
    data = changed(
        taker, lambda info: der.encode(der.SEQUENCE, der.read(info).content, der.encode(der.context(1), attribute))
    )
    assert told(java, data, who=authority_of_time()) == {"signer": [b"yes"], "timestamp": [b"no"]}
    facts = read(data)
    assert (good(facts), [t.intact for t in facts.timestamps]) == (True, [False])
    assert "timestamp-imprint-differs" in {r.code for r in facts.timestamps[0].reasons}


# -- several signers -----------------------------------------------------------------------------------


def test_we_read_several_signers_of_bouncy_castle(sign: Sign, java: Java) -> None:
    three = by(
        (person("rsa-2048"), "SHA512withRSAandMGF1"),
        (other("p384"), "SHA384withECDSA"),
        (person("p256"), ALGORITHMS["p256"]),
    )
    for options in ((), ("encapsulated", "streamed")):
        data = sign(*options, **three)
        content = None if options else CONTENT
        facts = cms.read_cms(data, content=content)
        assert [good(one) for one in facts] == [True] * 3
        assert {one.candidates[0] for one in facts} == {
            person("rsa-2048").certificate,
            other("p384").certificate,
            person("p256").certificate,
        }
        twin = cms.read_cms(broken(data), content=content)
        assert [good(one) for one in twin] == [False, True, True]
        assert sorted(told(java, broken(data), content)["signer"]) == [b"no", b"yes", b"yes"]
    note("Bouncy Castle -> vndoc, several", "three signers")


@pytest.mark.parametrize("options", [(), ("encapsulated",)], ids=["detached", "encapsulated"])
def test_we_read_counter_signatures_of_bouncy_castle(options: tuple[str, ...], sign: Sign, java: Java) -> None:
    content = None if options else CONTENT
    data = sign("counter-signed", *options, **stamped(), **counter_by(other("p384"), "SHA384withECDSA"))
    facts = read(data, content)
    assert good(facts)
    [counter] = facts.counter_signatures
    assert (good(counter), counter.candidates[0], codes(counter)) == (True, other("p384").certificate, set())
    value = counter.signature_value
    twin = data.replace(value, value[:-1] + bytes((value[-1] ^ 1,)))
    assert [good(one) for one in read(twin, content).counter_signatures] == [False]
    assert told(java, twin, content, authority_of_time())["counter"] == [b"no"]
    [report] = verdict(data, content)
    assert report.passed
    note("Bouncy Castle -> vndoc, several", f"countersigned, {'encapsulated' if options else 'detached'}")


@pytest.mark.parametrize("detached", [True, False], ids=["detached", "encapsulated"])
def test_bouncy_castle_adds_to_ours(detached: bool, java: Java) -> None:
    content = CONTENT if detached else None
    ours = signed(who=person("p256"), detached=detached, stamp=stamp())
    how = {"content": content, "version_2": "SHA-256", **by((person("rsa-2048"), TOKEN))}
    [both] = java("add", signature=ours, **how)["signature"]
    facts = cms.read_cms(both, content=content)
    assert [good(one) for one in facts] == [True, True]
    assert sorted(one.level for one in facts) == [Level.B, Level.T]
    assert valid(java, both, content)
    how = counter_by(other("p384"), "SHA384withECDSA")
    [countered] = java("add", signature=both, content=content, options="counter-signed", **how)["signature"]
    facts = cms.read_cms(countered, content=content)
    assert [good(c) for one in facts for c in (one, *one.counter_signatures)] == [True] * 3
    note("both", f"theirs added to ours, {'detached' if detached else 'encapsulated'}")


@pytest.mark.parametrize("options", WAYS.values(), ids=WAYS)
def test_we_add_to_theirs(options: tuple[str, ...], sign: Sign, java: Java) -> None:
    inside = "encapsulated" in options
    content = None if inside else CONTENT
    theirs = sign(*options)
    data = signed(content, who=person("rsa-2048"), existing=theirs, detached=not inside)  # type: ignore[arg-type]
    data = cms.counter_sign(data, signer=other("p384").signer(), index=0)
    data = cms.add_timestamp(data, stamp(), index=1)
    facts = cms.read_cms(data, content=content)
    assert [good(c) for one in facts for c in (one, *one.counter_signatures)] == [True] * 3
    assert told(java, data, content) == {"signer": [b"yes", b"yes"], "counter": [b"yes"], "timestamp": [b"yes"]}
    note("both", f"ours added to theirs, {next(k for k, v in WAYS.items() if v == options)}")


# -- signed attributes in another order ----------------------------------------------------------------


def reordered(data: bytes, who: Identity | None = None) -> bytes:
    """Return *data* with its signed attributes in the reverse order; *who* signs them as they stand then."""

    def change(octets: bytes) -> bytes:
        attributes = der.children(der.read(octets))[3]
        content = b"".join(one.octets for one in reversed(der.children(attributes)))
        made = replaced(octets, 3, der.encode(der.context(0), content))
        if who is None:
            return made
        value = who.signer().sign(der.encode(der.SET, content), SCHEMES["p256"][1])
        return replaced(made, 5, der.encode(der.OCTET_STRING, value))

    return changed(data, change)


def test_attributes_out_of_order_are_told_and_verify_as_der(sign: Sign, java: Java) -> None:
    """RFC 5652, 5.4: what is signed is their DER, however they are encoded; some sign what they send all the same."""
    data = reordered(sign())
    assert valid(java, data)
    facts = read(data)
    assert (good(facts), codes(facts)) == (True, {"signed-attributes-not-der"})
    as_sent = reordered(sign(), person("p256"))
    assert not valid(java, as_sent)  # the standard's word; here it counts as signed, and is told
    facts = read(as_sent)
    assert (good(facts), codes(facts)) == (True, {"signed-attributes-not-der"})
    note("Bouncy Castle -> vndoc, habits", "attributes out of order")


def in_ber(data: bytes) -> bytes:
    """Return *data* with signing-certificate-v2 and the digest algorithm of its signer in indefinite lengths."""

    def change(octets: bytes) -> bytes:
        parts = der.children(der.read(octets))
        bare = b"\x30\x22\x04\x20" + person("p256").certificate.fingerprint
        [value] = [one for one in der.children(parts[3]) if bare in one.octets]
        longer = b"\x30\x80" + bare[2:] + b"\0\0"
        inner = der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, longer))
        made = der.encode(der.SEQUENCE, der.children(value)[0].octets, der.encode(der.SET, inner))
        attributes = parts[3].content.replace(value.octets, made)
        algorithm = b"\x30\x80" + parts[2].content + b"\0\0"
        return replaced(replaced(octets, 3, der.encode(der.context(0), attributes)), 2, algorithm)

    return changed(data, change)


def test_attributes_in_ber_verify_as_der(sign: Sign, java: Java) -> None:
    """RFC 5652, 5.4; the algorithms that CMSAlgorithmProtection repeats are the same though encoded otherwise."""
    data = in_ber(sign())
    assert valid(java, data)
    facts = read(data)
    assert (good(facts), codes(facts)) == (True, {"signed-attributes-not-der"})
    assert not good(read(broken(data)))
    assert not valid(java, broken(data))
    note("Bouncy Castle -> vndoc, habits", "attributes in BER")


# -- requests and responses ----------------------------------------------------------------------------

DIGEST_NAMES = {"sha1": "SHA-1", "sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}


@pytest.mark.parametrize("nonce", [None, 77, 2**63, 2**64 + 1])
@pytest.mark.parametrize("policy", [None, "2.16.704.1.1.1.2"])
@pytest.mark.parametrize("digest", DIGEST_NAMES)
def test_requests_and_responses_both_ways(digest: str, policy: str | None, nonce: int | None, java: Java) -> None:
    imprint = DIGESTS[digest].of(CONTENT)
    ours = tsp.make_request(imprint, digest=digest, nonce=nonce, policy=policy)
    asked = {"imprint": imprint, "digest": DIGEST_NAMES[digest], "policy": policy}
    [theirs] = java("request", **asked, nonce=None if nonce is None else str(nonce))["request"]
    assert tsp.read_request(theirs) == tsp.read_request(ours)
    service = TimestampAuthority(identity=authority_of_time(), time=AT)
    for request in (ours, theirs):
        [response] = java("respond", request=request, **stamped())["response"]
        token = tsp.read_response(response, request=request)
        assert (token.reasons, good(token.signature), token.nonce) == ((), True, nonce)
        checked = {"request": request, "response": service(request), "tsa": authority_of_time().certificate.der}
        assert java("check", **checked)["time"] == [b"2026-01-02T03:04:05Z"]
    other_imprint = tsp.make_request(DIGESTS[digest].of(b"?"), digest=digest, nonce=nonce, policy=policy)
    with pytest.raises(SignatureError, match="timestamp-unfit"):
        tsp.read_response(response, request=other_imprint)
    with pytest.raises(JavaRefusesError, match="different message imprint"):
        java("check", **{**checked, "request": other_imprint})
    note("RFC 3161, both ways", f"{digest} nonce {nonce} {'policy' if policy else ''}".strip())


def test_a_request_without_certificate_and_a_refusal(java: Java) -> None:
    imprint = DIGESTS["sha256"].of(CONTENT)
    [request] = java("request", imprint=imprint, digest="SHA-256", options="no-certificate")["request"]
    assert not tsp.read_request(request).certificates
    [response] = java("respond", request=request, **stamped())["response"]
    token = tsp.read_response(response, request=request)
    assert token.signature.candidates == ()
    token = tsp.read_token(token.octets, certificates=[authority_of_time().certificate])
    assert (good(token.signature), token.reasons) == (True, ())
    [refusal] = java("respond", request=request, options="rejected", **stamped())["response"]
    with pytest.raises(SignatureError, match="timestamp-refused") as caught:
        tsp.read_response(refusal, request=request)
    assert "không cấp" in str(caught.value)
    refused = stamp(failure="badAlg")(request)
    with pytest.raises(JavaRefusesError, match="refused: 2 badAlg"):
        java("check", request=request, response=refused, tsa=tsa().certificate.der)
    note("RFC 3161, both ways", "no certificate, a refusal")


# -- the matrix ----------------------------------------------------------------------------------------


def test_the_whole_verdict(sign: Sign) -> None:
    for scheme in ("rsa-v15", "rsa-pss", "p256", "ed25519"):
        who = person(SCHEMES[scheme][0])
        data = sign("attribute-certificate", **by((who, ALGORITHMS[scheme])), **stamped())
        [report] = verdict(data)
        assert (report.passed, report.certificate) == (True, who.certificate)
        assert verdict(broken(data)).indication is Indication.FAILED
        assert verdict(data, CONTENT + b"!").indication is Indication.FAILED


def test_the_matrix_is_shown(java: Java, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print("\nCMS signatures and Bouncy Castle, who made them -> who reads them:")
        for what, cells in MATRIX.items():
            print(f"  {what:44} {len(cells):3}: {', '.join(cells)}")
