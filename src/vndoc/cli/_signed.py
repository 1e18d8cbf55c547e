"""What a signed file is, and what verifies it: a packet, an XML document, a CMS signature."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from xml.parsers import expat

import vndoc
from vndoc.edxml import Reading
from vndoc.envelope import Octets
from vndoc.errors import ReadError, SignatureError, UsageError
from vndoc.limits import DEFAULT
from vndoc.signature.evaluation import verify_cms, verify_xml
from vndoc.signature.evidence import EvidenceKind, Verifier
from vndoc.text import Text
from vndoc.xml.sniff import HEAD

__all__ = ["verifier_of"]

_ROOTS = frozenset({"edXML", "edXMLEnvelope", "EdXMLEnvelope"})
"""Roots of packets: a file with any other may be larger than the XML of a packet."""
_NO_CONTENT = Text(
    "gói tin tự mang những gì được ký, không dùng --content", "a packet holds what is signed: no --content"
)
_NO_PACKET = frozenset({"unknown-root", "unknown-namespace", "unsupported-dialect"})
"""Errors that say of an XML file that it is something else than a packet."""


@contextmanager
def verifier_of(octets: Octets, content: Octets | None) -> Iterator[tuple[EvidenceKind, Verifier]]:
    """Give what the file *octets* is, and what verifies it; *content* is what a detached signature in it is over:
    for XML, whatever a reference outside the document leads to.

    A packet stays open until the end of the ``with`` block. Raises as reading the file does, and
    :class:`~vndoc.errors.SignatureError` ``signature-kind`` for a PDF, :class:`~vndoc.errors.UsageError`
    ``option-invalid`` for *content* beside a packet.
    """
    with octets.open() as file:
        head = file.read(1024)
    if head[:5] == b"%PDF-":
        raise SignatureError("signature-kind", found="PDF")
    if head[:1] == b"\x30":
        yield "cms", functools.partial(verify_cms, octets, content=content)
        return
    with ExitStack() as stack:
        reading = _packet(octets, stack)
        if reading is not None:
            if content is not None:
                raise UsageError("option-invalid", detail=_NO_CONTENT)
            yield "packet", functools.partial(vndoc.verify, reading)
            return
        with octets.open() as file:
            data = file.read(DEFAULT.document_bytes + 1)
        yield "xml", functools.partial(verify_xml, data, resolver=None if content is None else lambda _uri: content)


def _packet(octets: Octets, stack: ExitStack) -> Reading | None:
    try:
        return stack.enter_context(vndoc.read(stack.enter_context(octets.open())))
    except ReadError as error:
        too_large = error.code == "limit-skeleton-bytes" and _root_name(octets) not in _ROOTS
        if error.code not in _NO_PACKET and not too_large:
            raise
    return None


def _root_name(octets: Octets) -> str | None:
    """Return the local name of the root, as far as the beginning of the file shows it."""
    names: list[str] = []
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = lambda name, _: names.append(name)
    with octets.open() as file, contextlib.suppress(expat.ExpatError):
        parser.Parse(file.read(HEAD), False)
    return names[0].rpartition(" ")[2] if names else None
