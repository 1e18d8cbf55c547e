"""The certificates of a usual XML signature, and a document that is parsed without them.

Certificates are half of a packet without attachments, nobody signed them, and they are the same in all documents of a
signer. So a KeyInfo with nothing but certificates in it is found in the octets, a word takes the place of what is in
it, and the rest is parsed, checked and made canonical in half the time. The tree is then the one that the whole
document would have given, but for this KeyInfo, if the word is found there to be all of its content: what was taken
out is whole elements, with no attribute and no other prefix than that of KeyInfo, and the word stands nowhere else in
what is parsed.
"""

from __future__ import annotations

import binascii
import re
from typing import Final, NamedTuple

import pybase64

from vndoc.errors import CertificateError
from vndoc.limits import Limits
from vndoc.pki.certificate import MAX_CERTIFICATE, Certificate, distinct
from vndoc.signature import xades
from vndoc.signature._xmldsig_facts import candidates
from vndoc.signature._xmldsig_keys import LONGEST_TEXT, MAX_CERTIFICATES, KeyInfo, kept_certificate, known_certificate
from vndoc.signature._xmldsig_tree import XmlSource

__all__ = ["WORD", "UsualKeys", "certificates_in", "plain_base64", "shortened", "usual_keys"]

WORD: Final = b"vndoc:certificates-were-here"
"""What stands in KeyInfo instead of its certificates."""

_LARGEST: Final = 256 * 1024
"""Octets of a document of which a copy is soon made."""
_LONGEST: Final = 16 * 1024
"""Octets of certificates that are kept: as of a single one."""
_END: Final = b"KeyInfo>"
_CONTENT: Final = re.compile(
    rb"_<(?P<p>(?:[^ <>\"&=:/\t\r\n]++:)?)X509Data>_"
    rb"(?:<(?P=p)X509Certificate>[A-Za-z0-9+/= \t\r\n]*+</(?P=p)X509Certificate>_)++"
    rb"</(?P=p)X509Data>_</(?P=p)".replace(b"_", rb"[ \t\r\n]*+")
)
_CERTIFICATE: Final = re.compile(rb">([^<]*+)</[^<>]*+(?<=X509Certificate)>")


class UsualKeys(NamedTuple):
    """What a KeyInfo with certificates alone says, who may be the signer if nothing else tells, each of them once."""

    prefix: bytes
    keys: KeyInfo
    candidates: tuple[Certificate, ...]
    certificates: tuple[Certificate, ...]


def usual_keys(content: bytes) -> UsualKeys | None:
    """Return what the octets *content* of a KeyInfo say, its end tag up to the name included.

    ``None`` if there is anything but certificates of one X509Data, or one of them cannot be read. The prefix in them
    has to be that of XML-DSig.
    """
    start = content[:_START]
    known = _KEPT.get(start)
    if known is not None and known[0] == content:
        return known[1]
    found = _usual_keys(content)
    if found is not None and len(content) <= _LONGEST:
        if len(_KEPT) >= _KEPT_COUNT:
            _KEPT.clear()
        _KEPT[start] = content, found
    return found


_KEPT: dict[bytes, tuple[bytes, UsualKeys]] = {}
"""What was found by the start of it, where the first certificate has its serial number: the same few signers sign most
documents. Values never change."""
_KEPT_COUNT: Final = 128
_START: Final = 128


def _usual_keys(content: bytes) -> UsualKeys | None:
    match = _CONTENT.fullmatch(content)
    if match is None:
        return None
    texts = _CERTIFICATE.findall(content)
    found = [_certificate(text) for text in texts[: MAX_CERTIFICATES + 1]]
    certificates = [certificate for certificate in found if certificate is not None]
    if len(certificates) != len(texts) or len(texts) > MAX_CERTIFICATES:
        return None
    keys = KeyInfo(certificates=tuple(certificates))
    return UsualKeys(match["p"], keys, candidates(keys, xades.Properties()), distinct(certificates))


def _certificate(text: bytes) -> Certificate | None:
    shown = text.decode("ascii")
    known = known_certificate(shown)
    octets = plain_base64(text) if known is None and len(text) <= LONGEST_TEXT else None
    if octets is None or len(octets) > MAX_CERTIFICATE:
        return known
    try:
        return kept_certificate(shown, octets)
    except CertificateError:  # whoever reads the whole tree tells
        return None


def plain_base64(text: bytes) -> bytes | None:
    """Return the octets of base64 *text*, ``None`` if it is not exactly that of at least one octet, white space apart.

    Text with anything else in it, such as ``&``, is not.
    """
    bare = b"".join(text.split())
    try:
        octets = pybase64.b64decode(bare, validate=True)
    except (binascii.Error, ValueError):
        return None
    return octets if octets and pybase64.b64encode(octets) == bare else None


def certificates_in(source: bytes) -> tuple[int, int, UsualKeys] | None:
    """Return where the content of the first KeyInfo of *source* lies, its end tag up to the name, and what it says.

    In a large document it is looked for at the beginning, then at the end. ``None`` if there is none, or anything but
    certificates in it.
    """
    start = source.find(_END, 0, _LARGEST)
    if start < 0 and len(source) > _LARGEST:
        start = source.find(_END, len(source) - _LARGEST)
    if start < 0:
        return None
    start += len(_END)
    known = _KEPT.get(source[start : start + _START])
    if known is not None and source.startswith(known[0], start) and source.startswith(_END, start + len(known[0])):
        return start, start + len(known[0]), known[1]
    stop = source.find(_END, start, start + _LARGEST)
    keys = None if stop < 0 else usual_keys(source[start:stop])
    return None if keys is None else (start, stop, keys)


def shortened(source: object, limits: Limits) -> tuple[XmlSource, UsualKeys] | None:
    """Return the document *source*, its certificates taken out, and what these say; ``None`` if it is not that easy.

    What was taken out is less deep than the references of a usual signature, and has no attributes.
    """
    if type(source) is not bytes or len(source) > min(_LARGEST, limits.document_bytes, limits.document_nodes):
        return None
    found = certificates_in(source)
    if found is None:
        return None
    start, stop, keys = found
    short = b"".join((source[:start], WORD, b"</", keys.prefix, source[stop:]))
    tree = XmlSource.of_octets(short, len(source), limits)
    if tree is None:
        return None
    parsed = short if tree.skeleton is None else tree.skeleton.data
    return None if parsed.find(WORD, parsed.find(WORD) + 1) >= 0 else (tree, keys)
