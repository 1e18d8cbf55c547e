"""The extensions that decide about a path, read from their octets (RFC 5280, section 4.2.1).

Nothing is judged here, and nothing raises: an extension that cannot be read is named in :attr:`Profile.malformed`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import attrs

from vndoc.errors import CertificateError
from vndoc.pki import der
from vndoc.pki._octets import Place

__all__ = [
    "ANY_POLICY",
    "CRL_SIGN",
    "DIGITAL_SIGNATURE",
    "KEY_CERT_SIGN",
    "NON_REPUDIATION",
    "OCSP_SIGNING",
    "TIME_STAMPING",
    "Extension",
    "GeneralName",
    "NameConstraints",
    "Profile",
    "general_names",
    "items",
    "profile_of",
]

ANY_POLICY: Final = "2.5.29.32.0"
"""The policy that stands for every other (RFC 5280, 4.2.1.4)."""
OCSP_SIGNING: Final = "1.3.6.1.5.5.7.3.9"
"""id-kp-OCSPSigning (RFC 6960, 4.2.2.2)."""
TIME_STAMPING: Final = "1.3.6.1.5.5.7.3.8"
"""id-kp-timeStamping (RFC 3161, 2.3)."""

DIGITAL_SIGNATURE: Final = 1 << 0
"""KeyUsage digitalSignature (RFC 5280, 4.2.1.3)."""
NON_REPUDIATION: Final = 1 << 1
"""KeyUsage nonRepudiation, now called contentCommitment."""
KEY_CERT_SIGN: Final = 1 << 5
"""KeyUsage keyCertSign."""
CRL_SIGN: Final = 1 << 6
"""KeyUsage cRLSign."""


@attrs.frozen
class Extension:
    """One extension: its OID, whether it is critical, and the octets of its value."""

    oid: str
    critical: bool
    value: bytes


class GeneralName(NamedTuple):
    """One GeneralName: the number of its choice (1 rfc822, 2 DNS, 4 directory, 6 URI, 7 IP) and its octets.

    ``value`` is the content; for a directory name the DER Name.
    """

    kind: int
    value: bytes


@attrs.frozen
class NameConstraints:
    """Subtrees that names below a CA must keep to, and those they must keep out of."""

    permitted: tuple[GeneralName, ...] = ()
    excluded: tuple[GeneralName, ...] = ()


@attrs.frozen(kw_only=True, slots=False)
class Profile:
    """What the extensions of a certificate say about a path.

    ``alternative`` is the extension with the subject's alternative names, not yet read: only name constraints ask for
    it. ``key_usage`` is a set of bits (``None``: absent); ``policies`` is ``None`` where the extension is absent.
    ``unknown_critical`` and ``malformed`` hold OIDs.
    """

    ca: bool = False
    path_length: int | None = None
    key_usage: int | None = None
    extended_usage: frozenset[str] | None = None
    policies: tuple[str, ...] | None = None
    mappings: tuple[tuple[str, str], ...] = ()
    require_explicit: int | None = None
    inhibit_mapping: int | None = None
    inhibit_any: int | None = None
    name_constraints: NameConstraints | None = None
    alternative: bytes | None = None
    unknown_critical: tuple[str, ...] = ()
    malformed: tuple[str, ...] = ()

    def alternative_names(self) -> tuple[GeneralName, ...]:
        """Return the subject's alternative names; ``der-malformed`` if they cannot be read."""
        if self.alternative is None:
            return ()
        return tuple(_general_name(item) for item in items(self.alternative))

    def may(self, usage: int) -> bool:
        """Return whether the key usage allows one of the bits *usage*; without the extension everything is."""
        return self.key_usage is None or bool(self.key_usage & usage)

    def issues_freely(self, below: int) -> bool:
        """Return whether it may issue *below* certificates of a path, and asks of them nothing else at all."""
        return (
            self.ca
            and (self.key_usage is None or self.key_usage & KEY_CERT_SIGN != 0)
            and (self.path_length is None or self.path_length >= below)
            and self.name_constraints is None
            and not self.mappings
            and self.inhibit_any is None
        )


def items(value: bytes) -> list[der.Element]:
    """Return the elements of the SEQUENCE that *value* is; ``der-malformed`` if it is none."""
    outer = der.read(value, ber=True)
    if outer.tag != der.SEQUENCE or outer.stop != len(value):
        raise CertificateError("der-malformed", offset=0)
    return der.children(outer, ber=True)


