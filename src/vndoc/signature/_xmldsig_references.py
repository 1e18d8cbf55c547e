"""References: what a signature is over, found, transformed and digested (XML Signature 1.1, sections 4.4.3 and 6.6)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final, cast

import attrs
from lxml import etree

from vndoc.envelope.octets import CHUNK, Octets
from vndoc.errors import LimitError, ReadError, VndocError
from vndoc.limits import Limits
from vndoc.pki.algorithms import Digest, digest_of_uri, hasher
from vndoc.pki.outcome import Reason
from vndoc.signature._cms_content import given
from vndoc.signature._xmldsig_budget import affordable, budget
from vndoc.signature._xmldsig_names import (
    BASE64,
    CANONICAL,
    ENVELOPED,
    REFUSED_TRANSFORMS,
    canonical_method,
    ds,
)
from vndoc.signature._xmldsig_selection import Selection, State, Stream
from vndoc.signature._xmldsig_tree import (
    Ids,
    Paths,
    Piece,
    PiecedOctets,
    Refusal,
    XmlSource,
    base64_of,
    base64_value,
    element_children,
    reason,
    within,
)
from vndoc.signature.facts import Covered
from vndoc.xml import Canonical, parse_document

Resolver = Callable[[str], bytes | Octets | None]
"""Gives the octets behind a URI outside the document, or ``None``."""

MAX_REFERENCES: Final = 30
"""References in one SignedInfo or Manifest."""

MAX_ALL_REFERENCES: Final = 500
"""References in one document, those of Manifests included."""

MAX_TRANSFORMS: Final = 3
"""Transforms in one reference."""

_PARSED: Final = 16
"""So many octets are digested while one is parsed again or decoded."""

_PASSES: Final = 16
_FREE_ELEMENTS: Final = 200_000
"""Elements that are gone through for one document: 16 times as many as it has, and as many as take 0.2 seconds. An
element of four octets takes a microsecond, in which a thousand octets are digested; so both are counted."""
_FEW: Final = 8
_SMALL: Final = 64 * 1024
"""References, and octets of a document, below which elements need not be counted."""
_ELEMENTS = etree.XPath("count(descendant-or-self::*)")

Form = tuple[Canonical, tuple[str, ...]]
"""A canonical form, and prefixes for it."""
_PLAIN: Final[Form] = (Canonical.C14N_10, ())
_REFERENCE: Final = ds("Reference")
_TRANSFORMS: Final = ds("Transforms")
_TRANSFORM: Final = ds("Transform")
_DIGEST_METHOD: Final = ds("DigestMethod")
_DIGEST_VALUE: Final = ds("DigestValue")
_ALLOWED: Final = frozenset({ENVELOPED, BASE64, *CANONICAL})
_MISSING: Final = ("signed-data-not-found", "manifest-data-not-found")  # by whether a Manifest asks for it
_POINTER = re.compile(r"#[^()]+\(")
"""A pointer by a scheme, as ``#xpointer(...)``; an identifier has no parenthesis."""
_POINTER_ID = re.compile(r"#xpointer\(id\((?:'([^']*)'|\"([^\"]*)\")\)\)")


@attrs.define(eq=False)
class Context:
    """One document while its signatures are read."""

    source: XmlSource
    ids: Ids
    resolver: Resolver | None
    limits: Limits
    spent: int = 0
    known: dict[tuple[object, ...], tuple[bytes, int]] = attrs.field(factory=dict)
    paths: Paths = attrs.field(factory=Paths)
    references: int = 0
    walked: int = 0

    def charge(self, size: int) -> None:
        """Count *size* octets of work; :class:`Refusal` once there was too much of it (attack A17)."""
        self.spent += size
        if not affordable(self.spent, self.source.size):
            raise Refusal(reason("too-much-to-digest", limit=budget(self.source.size)))

    def walk(self, node: etree._Element | None) -> None:
        """Count the elements below *node*, which is made canonical or decoded; :class:`Refusal` as :meth:`charge`."""
        if node is None or (self.references <= _FEW and self.source.size <= _SMALL):
            return
        self.walked += _count(node)
        if self.walked > _FREE_ELEMENTS and self.walked > _FREE_ELEMENTS + _PASSES * _count(self.source.root):
            raise Refusal(reason("too-much-to-digest", limit=budget(self.source.size)))


