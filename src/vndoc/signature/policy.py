"""Named verification policies: which algorithms, proofs and signers count, and until when.

A policy is a frozen value made from tables; verifying always names one. Dates are the last day on which something
counts, in Vietnam (UTC+7), compared with the proven time of the signature or, where nothing is proven, with the
time of evaluation. What stands in no table is refused. All values are decisions of this project, made from the
annexes of Circular 15/2025/TT-BKHCN and from signatures met in practice; make another one with ``attrs.evolve``.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

from vndoc.errors import UsageError
from vndoc.pki.algorithms import Family
from vndoc.pki.policy import CryptoPolicy, KeyRule, Use
from vndoc.signature.facts import Form
from vndoc.text import Text

__all__ = ["POLICIES", "Appendices", "ForeignTsa", "PacketRules", "Policy", "Renewal", "RevocationRule", "policy_of"]


class RevocationRule(enum.StrEnum):
    """What a final answer needs to know about revocation."""

    REQUIRED = "required"
    """The status of every certificate of the path; without it the answer is INDETERMINATE, TRY_LATER."""
    WHERE_AVAILABLE = "where-available"
    """Material that exists for the proven time is judged; none is a warning only."""


class ForeignTsa(enum.StrEnum):
    """What a timestamp is worth whose authority is trusted but of no Vietnamese family."""

    NOTE = "note"
    """It proves the time, and the report says ``foreign-tsa``."""
    REFUSED = "refused"


class Renewal(enum.StrEnum):
    """What a timestamp is worth whose authority's certificate has ended, with no archive timestamp from before that.

    Many real tokens are of this kind: the authorities that Apple runs change their certificates every six weeks.
    """

    NOTED = "noted"
    """It proves the time that it states, and the report says ``timestamp-not-renewed``."""
    REQUIRED = "required"
    """It proves nothing, as in EN 319 102-1: a token is judged at the time at which it is known to have existed."""


class Appendices(enum.StrEnum):
    """What an unsigned appendix means for a packet."""

    REPORTED = "reported"
    MUST_BE_SIGNED = "must-be-signed"
    """Separate files carry the organisation's signature (Decree 30/2020/NĐ-CP, appendix I)."""


@attrs.frozen(kw_only=True)
class PacketRules:
    """When a packet is a signed original (Decree 30/2020/NĐ-CP, article 5).

    ``main_document`` is the name or content id of the main document, by default the first Reference of the
    manifest that is a PDF. ``competent_person`` and ``organisation`` say whose valid signature it needs;
    the organisation is the issuer that ``From`` names.
    """

    main_document: str | None = None
    appendices: Appendices = Appendices.REPORTED
    competent_person: bool = True
    organisation: bool = True


@attrs.frozen(kw_only=True, repr=False)
class Policy:
    """One verification policy.

    ``crypto`` judges algorithms; ``revocation``, ``hold_is_invalid`` (certificateHold at the control time),
    ``signing_certificate`` (forms in which the signed data must name the certificate; elsewhere its absence is a
    note, and a wrong one always fails), ``signed_attributes`` (forms of CMS that must have some), ``foreign_tsa``,
    ``renewal`` and ``packet`` are the other rows of the table.
    """

    name: str
    title: Text
    crypto: CryptoPolicy
    revocation: RevocationRule = RevocationRule.REQUIRED
    hold_is_invalid: bool = True
    signing_certificate: frozenset[Form] = frozenset()
    signed_attributes: frozenset[Form] = frozenset()
    foreign_tsa: ForeignTsa = ForeignTsa.NOTE
    renewal: Renewal = Renewal.NOTED
    packet: PacketRules = PacketRules()

    def __repr__(self) -> str:
        return f"Policy({self.name!r})"


_Keys = Mapping[Family, tuple[KeyRule, ...]]
_Digests = Mapping[str, datetime.date | None]

_END_OF_G1: Final = datetime.date(2030, 3, 5)
"""The last day of the government's first root, whose hierarchy is signed with SHA-1."""
_RSA: Final = (KeyRule(2048),)
_CURVES: Final = (KeyRule(256),)
_EDWARDS: Final = (KeyRule(256),)