def _unsigned(content: bytes) -> int:
    """Return the value of an INTEGER's content, which must not be negative."""
    number = int.from_bytes(content, "big", signed=True)
    if number < 0 or not content:
        raise CertificateError("der-malformed", offset=0)
    return number


_BASIC: Final[Mapping[bytes, dict[str, Any]]] = {
    b"\x30\x00": {"ca": False},
    b"\x30\x03\x01\x01\xff": {"ca": True},
    b"\x30\x06\x01\x01\xff\x02\x01\x00": {"ca": True, "path_length": 0},
    b"\x30\x06\x01\x01\xff\x02\x01\x01": {"ca": True, "path_length": 1},
}
"""What basicConstraints nearly always are."""


def _basic(value: bytes) -> dict[str, Any]:
    common = _BASIC.get(value)
    if common is not None:
        return common
    ca, length = False, None
    parts = items(value)
    if parts and parts[0].tag == der.BOOLEAN:
        ca = parts.pop(0).content not in (b"\0", b"")
    if parts and parts[0].tag == der.INTEGER:
        length = _unsigned(parts.pop(0).content)
    if parts:
        raise CertificateError("der-malformed", offset=parts[0].start)
    return {"ca": ca, "path_length": length}


def _usage(value: bytes) -> dict[str, Any]:
    if len(value) == 4 and value[:2] == b"\x03\x02" and value[2] < 8:
        return {"key_usage": _REVERSED[value[3]]}
    return {"key_usage": der.flags(_tagged(value, der.BIT_STRING))}


def _alternative(value: bytes) -> dict[str, Any]:
    return {"alternative": value}


_REVERSED: Final = tuple(int(f"{octet:08b}"[::-1], 2) for octet in range(256))


def _tagged(value: bytes, tag: int) -> der.Element:
    element = der.read(value, ber=True)
    if element.tag != tag:
        raise CertificateError("der-malformed", offset=0)
    return element


def _within(value: bytes) -> tuple[int, int]:
    """Return where the content of the SEQUENCE that *value* begins with starts and ends."""
    size = len(value)
    if 2 <= size < 0x82 and value[0] == der.SEQUENCE and value[1] == size - 2:
        return 2, size
    at, end, _ = der.span(value, 0, size, der.SEQUENCE)
    return at, end


_PURPOSES: Final = {der.encode_oid(oid): oid for oid in [f"1.3.6.1.5.5.7.3.{number}" for number in range(128)]}
"""What extended key usages nearly always are, as they are encoded: those of id-kp."""
_PURPOSE: Final = len(der.encode_oid(OCSP_SIGNING))


def _extended(value: bytes) -> dict[str, Any]:
    found = []
    at, end = _within(value)
    while at < end:
        stop = at + _PURPOSE
        oid = _PURPOSES.get(value[at:stop])
        if oid is None or stop > end:
            body, oid_end, stop = der.span(value, at, end, der.OID)
            oid = der.dotted(value[body:oid_end])
        at = stop
        found.append(oid)
    return {"extended_usage": frozenset(found)}


def _policies(value: bytes) -> dict[str, Any]:
    found = []
    at, end = _within(value)
    while at < end:
        body = at + 4
        if body <= end and value[at] == 0x30 and value[at + 2] == 0x06 and value[at + 1] < 0x80:  # without a call
            item_end, oid_end = at + 2 + value[at + 1], body + value[at + 3]
            if oid_end <= item_end <= end:
                found.append(der.dotted(value[body:oid_end]))
                at = item_end
                continue
        item, item_end, at = der.span(value, at, end, der.SEQUENCE)
        body, oid_end, _ = der.span(value, item, item_end, der.OID)
        found.append(der.dotted(value[body:oid_end]))
    if not found or (
        len(found) > 1 and len(set(found)) != len(found)
    ):  # RFC 5280, 4.2.1.4: a policy must not stand twice
        raise CertificateError("der-malformed", offset=0)
    return {"policies": tuple(found)}


def _mappings(value: bytes) -> dict[str, Any]:
    pairs = []
    for item in items(value):
        issuer, subject = (der.oid(part) for part in _pair(item))
        pairs.append((issuer, subject))
    return {"mappings": tuple(pairs)}


