"""What a signed file is, and what verifies it: a packet, an XML document, a CMS signature."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import vndoc
from vndoc.edxml import Reading
from vndoc.envelope import Octets
from vndoc.errors import ReadError, SignatureError
from vndoc.limits import DEFAULT
from vndoc.signature.evaluation import verify_cms, verify_xml
from vndoc.signature.evidence import EvidenceKind, Verifier

__all__ = ["verifier_of"]

_NO_PACKET = frozenset({"unknown-root", "unknown-namespace", "unsupported-dialect"})
"""Errors that say of an XML file that it is something else than a packet."""


@contextmanager
def verifier_of(octets: Octets, content: Octets | None) -> Iterator[tuple[EvidenceKind, Verifier]]:
    """Give what the file *octets* is, and what verifies it; *content* is what a detached signature in it is over.

    A packet stays open until the end of the ``with`` block. Raises as reading the file does, and
    :class:`~vndoc.errors.SignatureError` ``signature-kind`` for a PDF.
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
            yield "packet", functools.partial(vndoc.verify, reading)
            return
        with octets.open() as file:
            data = file.read(DEFAULT.buffered_bytes + 1)
        yield "xml", functools.partial(verify_xml, data)


def _packet(octets: Octets, stack: ExitStack) -> Reading | None:
    try:
        return stack.enter_context(vndoc.read(stack.enter_context(octets.open())))
    except ReadError as error:
        if error.code not in _NO_PACKET:
            raise
        return None