def _count(node: etree._Element) -> int:
    return int(cast("float", _ELEMENTS(node)))


@attrs.define(eq=False, kw_only=True)
class Reference:
    """A reference that was read: what it covers, the element it points to, and what was found wrong.

    ``without`` is the signature that the enveloped-signature transform left out; ``markup`` says whether the element
    itself was digested, and not only what its text stands for in base64. ``followed`` says whether the way to the data
    is one that is gone here: where it is not, nobody can say what the reference leads to.
    """

    node: etree._Element
    type: str
    target: etree._Element | None
    without: etree._Element | None = None
    markup: bool = True
    followed: bool = True
    covered: Covered
    reasons: tuple[Reason, ...]

    @property
    def shows(self) -> bool:
        """Return whether the element that is pointed to is what was digested, apart from the part left out."""
        target, without = self.target, self.without
        if target is None or not self.covered.intact or not self.markup:
            return False
        return without is None or not within(target, without)

    def reaches(self, node: etree._Element) -> bool:
        """Return whether *node* with all its markup is a part of what has to have the digest."""
        if self.target is None or not self.markup or not within(node, self.target):
            return False
        return self.without is None or not within(node, self.without)

    def covers(self, node: etree._Element) -> bool:
        """Return whether *node* with all its markup is a part of what was digested."""
        return bool(self.covered.intact) and self.reaches(node)


def read_references(
    context: Context, parent: etree._Element, signature: etree._Element, *, manifest: bool = False
) -> tuple[list[Reference], list[Reason]]:
    """Return the references right below *parent* (a SignedInfo or a Manifest), and what was found wrong."""
    nodes = list(parent.iterchildren(_REFERENCE))
    if not nodes:
        return [], [reason("references-missing", place=parent)]
    if len(nodes) > MAX_REFERENCES:
        return [], [reason("too-many-references", place=parent, count=len(nodes), limit=MAX_REFERENCES)]
    context.references += len(nodes)
    if context.references > MAX_ALL_REFERENCES:
        values = {"count": context.references, "limit": MAX_ALL_REFERENCES}
        return [], [reason("too-many-references", place=parent, **values)]
    found: list[Reference] = []
    reasons: list[Reason] = []
    for node in nodes:
        try:
            reference = read_reference(context, node, signature, manifest=manifest)
        except Refusal as refusal:
            reasons.append(refusal.reason)
            continue
        found.append(reference)
        reasons += reference.reasons
    return found, reasons


def read_reference(
    context: Context, node: etree._Element, signature: etree._Element, *, manifest: bool = False
) -> Reference:
    """Return the reference *node* of *signature*; :class:`Refusal` if it is not built as XML-DSig asks."""
    uri = node.get("URI")
    shown = f'"{uri or ""}"'
    holder, method, value = _parts(node, shown)
    name, digest, reasons = _digest(method, node, shown)
    try:
        context.charge(0)
        steps = _steps(holder, node, shown)
        state = _selected(context, uri, node, manifest=manifest)
        target, whole = (state.node, state.whole) if isinstance(state, Selection) else (None, False)
        stream = _transformed(context, state, steps, node, signature)
    except Refusal as refusal:
        covered = Covered(what=_unfound(uri, manifest=manifest), name=uri or "", intact=None, digest=name, value=value)
        return Reference(
            node=node,
            type=node.get("Type", ""),
            target=None,
            followed=refusal.reason.code in _MISSING and not _POINTER.match(uri or ""),
            covered=covered,
            reasons=(*reasons, refusal.reason),
        )
    names = {name for name, _ in steps}
    intact, size = None, 0
    if digest is not None:
        intact, size, faults = _compared(context, stream, digest, value, node, manifest=manifest)
        reasons += faults
        if intact is False and ENVELOPED in names and target is not None:
            reasons = _quirk(context, reasons, node, target, signature, digest, value)
    covered = Covered(
        what=_what(uri, whole=whole, inside=target is not None, manifest=manifest),
        name=uri or "",
        intact=intact,
        digest=name,
        value=value,
        octets=PiecedOctets(stream.pieces, size) if intact else None,
        element_path=None if target is None else context.paths.of(target),
    )
    return Reference(
        node=node,
        type=node.get("Type", ""),
        target=target,
        without=signature if ENVELOPED in names else None,
        markup=BASE64 not in names,
        covered=covered,
        reasons=tuple(reasons),
    )


