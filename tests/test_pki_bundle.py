"""Offline bundles: the same material gives the same octets, and any other octet is found."""

from __future__ import annotations

import datetime
import io
import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki_support import NOW, check, codes, store
from vndoc.errors import CertificateError, FetchError, UsageError
from vndoc.pki import FetchKind, FetchRequest
from vndoc.pki import bundle as module
from vndoc.pki.bundle import Bundle, BundleItem, Collector
from vndoc.testing.pki import Authority, ocsp_failure

DAY = datetime.timedelta(days=1)
ROOT = Authority.root("Gốc của gói", key="p256")
CA = ROOT.subordinate("CA của gói", key="p256")
PERSON = CA.person("Người của gói", key="p256")
LISTS = [a.crl(this_update=NOW - DAY, next_update=NOW + DAY) for a in (ROOT, CA)]
RESPONSE = CA.ocsp(PERSON, "good", NOW - DAY, next_update=NOW + DAY)
ITEMS = [
    BundleItem(FetchKind.CERTIFICATE, CA.certificate.der, "ca.cer"),
    BundleItem(FetchKind.CRL, LISTS[0], "http://a.example/root.crl"),
    BundleItem(FetchKind.CRL, LISTS[1]),
    BundleItem(FetchKind.OCSP, RESPONSE, "https://ví-dụ.example/"),
]
BUNDLE = Bundle.of(ITEMS, created=NOW)
DATA = BUNDLE.write()


def refusal(data: bytes) -> str:
    with pytest.raises(CertificateError) as caught:
        Bundle.load(data)
    return caught.value.code


def test_a_bundle_is_enough_without_a_network():
    found = Bundle.load(DATA)
    result = check(
        PERSON.certificate,
        store(ROOT.certificate).with_pool(found.certificates),
        revocation=found.revocation(known_at=NOW),
    )
    assert result.passed, result.outcome.reasons
    assert codes(check(PERSON.certificate, store().with_pool(found.certificates))) == ["issuer-not-found"]


def test_what_was_written_is_read_again():
    found = Bundle.load(DATA)
    assert found == BUNDLE
    assert {item.content: item.source for item in found.items} == {item.content: item.source for item in ITEMS}
    assert found.created == NOW
    assert found.digest == BUNDLE.digest
    assert repr(found) == "Bundle(certificates=1, crls=2, ocsps=1, created=2026-06-01)"
    other = found.revocation(crls=[LISTS[0]], ocsps=[RESPONSE])
    assert (len(other.crls), len(other.ocsps)) == (2, 1)


@given(st.permutations(ITEMS), st.integers(0, 999_999))
def test_order_and_parts_of_a_second_do_not_matter(items, micros):
    assert Bundle.of([*items, *items], created=NOW + datetime.timedelta(microseconds=micros)).write() == DATA


def test_other_tools_read_it():
    with zipfile.ZipFile(io.BytesIO(DATA)) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
        assert [row["name"] for row in manifest["items"]] == archive.namelist()[1:]
    assert (manifest["format"], manifest["version"], manifest["created"]) == ("vndoc-bundle", 1, "2026-06-01T00:00:00Z")


def test_a_file_of_certificates_becomes_one_item_each():
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs7  # noqa: PLC0415
    from cryptography.x509 import load_der_x509_certificate  # noqa: PLC0415

    both = [load_der_x509_certificate(c.der) for c in (ROOT.certificate, CA.certificate)]
    octets = pkcs7.serialize_certificates(both, Encoding.DER)
    found = Bundle.of([BundleItem(FetchKind.CERTIFICATE, octets)], created=NOW)
    assert set(found.certificates) == {ROOT.certificate, CA.certificate}


# -- changes ---------------------------------------------------------------------------------------------


@given(st.data())
def test_every_changed_octet_is_found(data):
    octets = bytearray(DATA)
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CertificateError):
        Bundle.load(bytes(octets))


@given(st.integers(0, len(DATA) - 1))
def test_every_cut_is_found(size):
    with pytest.raises(CertificateError):
        Bundle.load(DATA[:size])


@given(st.binary(max_size=300))
def test_any_octets(octets):
    with pytest.raises(CertificateError):
        Bundle.load(octets)


@pytest.mark.parametrize("octets", [b"x" + DATA, DATA + b"x", DATA + b"\0" * 30, DATA + DATA])
def test_octets_around_it(octets):
    assert refusal(octets) in {"bundle-changed", "bundle-malformed"}


def edited(change) -> bytes:
    """Return the bundle with its entries, a list of names and octets, changed."""
    with zipfile.ZipFile(io.BytesIO(DATA)) as archive:
        entries = [(name, archive.read(name)) for name in archive.namelist()]
    change(entries)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, octets in entries:
            archive.writestr(module._entry(name), octets)
    return target.getvalue()


def manifest(**fields):
    def change(entries):
        value = json.loads(entries[0][1]) | fields
        entries[0] = ("manifest.json", json.dumps(value, sort_keys=True, indent=1).encode() + b"\n")

    return change


def rows(change):
    def changed(entries):
        value = json.loads(entries[0][1])
        change(value["items"])
        entries[0] = ("manifest.json", json.dumps(value, sort_keys=True, indent=1).encode() + b"\n")

    return changed


def swap(entries):
    entries[2], entries[3] = (entries[2][0], entries[3][1]), (entries[3][0], entries[2][1])


