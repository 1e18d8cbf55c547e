"""The usual routes of reading XML signatures next to the general one: each answer of theirs is asked of both."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from lxml import etree

from vndoc.limits import DEFAULT, Limits
from vndoc.signature import xmldsig
from vndoc.signature._xmldsig_short import UsualKeys
from vndoc.signature.facts import Covered
from vndoc.signature.xmldsig import XmlSignatureFacts, XmlSource, read_xml
from vndoc.xml import parse_document
from xmlsig_support import AN, CA

_USUAL = xmldsig.read_usual
_SHORTENED = xmldsig.shortened
_WRITTEN = xmldsig.read_written
_NONE = {name: lambda *_: None for name in ("shortened", "read_usual", "read_written")}


def generally(source: bytes | XmlSource, **how: object) -> tuple[XmlSignatureFacts, ...]:
    """Return the facts about *source* by the general route alone."""
    with mock.patch.multiple(xmldsig, **_NONE):
        return read_xml(source, **how)


def told(covered: Covered) -> tuple[bytes, int] | None:
    """Return the digest and the length of the octets that *covered* hands out."""
    if covered.octets is None:
        return None
    hashed, size = hashlib.sha256(), 0
    with covered.octets.open() as file:
        while chunk := file.read(1 << 16):
            hashed.update(chunk)
            size += len(chunk)
    assert covered.octets.size == size
    return hashed.digest(), size


def assert_same(usual: XmlSignatureFacts, general: XmlSignatureFacts, tree: etree._Element | None = None) -> None:
    """Assert that both say the same, in all values and all that can be asked of them."""
    assert usual == general
    assert [told(c) for c in usual.covered] == [told(c) for c in general.covered]
    for certificate in (*general.certificates, AN.certificate, CA.certificate):
        assert usual.verify(certificate) == general.verify(certificate)
        assert usual.binding(certificate) == general.binding(certificate)
        assert usual.names(certificate) == general.names(certificate)
    assert usual.key_value is general.key_value is None
    if tree is not None:
        for node in tree.iter("*"):
            assert usual.reaches(node) == general.reaches(node)


def written(source: object, limits: Limits = DEFAULT) -> XmlSignatureFacts | None:
    """Return what the octets of *source* say as they were written; the general route has to say the same."""
    found = _WRITTEN(source, limits)
    if found is not None:
        [general] = generally(source, limits=limits)
        assert_same(found, general, parse_document(source))
    return found


def _checked() -> tuple[object, object]:
    """Return what does the same as the two functions that read a tree, and compares what it finds."""
    asked: list[object] = []

    def short(source: object, limits: Limits) -> tuple[XmlSource, UsualKeys] | None:
        asked[:] = [source]
        return _SHORTENED(source, limits)

    def usual(source: XmlSource, keys: UsualKeys | None = None) -> XmlSignatureFacts | None:
        found = _USUAL(source, keys)
        if found is not None:
            [general] = generally(source if keys is None else asked[0])
            assert_same(found, general, source.root if keys is None else None)
        return found

    return short, usual


@contextmanager
def compared() -> Iterator[None]:
    """Compare the routes wherever a signature is read; what is read as it was written is read from its tree, too."""
    short, usual = _checked()

    def both(source: object, limits: Limits) -> XmlSignatureFacts | None:
        found = written(source, limits)
        taken = None if found is None else short(source, limits)
        if taken is not None:
            usual(*taken)
        return found

    with mock.patch.multiple(xmldsig, shortened=short, read_usual=usual, read_written=both):
        yield
