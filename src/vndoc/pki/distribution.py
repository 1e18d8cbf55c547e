"""Where revocation lists are to be found and what each is for (RFC 5280, sections 4.2.1.13 and 5.2.5)."""

from __future__ import annotations

from typing import Final

import attrs

from vndoc.errors import CertificateError
from vndoc.pki import der
from vndoc.pki.extensions import GeneralName, general_names, items

__all__ = ["ALL_REASONS", "DistributionPoint", "PointName", "Scope", "distribution_points", "full_name", "scope_of"]

ALL_REASONS: Final = 0b1_1111_1110
"""Every flag of ReasonFlags; the lowest is not used."""

_NAME: Final = der.context(0)


@attrs.frozen(kw_only=True)
class PointName:
    """A DistributionPointName: full names, or one RDN to be put below the issuer's name."""

    full: tuple[GeneralName, ...] = ()
    relative: bytes | None = None


@attrs.frozen(kw_only=True)
class DistributionPoint:
    """One distribution point of a certificate. ``reasons`` is a set of flags; ``issuers`` the cRLIssuer names."""

    name: PointName | None = None
    reasons: int = ALL_REASONS
    issuers: tuple[GeneralName, ...] = ()


@attrs.frozen(kw_only=True)
class Scope:
    """What a revocation list is for: its issuing distribution point. The defaults are those of a list without one."""

    name: PointName | None = None
    only_users: bool = False
    only_authorities: bool = False
    only_attributes: bool = False
    reasons: int = ALL_REASONS
    indirect: bool = False


def _point_name(element: der.Element) -> PointName:
    inner = der.read(element.data, element.body, element.end, ber=True)
    if inner.tag == der.context(0):
        return PointName(full=general_names(inner))
    if inner.tag == der.context(1):
        return PointName(relative=inner.content)
    raise CertificateError("der-malformed", offset=inner.start)


def distribution_points(value: bytes) -> tuple[DistributionPoint, ...]:
    """Return the points of a CRLDistributionPoints or FreshestCRL extension; ``der-malformed`` if it is none."""
    return tuple(_point(item) for item in items(value))


def _point(item: der.Element) -> DistributionPoint:
    name, reasons = None, ALL_REASONS
    issuers: tuple[GeneralName, ...] = ()
    for part in der.children(item, ber=True):
        if part.tag == _NAME:
            name = _point_name(part)
        elif part.tag == der.context(1, constructed=False):
            reasons = der.flags(part) & ALL_REASONS
        elif part.tag == der.context(2):
            issuers = general_names(part)
        else:
            raise CertificateError("der-malformed", offset=part.start)
    return DistributionPoint(name=name, reasons=reasons, issuers=issuers)


def scope_of(value: bytes) -> Scope:
    """Return the scope that an IssuingDistributionPoint extension states; ``der-malformed`` if it is none."""
    name, reasons = None, ALL_REASONS
    flags = dict.fromkeys(("only_users", "only_authorities", "indirect", "only_attributes"), False)
    names = {1: "only_users", 2: "only_authorities", 4: "indirect", 5: "only_attributes"}
    for part in items(value):
        number = part.tag & 0x1F
        if part.tag == _NAME:
            name = _point_name(part)
        elif part.tag == der.context(3, constructed=False):
            reasons = der.flags(part) & ALL_REASONS
        elif part.tag & 0xE0 == 0x80 and number in names:
            flags[names[number]] = part.content != b"\0"
        else:
            raise CertificateError("der-malformed", offset=part.start)
    return Scope(name=name, reasons=reasons, **flags)


def full_name(issuer: bytes, relative: bytes) -> bytes:
    """Return the DER Name *issuer* with the RDN *relative* (the content of its SET) put below it."""
    outer = der.read(issuer, ber=True)
    return der.encode(der.SEQUENCE, outer.content, der.encode(der.SET, relative))
