"""The usual route of reading XML signatures next to the general one: each answer of the first is asked of both."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest import mock

from vndoc.signature import xmldsig
from vndoc.signature.facts import Covered
from vndoc.signature.xmldsig import XmlSignatureFacts, XmlSource, read_xml
from xmlsig_support import AN, CA

Usual = Callable[[XmlSource], XmlSignatureFacts | None]

_REAL: Usual = xmldsig.read_usual


def generally(source: bytes | XmlSource, **how: object) -> tuple[XmlSignatureFacts, ...]:
    """Return the facts about *source* by the general route alone."""
    with mock.patch.object(xmldsig, "read_usual", return_value=None):
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


def assert_same(usual: XmlSignatureFacts, general: XmlSignatureFacts, source: XmlSource) -> None:
    """Assert that both say the same, in all values and all that can be asked of them."""
    assert usual == general
    assert [told(c) for c in usual.covered] == [told(c) for c in general.covered]
    for certificate in (*general.certificates, AN.certificate, CA.certificate):
        assert usual.verify(certificate) == general.verify(certificate)
        assert usual.binding(certificate) == general.binding(certificate)
        assert usual.names(certificate) == general.names(certificate)
    assert usual.key_value is general.key_value is None
    for node in source.root.iter("*"):
        assert usual.reaches(node) == general.reaches(node)


def checked(source: XmlSource) -> XmlSignatureFacts | None:
    """Do what the usual route does, and compare it with the general one."""
    found = _REAL(source)
    if found is not None:
        [general] = generally(source)
        assert_same(found, general, source)
    return found


@contextmanager
def compared() -> Iterator[None]:
    """Compare the two routes wherever a signature is read."""
    with mock.patch.object(xmldsig, "read_usual", checked):
        yield