def _pair(item: der.Element) -> list[der.Element]:
    parts = der.children(item, ber=True)
    if len(parts) != 2:
        raise CertificateError("der-malformed", offset=item.start)
    return parts


def _policy_constraints(value: bytes) -> dict[str, Any]:
    names = {
        der.context(0, constructed=False): "require_explicit",
        der.context(1, constructed=False): "inhibit_mapping",
    }
    found: dict[str, Any] = {}
    for item in items(value):
        if item.tag not in names:
            raise CertificateError("der-malformed", offset=item.start)
        found[names[item.tag]] = _unsigned(item.content)
    return found


def _inhibit_any(value: bytes) -> dict[str, Any]:
    return {"inhibit_any": _unsigned(_tagged(value, der.INTEGER).content)}


def _constraints(value: bytes) -> dict[str, Any]:
    sides: dict[int, tuple[GeneralName, ...]] = {}
    for item in items(value):
        if item.tag not in (der.context(0), der.context(1)):
            raise CertificateError("der-malformed", offset=item.start)
        bases = []
        for subtree in der.children(item, ber=True):
            parts = der.children(subtree, ber=True)
            if len(parts) != 1:  # minimum must be 0 and maximum absent: RFC 5280, 4.2.1.10
                raise CertificateError("der-malformed", offset=subtree.start)
            bases.append(_general_name(parts[0]))
        if not bases or item.tag in sides:
            raise CertificateError("der-malformed", offset=item.start)
        sides[item.tag] = tuple(bases)
    if not sides:
        raise CertificateError("der-malformed", offset=0)
    return {"name_constraints": NameConstraints(sides.get(der.context(0), ()), sides.get(der.context(1), ()))}


def _general_name(element: der.Element) -> GeneralName:
    kind = element.tag & 0x1F
    if element.tag & 0xC0 != 0x80:
        raise CertificateError("der-malformed", offset=element.start)
    if kind == 4:  # an explicit tag, since Name is a CHOICE
        name = der.read(element.data, element.body, element.end, ber=True)
        return GeneralName(kind, name.octets)
    return GeneralName(kind, element.content)


def general_names(parent: der.Element) -> tuple[GeneralName, ...]:
    """Return the GeneralNames of which *parent* consists; ``der-malformed`` if it holds anything else."""
    return tuple(_general_name(item) for item in der.children(parent, ber=True))


_READERS: Mapping[str, Callable[[bytes], dict[str, Any]]] = {
    "2.5.29.15": _usage,
    "2.5.29.17": _alternative,
    "2.5.29.19": _basic,
    "2.5.29.30": _constraints,
    "2.5.29.32": _policies,
    "2.5.29.33": _mappings,
    "2.5.29.36": _policy_constraints,
    "2.5.29.37": _extended,
    "2.5.29.54": _inhibit_any,
}
"""How each extension is read that says something about a path."""

_ALTERNATIVE: Final = "2.5.29.17"
_SILENT: Final = frozenset(
    {f"2.5.29.{number}" for number in (14, 18, 31, 35, 46)}
    | {f"1.3.6.1.5.5.7.{rest}" for rest in ("1.1", "1.3", "1.11", "48.1.5")}
)
"""Read elsewhere (key identifiers, revocation) or known to say nothing about a path: these may be critical, too."""


_DEFAULTS: Final[dict[str, Any]] = {field.name: field.default for field in attrs.fields(Profile)}


def profile_of(data: bytes, extensions: Mapping[str, Place]) -> Profile:
    """Return what *extensions* say about a path: by OID, whether each is critical and where it stands in *data*.

    Never raises.
    """
    found = _DEFAULTS.copy()
    for oid, (critical, at, end) in extensions.items():
        reader = _READERS.get(oid)
        if reader is not None:
            try:
                found.update(reader(data[at:end]))
                if critical and oid == _ALTERNATIVE:
                    items(data[at:end])  # it must be processed, and is nowhere else unless names are constrained
            except CertificateError:
                found["malformed"] += (oid,)
        elif critical and oid not in _SILENT:
            found["unknown_critical"] += (oid,)
    profile = _blank(Profile)  # as a call of the class gives it, without the detour
    _fill(profile, found)
    return profile


_blank: Final = object.__new__
_fill: Final = Profile.__dict__["__dict__"].__set__