CHANGES = {
    "nothing": (lambda _: None, None),
    "one missing": (lambda entries: entries.pop(), "bundle-changed"),
    "one more": (lambda entries: entries.append(("crls/x.crl", b"x")), "bundle-changed"),
    "no manifest": (lambda entries: entries.pop(0), "bundle-malformed"),
    "another order": (lambda entries: entries.reverse(), "bundle-changed"),
    "contents swapped": (swap, "bundle-changed"),
    "manifest no JSON": (lambda entries: entries.__setitem__(0, ("manifest.json", b"{")), "bundle-malformed"),
    "manifest a list": (lambda entries: entries.__setitem__(0, ("manifest.json", b"[]")), "bundle-malformed"),
    "another format": (manifest(format="x"), "bundle-malformed"),
    "another version": (manifest(version=2), "bundle-malformed"),
    "another time": (manifest(created="2026-06-01"), "bundle-malformed"),
    "a time that is none": (manifest(created="2026-99-01T00:00:00Z"), "bundle-malformed"),
    "items no list": (manifest(items={}), "bundle-malformed"),
    "items no objects": (manifest(items=[1]), "bundle-malformed"),
    "something more": (manifest(note="x"), "bundle-changed"),
    "another size": (rows(lambda r: r[0].update(size=1)), "bundle-changed"),
    "another digest": (rows(lambda r: r[0].update(sha256="0" * 64)), "bundle-changed"),
    "a digest that is none": (rows(lambda r: r[0].update(sha256=None)), "bundle-malformed"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_changed_bundles(case):
    change, code = CHANGES[case]
    octets = edited(change)
    if code is None:
        assert octets == DATA
    else:
        assert refusal(octets) == code


@pytest.mark.parametrize("name", ["../evil.cer", "/etc/passwd", "certificates/../../x", "timestamps/x.tsr"])
def test_names_that_lead_elsewhere(name):
    def change(entries):
        entries[1] = (name, entries[1][1])
        rows(lambda r: r[0].update(name=name))(entries)

    assert refusal(edited(change)) in {"bundle-changed", "bundle-malformed"}


def test_packed_entries_are_no_bundle():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b" " * 100_000)
    assert refusal(target.getvalue()) == "bundle-malformed"


# -- limits ----------------------------------------------------------------------------------------------


def test_size_at_the_limit_and_past_it(monkeypatch):
    monkeypatch.setattr(module, "MAX_BUNDLE", len(DATA))
    monkeypatch.setattr(module, "_MAX_MANIFEST", len(DATA) - sum(len(item.content) for item in ITEMS))
    assert Bundle.load(DATA) == BUNDLE
    monkeypatch.setattr(module, "MAX_BUNDLE", len(DATA) - 1)
    assert refusal(DATA) == "bundle-too-big"
    with pytest.raises(CertificateError) as caught:
        BUNDLE.write()
    assert caught.value.code == "bundle-too-big"


def test_a_manifest_that_is_too_long(monkeypatch):
    monkeypatch.setattr(module, "_MAX_MANIFEST", 10)
    assert refusal(DATA) == "bundle-too-big"


def test_items_at_the_limit_and_past_it(monkeypatch):
    monkeypatch.setattr(module, "MAX_ITEMS", 4)
    assert Bundle.load(DATA) == BUNDLE
    monkeypatch.setattr(module, "MAX_ITEMS", 3)
    assert refusal(DATA) == "bundle-too-big"
    with pytest.raises(CertificateError) as caught:
        Bundle.of(ITEMS, created=NOW)
    assert caught.value.code == "bundle-too-big"


@pytest.mark.parametrize(
    ("kind", "content", "code"),
    [
        (FetchKind.CERTIFICATE, LISTS[0], "der-malformed"),
        (FetchKind.CRL, b"", "der-malformed"),
        (FetchKind.OCSP, ocsp_failure("tryLater"), "ocsp-refused"),
        (FetchKind.TIMESTAMP, b"x", "option-invalid"),
    ],
)
def test_items_that_are_none(kind, content, code):
    with pytest.raises((CertificateError, UsageError)) as caught:
        Bundle.of([BundleItem(kind, content)], created=NOW)
    assert caught.value.code in {code, "certificate-malformed"}


def test_what_the_caller_does_wrong():
    with pytest.raises(UsageError) as caught:
        Bundle.of(ITEMS, created=NOW.replace(tzinfo=None))
    assert caught.value.code == "time-zone-missing"
    with pytest.raises(UsageError) as caught:
        Bundle.of([BundleItem(FetchKind.CRL, LISTS[0], "x" * 2049)], created=NOW)
    assert caught.value.code == "option-invalid"
    assert Bundle.of([BundleItem(FetchKind.CRL, LISTS[0], "x" * 2048)], created=NOW).items


# -- collecting ------------------------------------------------------------------------------------------


def test_a_collector_keeps_what_was_fetched():
    pages = {"c": CA.certificate.der, "l": LISTS[0], "o": RESPONSE, "t": b"token", "x": b"<html>"}
    collector = Collector(lambda request: pages[request.url])
    kinds = [FetchKind.CERTIFICATE, FetchKind.CRL, FetchKind.OCSP, FetchKind.TIMESTAMP, FetchKind.CRL]
    for url, kind in zip(pages, kinds, strict=True):
        assert collector(FetchRequest(url, kind)) == pages[url]
    assert [item.source for item in collector.items] == ["c", "l", "o"]
    assert len(Bundle.of(collector.items, created=NOW).items) == 3

    def nobody(request: FetchRequest) -> bytes:
        raise FetchError("fetch-refused", url=request.url)

    with pytest.raises(FetchError):
        Collector(nobody)(FetchRequest("c", FetchKind.CRL))
