"""What a signature *is*, before anybody says what it is worth: the seam between the formats and the evaluation.

The readers of XML-DSig/XAdES and CMS/CAdES turn octets into :class:`SignatureFacts`; the evaluation judges them
without knowing the format. Facts hold no trust: a certificate here is one that the document carries.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Callable

import attrs

from vndoc.envelope.octets import Octets
from vndoc.pki.algorithms import SignatureAlgorithm
from vndoc.pki.certificate import Certificate
from vndoc.pki.outcome import Reason
from vndoc.text import shorten

__all__ = [
    "Binding",
    "Covered",
    "Form",
    "Level",
    "RevocationMaterial",
    "SignatureFacts",
    "TimestampFacts",
    "TimestampKind",
    "TimestampToken",
]


class Form(enum.StrEnum):
    """The format of a signature."""

    __hash__ = str.__hash__  # that of enum is written in Python, and tables are asked for each signature

    XMLDSIG = "xmldsig"
    XADES = "xades"
    CMS = "cms"
    CADES = "cades"


class Level(enum.StrEnum):
    """What a signature carries (EN 319 122-1 and 132-1, clause 6): a claim about material, not a verdict."""

    NONE = "none"
    B = "B"
    T = "T"
    LT = "LT"
    LTA = "LTA"


@attrs.frozen(kw_only=True, repr=False)
class Covered:
    """One thing that the signature covers: a reference of XML-DSig, or the content of a CMS signature.

    ``what`` says in what role (``document``, ``element``, ``content``, ``signed-properties``, ``attachment``,
    ``manifest-entry``), ``name`` is its URI or file name, ``intact`` whether the digest was recomputed and is equal
    (``None``: the data could not be had), ``digest`` the name of the algorithm, ``value`` the digest that the
    signature names. ``octets`` gives the very octets that were digested, so that nobody needs to look for them
    in the document again; ``element_path`` is where the element stands.
    """

    what: str
    name: str
    intact: bool | None
    digest: str
    value: bytes
    octets: Octets | None = attrs.field(default=None, eq=False)
    element_path: str | None = None

    def __repr__(self) -> str:
        return f"Covered({self.what}, {shorten(self.name)!r}, intact={self.intact}, {shorten(self.digest)})"


class Binding(enum.StrEnum):
    """How the signed data name the signing certificate (ESS signing-certificate, XAdES SigningCertificate)."""

    __hash__ = str.__hash__  # that of enum is written in Python, and tables are asked for each signature

    ABSENT = "absent"
    MATCHES = "matches"
    DIFFERS = "differs"


@attrs.frozen(kw_only=True, repr=False)
class RevocationMaterial:
    """Revocation lists and responses that a signature carries: DER octets, not yet believed."""

    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        return f"RevocationMaterial(crls={len(self.crls)}, ocsps={len(self.ocsps)})"


class TimestampKind(enum.StrEnum):
    """What a timestamp is over."""

    CONTENT = "content"
    SIGNATURE = "signature"
    REFERENCES = "references"
    ARCHIVE = "archive"


@attrs.frozen(kw_only=True, repr=False, slots=False)  # made faster so
class SignatureFacts:
    """One signature as a reader found it.

    ``place`` is a path in the document or ``SignerInfo[1]``. ``reasons`` are what the reader itself found wrong or
    worth a note: format, digests, attacks. ``verify`` says whether the signature value is that of the signed
    octets under the key of a certificate; it never raises and never trusts. ``candidates`` are the certificates
    that may be the signer's by what the signature says, best first; ``certificates`` all that it carries.
    ``binding`` says for a certificate how the *signed* data name it. ``signature_value`` and ``signed_octets`` are what
    was signed with and over (the canonical SignedInfo, or the DER of the signed attributes).
    """

    form: Form
    level: Level
    place: str
    reasons: tuple[Reason, ...]
    algorithm: SignatureAlgorithm | None
    covered: tuple[Covered, ...]
    verify: Callable[[Certificate], bool] = attrs.field(eq=False)
    candidates: tuple[Certificate, ...]
    certificates: tuple[Certificate, ...]
    binding: Callable[[Certificate], Binding] = attrs.field(eq=False)
    signature_value: bytes
    signed_octets: bytes
    signature_id: str | None = None
    claimed_time: datetime.datetime | None = None
    """The signing time that the signer wrote; without zone where none was given."""
    claimed_roles: tuple[str, ...] = ()
    claimed_place: tuple[str, ...] = ()
    commitment_types: tuple[str, ...] = ()
    signature_policy: str | None = None
    content_type: str | None = None
    signed_attributes: bool = True
    """Whether what is signed is more than the bare content; CMS may sign that alone (RFC 5652, section 5.3)."""
    timestamps: tuple[TimestampFacts, ...] = ()
    revocation: RevocationMaterial = RevocationMaterial()
    counter_signatures: tuple[SignatureFacts, ...] = ()

    def __repr__(self) -> str:
        return f"SignatureFacts({self.form.value}, {self.place!r}, reasons={[r.code for r in self.reasons]!r})"


@attrs.frozen(kw_only=True, repr=False)
class TimestampToken:
    """A timestamp token (RFC 3161) as it was read: what it says, and its own signature as facts.

    ``reasons`` are structural faults. ``imprint_digest`` may be weak; a policy judges that.
    """

    octets: bytes
    time: datetime.datetime
    accuracy: datetime.timedelta | None
    ordering: bool
    serial: int
    policy: str
    nonce: int | None
    imprint_digest: str
    imprint: bytes
    token_digest: str
    """The digest algorithm of the token's SignerInfo."""
    tsa_name: bytes | None
    signature: SignatureFacts
    reasons: tuple[Reason, ...] = ()

    def __repr__(self) -> str:
        return f"TimestampToken({self.time.isoformat()}, serial={self.serial:X})"


@attrs.frozen(kw_only=True)
class TimestampFacts:
    """A timestamp in a signature: its kind, where it stands, its token, and whether that is over the right octets.

    ``token`` is ``None`` where it could not be read (``reasons`` says why); ``intact`` is ``None`` where what it is
    over could not be rebuilt. ``protects`` holds the SHA-256 of each thing that it is over and that a proof of
    existence is kept of: the signature value, tokens, certificates, revocation lists and responses.
    """

    kind: TimestampKind
    place: str
    token: TimestampToken | None
    intact: bool | None
    reasons: tuple[Reason, ...] = ()
    protects: frozenset[bytes] = frozenset()