_DOCUMENT_KEYS: Final[_Keys] = {
    Family.RSA_PKCS1: _RSA,
    Family.RSA_PSS: _RSA,
    Family.ECDSA: _CURVES,
    Family.ED25519: _EDWARDS,
    Family.ED448: _EDWARDS,
}
_STRICT_KEYS: Final[_Keys] = {Family.RSA_PSS: _RSA, Family.ECDSA: _CURVES}
_ARCHIVE_KEYS: Final[_Keys] = {
    **_DOCUMENT_KEYS,
    Family.RSA_PKCS1: (KeyRule(2048), KeyRule(1024, datetime.date(2015, 12, 31))),
}
_PATH_KEYS: Final[_Keys] = {Family.RSA_PKCS1: _RSA, Family.RSA_PSS: _RSA, Family.ECDSA: _CURVES}
_TOKEN_KEYS: Final[_Keys] = {Family.RSA_PKCS1: _RSA, Family.RSA_PSS: _RSA}

_SHA2: Final[_Digests] = {"sha256": None, "sha384": None, "sha512": None, "sha512-256": None}
_SHA2_SHA3: Final[_Digests] = {**_SHA2, "sha3-256": None, "sha3-384": None, "sha3-512": None}


def _sha1(until: datetime.date | None) -> _Digests:
    """Return SHA-2 without end, and SHA-1 up to *until*."""
    return _SHA2 if until is None else {**_SHA2, "sha1": until}


def _crypto(name: str, document_keys: _Keys, document: _Digests, *, legacy: bool) -> CryptoPolicy:
    """Return the tables of a policy: what differs are documents, and whether SHA-1 counted anywhere."""
    below_g1 = _sha1(_END_OF_G1 if legacy else None)
    leaf = _sha1(datetime.date(2022, 12, 31) if legacy else None)
    token = _sha1(datetime.date(2025, 12, 31) if legacy else None)
    keys = dict.fromkeys(Use, _PATH_KEYS) | {Use.DOCUMENT: document_keys, Use.TIMESTAMP: _TOKEN_KEYS}
    digests: Mapping[Use, _Digests] = {
        Use.DOCUMENT: document,
        Use.CA_CERTIFICATE: _SHA2,
        Use.END_CERTIFICATE: _SHA2,
        Use.LEGACY_CA_CERTIFICATE: below_g1,
        Use.LEGACY_END_CERTIFICATE: leaf,
        Use.REVOCATION: _SHA2,
        Use.TIMESTAMP: token,
        Use.IMPRINT: {**_SHA2_SHA3, **token},
    }
    return CryptoPolicy(name=name, keys=keys, digests=digests)


_DEFAULT_DIGESTS: Final[_Digests] = {
    **_SHA2_SHA3,
    "shake256": None,  # what Ed448 goes with in CMS
    "sha224": datetime.date(2025, 12, 31),
    "sha1": datetime.date(2016, 12, 31),
}

POLICIES: Mapping[str, Policy] = MappingProxyType(
    {
        row.name: row
        for row in (
            Policy(
                name="vn_default",
                title=Text(
                    "Mặc định: các chữ ký đang được dùng ở Việt Nam",
                    "Default: the signatures in use in Vietnam",
                ),
                crypto=_crypto("vn_default", _DOCUMENT_KEYS, _DEFAULT_DIGESTS, legacy=True),
            ),
            Policy(
                name="vn_15_2025_strict",
                title=Text(
                    "Nghiêm ngặt: chỉ các thuật toán của Phụ lục I, Thông tư 15/2025/TT-BKHCN",
                    "Strict: only the algorithms of annex I of Circular 15/2025/TT-BKHCN",
                ),
                crypto=_crypto("vn_15_2025_strict", _STRICT_KEYS, _SHA2_SHA3, legacy=False),
                signing_certificate=frozenset({Form.CMS, Form.CADES}),
                signed_attributes=frozenset({Form.CMS}),
                foreign_tsa=ForeignTsa.REFUSED,
                renewal=Renewal.REQUIRED,
            ),
            Policy(
                name="archive",
                title=Text(
                    "Lưu trữ: văn bản cũ, theo thuật toán của thời điểm ký",
                    "Archive: old documents, by the algorithms of their time",
                ),
                crypto=_crypto(
                    "archive",
                    _ARCHIVE_KEYS,
                    {**_DEFAULT_DIGESTS, "sha1": datetime.date(2019, 12, 31)},
                    legacy=True,
                ),
                revocation=RevocationRule.WHERE_AVAILABLE,
            ),
        )
    }
)
"""The named policies, one for each column of the table."""


def policy_of(policy: str | Policy) -> Policy:
    """Return the policy of that name (a hyphen is as good as an underscore), or *policy* itself.

    Raises :class:`~vndoc.errors.UsageError` ``unknown-policy`` for anything else.
    """
    if isinstance(policy, Policy):
        return policy
    found = POLICIES.get(str(policy).replace("-", "_"))
    if found is None:
        raise UsageError("unknown-policy", found=str(policy), known=", ".join(POLICIES))
    return found
