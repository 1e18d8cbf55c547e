"""The usual route of reading XML signatures next to the general one: each answer of the first is asked of both."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from lxml import etree

from vndoc.limits import Limits
from vndoc.signature import xmldsig
from vndoc.signature._xmldsig_short import UsualKeys
from vndoc.signature.facts import Covered
from vndoc.signature.xmldsig import XmlSignatureFacts, XmlSource, read_xml
from xmlsig_support import AN, CA

_USUAL = xmldsig.read_usual
_SHORTENED = xmldsig.shortened


def generally(source: bytes | XmlSource, **how: object) -> tuple[XmlSignatureFacts, ...]:
    """Return the facts about *source* by the general route alone."""
    with mock.patch.multiple(xmldsig, shortened=lambda *_: None, read_usual=lambda *_: None):
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


def _checked() -> tuple[object, object]:
    """Return what does the same as the two functions of the usual route, and compares what it finds."""
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
    """Compare the two routes wherever a signature is read."""
    short, usual = _checked()
    with mock.patch.multiple(xmldsig, shortened=short, read_usual=usual):
        yield