def made_digest(context: Context, node: etree._Element, signature: etree._Element, digest: Digest) -> bytes:
    """Return what the DigestValue of the reference *node* has to be; :class:`Refusal` if it cannot be found out."""
    return digest_of(context, stream_of(context, node, signature), digest)[0]


def stream_of(
    context: Context,
    node: etree._Element,
    signature: etree._Element,
    form: Form = _PLAIN,
    named: tuple[str, etree._Element | None] | None = None,
) -> Stream:
    """Return what the reference *node* leads to; what is nodes still takes *form*. Refuses alike.

    *named* are URI and Transforms where *node* is no Reference. The form is C14N 1.0 for digests (XML Signature 1.1,
    4.4.3.2), and a timestamp's own for its imprint.
    """
    uri, holder = named or (node.get("URI"), node.find(_TRANSFORMS))
    steps = _steps(holder, node, uri or "")
    state = _selected(context, uri, node, manifest=False)
    return _transformed(context, state, steps, node, signature, form)


def _unfound(uri: str | None, *, manifest: bool) -> str:
    inside = uri is not None and (uri == "" or uri.startswith("#"))
    return _what(uri, whole=uri in {"", "#xpointer(/)"}, inside=inside, manifest=manifest)


def _what(uri: str | None, *, whole: bool, inside: bool, manifest: bool) -> str:
    if manifest:
        return "manifest-entry"
    if whole:
        return "document"
    if inside:
        return "element"
    return "attachment" if (uri or "").startswith("cid:") else "content"


def _parts(node: etree._Element, shown: str) -> tuple[etree._Element | None, etree._Element, bytes]:
    """Return Transforms, DigestMethod and the octets of DigestValue of the reference *node*."""
    children = element_children(node)
    names = [child.tag for child in children]
    holder = children[0] if names[:1] == [_TRANSFORMS] else None
    rest = names if holder is None else names[1:]
    if rest != [_DIGEST_METHOD, _DIGEST_VALUE]:
        if not {_DIGEST_METHOD, _DIGEST_VALUE} <= set(rest):
            raise Refusal(reason("digest-missing", place=node, uri=shown))
        raise Refusal(reason("signature-malformed", place=node, detail="Reference"))
    octets = base64_value(children[-1])
    if not octets:
        raise Refusal(reason("digest-missing", place=node, uri=shown))
    return holder, children[-2], octets


def _digest(method: etree._Element, node: etree._Element, shown: str) -> tuple[str, Digest | None, list[Reason]]:
    """Return the name of the digest algorithm, the algorithm if it is computed here, and what is wrong with it."""
    uri = method.get("Algorithm", "")
    digest = digest_of_uri(uri)
    if digest is None:
        return uri, None, [reason("digest-unknown", place=node, found=uri, uri=shown)]
    if digest.hashlib is None:
        return digest.name, None, [reason("digest-refused", place=node, found=digest.name, uri=shown)]
    return digest.name, digest, []


# -- where a reference points to ---------------------------------------------------------------------


