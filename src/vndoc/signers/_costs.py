"""How dear it is to open an encrypted key: its file says how often a passphrase is hashed, and may say anything.

What is looked for are the parameters of the key derivations (RFC 8018, RFC 7914, RFC 7292); what stands inside
encrypted parts cannot be seen before they are opened.
"""

from __future__ import annotations

from typing import Final

from vndoc.errors import CertificateError, SignatureError
from vndoc.pki import der

MAX_ITERATIONS: Final = 5_000_000
"""Rounds of one derivation: software writes 1 to 1,000,000; five million take seconds."""
MAX_SCRYPT: Final = 2**21
"""N x r of scrypt, of 128 octets each: 256 MiB; software writes 2**17."""
MAX_ELEMENTS: Final = 10_000
"""Constructed elements that are looked into; a file with key and chain has some hundred."""

_MUCH: Final = 2**64
_SCRYPT: Final = "1.3.6.1.4.1.11591.4.11"
_ROUNDS: Final = ("1.2.840.113549.1.5.", "1.2.840.113549.1.12.1.")
"""Starts of the OIDs of PBES1, PBKDF2 and the encryptions of PKCS#12, whose parameters hold a number of rounds."""


def check_costs(octets: bytes) -> None:
    """Raise ``private-key-unreadable`` if opening *octets*, a key or PKCS#12 in DER or BER, would take too much.

    What is malformed is left to the library that opens it.
    """
    stack = [_inner(octets, 0, len(octets))]
    seen = 0
    while stack:
        seen += 1
        if seen > MAX_ELEMENTS:
            raise SignatureError("private-key-unreadable", detail=f"ASN.1 > {MAX_ELEMENTS}")
        element = stack.pop()
        if element is None:
            continue
        if element.tag == der.OCTET_STRING:
            stack.append(_inner(element.data, element.body, element.end))
            continue
        try:
            parts = der.children(element, ber=True)
            _check(parts)
        except CertificateError:
            continue
        stack.extend(part for part in parts if part.constructed or part.tag == der.OCTET_STRING)


def _inner(data: bytes, start: int, stop: int) -> der.Element | None:
    try:
        element = der.read(data, start, stop, ber=True)
    except CertificateError:
        return None
    return element if element.constructed or element.tag == der.OCTET_STRING else None


def _check(parts: list[der.Element]) -> None:
    if len(parts) >= 2 and parts[0].tag == der.OID and parts[1].tag == der.SEQUENCE:
        name = der.oid(parts[0])
        numbers = [min(der.integer(p), _MUCH) for p in der.children(parts[1], ber=True) if p.tag == der.INTEGER]
        if name == _SCRYPT and len(numbers) > 1 and numbers[0] * numbers[1] > MAX_SCRYPT:
            raise SignatureError("private-key-unreadable", detail="scrypt")
        if name.startswith(_ROUNDS):
            _check_rounds(numbers)
    # MacData (RFC 7292, section 4): DigestInfo, salt, rounds
    elif [part.tag for part in parts] == [der.SEQUENCE, der.OCTET_STRING, der.INTEGER]:
        _check_rounds([der.integer(parts[2])])


def _check_rounds(numbers: list[int]) -> None:
    if numbers and numbers[0] > MAX_ITERATIONS:
        raise SignatureError("private-key-unreadable", detail=f"> {MAX_ITERATIONS}")