def _selected(context: Context, uri: str | None, node: etree._Element, *, manifest: bool) -> State:
    source = context.source
    if uri == "":
        return Selection(source, source.root, whole=True)
    if uri == "#xpointer(/)":
        return Selection(source, source.root, whole=True, comments=True)
    pointer = _POINTER_ID.fullmatch(uri or "")
    if uri is not None and uri.startswith("#"):
        name = uri[1:] if pointer is None else pointer[1] or pointer[2] or ""
        element = context.ids.get(name)
        if element is None:
            raise Refusal(reason(_MISSING[manifest], place=node, uri=f'"{uri}"'))
        return Selection(source, element, comments=pointer is not None)
    try:
        octets = None if uri is None or context.resolver is None else context.resolver(uri)
    except (VndocError, OSError):
        octets = None
    if octets is None:
        raise Refusal(reason(_MISSING[manifest], place=node, uri=f'"{uri or ""}"'))
    found = given(octets)
    return Stream(lambda: _read(found), key=("external", uri))


def _read(octets: Octets) -> Iterable[Piece]:
    with octets.open() as file:
        while chunk := file.read(CHUNK):
            yield chunk


# -- transforms --------------------------------------------------------------------------------------


def _steps(holder: etree._Element | None, node: etree._Element, shown: str) -> list[tuple[str, etree._Element]]:
    """Return the transforms of the reference *node*, each with its name, all on the list of what is carried out."""
    if holder is None:
        return []
    steps: list[tuple[str, etree._Element]] = []
    for child in element_children(holder):
        if child.tag != _TRANSFORM:
            raise Refusal(reason("signature-malformed", place=node, detail="Transforms"))
        name = child.get("Algorithm", "")
        if name not in _ALLOWED:
            code = REFUSED_TRANSFORMS.get(name, "transform-unknown")
            raise Refusal(reason(code, place=node, found=name, uri=shown))
        steps.append((name, child))
    if len(steps) > MAX_TRANSFORMS:
        raise Refusal(reason("too-many-transforms", place=node, uri=shown, count=len(steps), limit=MAX_TRANSFORMS))
    return steps


def _transformed(
    context: Context,
    state: State,
    steps: list[tuple[str, etree._Element]],
    node: etree._Element,
    signature: etree._Element,
    last: Form = _PLAIN,
) -> Stream:
    """Return the octets that *steps*, the transforms of the reference *node*, make of *state*; nodes take *last*."""
    shown = f'"{node.get("URI", "")}"'
    for name, step in steps:
        if name == ENVELOPED:
            state = _enveloped(state, signature, shown, node)
        elif name == BASE64:
            state = _decoded(context, state, shown, node)
        else:
            state = _canonical(context, state, step, node)
    return state.canonical(*last) if isinstance(state, Selection) else state


def fault(error: VndocError | OSError, node: etree._Element, *, manifest: bool = False) -> Reason:
    """Return the reason for *error*, met while the octets of the reference *node* (or its SignedInfo) were made.

    What this package does not take, or what could not be read, is no sign of forgery.
    """
    shown = f'"{node.get("URI", "")}"'
    if isinstance(error, LimitError) or (isinstance(error, ReadError) and error.code == "c14n-too-complex"):
        return reason("transform-too-costly", place=node, uri=shown, found=error.code)
    if isinstance(error, ReadError) and error.code != "c14n-unavailable":
        return reason("transform-failed", place=node, uri=shown, found=error.code)
    return reason(_MISSING[manifest], place=node, uri=shown)


def _failed(name: str, shown: str, node: etree._Element) -> Refusal:
    return Refusal(reason("transform-failed", place=node, found=name, uri=shown))


def _enveloped(state: State, signature: etree._Element, shown: str, node: etree._Element) -> State:
    """Leave the signature out; only possible in the document in which it stands."""
    if not isinstance(state, Selection) or state.foreign:
        raise _failed(ENVELOPED, shown, node)
    return Selection(state.source, state.node, state.whole, state.comments, signature)


def _decoded(context: Context, state: State, shown: str, node: etree._Element) -> State:
    try:
        if isinstance(state, Stream):
            text = _joined(context, state).decode("ascii")
        elif state.without is None:
            context.walk(state.node)
            text = state.source.text(state.node)
            context.charge(len(text) * _PARSED)
        else:
            raise _failed(BASE64, shown, node)
    except UnicodeDecodeError:
        raise _failed(BASE64, shown, node) from None
    except (VndocError, OSError) as error:
        raise Refusal(fault(error, node)) from None
    octets = base64_of(text, node)
    return Stream(lambda: (octets,))


def _joined(context: Context, stream: Stream) -> bytes:
    """Return the octets of *stream* at once, within the limit of a document."""
    context.charge(0)
    context.walk(stream.node)
    parts: list[Piece] = []
    size = 0
    for piece in stream.pieces():
        size += len(piece)
        if size > context.limits.document_bytes:
            raise Refusal(reason("too-much-to-digest", limit=context.limits.document_bytes))
        parts.append(piece)
    context.charge(max(size * _PARSED, stream.cost))
    return b"".join(parts)


def _canonical(context: Context, state: State, step: etree._Element, node: etree._Element) -> State:
    method = canonical_method(step)
    if isinstance(state, Stream):
        try:
            root = parse_document(_joined(context, state), limits=context.limits)
            context.walk(root)
        except (VndocError, OSError) as error:
            raise Refusal(fault(error, node)) from None
        state = Selection(XmlSource(root=root, size=0), root, whole=True, comments=True, foreign=True)
    form, prefixes = method or (Canonical.C14N_10, ())
    return state.canonical(form, prefixes)


# -- digests -----------------------------------------------------------------------------------------


def _compared(
    context: Context, stream: Stream, digest: Digest, value: bytes, node: etree._Element, *, manifest: bool
) -> tuple[bool | None, int, list[Reason]]:
    """Return whether *stream* has the digest *value*, how long it is, and what was found wrong."""
    shown = f'"{node.get("URI", "")}"'
    try:
        found, size = digest_of(context, stream, digest)
    except (VndocError, OSError) as error:
        return None, 0, [fault(error, node, manifest=manifest)]
    except Refusal as refusal:
        return None, 0, [refusal.reason]
    if found == value:
        return True, size, []
    return False, size, [reason("manifest-digest-mismatch" if manifest else "digest-mismatch", place=node, uri=shown)]


def digest_of(context: Context, stream: Stream, digest: Digest) -> tuple[bytes, int]:
    """Return the digest of *stream* and its length, from memory if the same octets were digested before."""
    key = None if stream.key is None else (digest.name, *stream.key)
    if key is not None and key in context.known:
        return context.known[key]
    context.charge(0)
    context.walk(stream.node)
    found = None if stream.foretold is None else stream.foretold(digest.name)
    size = 0
    if found is None:
        hashed = hasher(digest)
        for piece in stream.pieces():
            hashed.update(piece)
            size += len(piece)
        found = (bytes(hashed.digest()), size)
    if stream.key is None or stream.key[0] != "external":
        context.charge(max(found[1], stream.cost))
    if key is not None:
        context.known[key] = found
    return found


def _quirk(
    context: Context,
    reasons: list[Reason],
    node: etree._Element,
    target: etree._Element,
    signature: etree._Element,
    digest: Digest,
    value: bytes,
) -> list[Reason]:
    """Return *reasons*, with the diagnosis of an Object that was digested although its signature was left out.

    Source: signature.md, section 3.2 (Viettel e-invoices); the verdict stays *failed*.
    """
    if target.getparent() is not signature or target.tag != ds("Object"):
        return reasons
    stream = Selection(context.source, target).canonical(Canonical.C14N_10)
    if digest_of(context, stream, digest)[0] != value:
        return reasons
    found = reason("vn-dotnet-enveloped-quirk", place=node, uri=f'"{node.get("URI", "")}"')
    return [found, *(r for r in reasons if r.code != "digest-mismatch")]
