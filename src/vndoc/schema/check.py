"""The whole check of one packet: deviations, structure and rules in one report."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

import attrs

from vndoc.edxml import DEVIATIONS, Profile, Reading, Severity
from vndoc.errors import UsageError
from vndoc.schema.findings import Finding, Report, from_deviation, place_key
from vndoc.schema.rules import Context, apply
from vndoc.schema.rules_base import day_of
from vndoc.schema.structure import Mode, check_structure

__all__ = ["STRUCTURES", "check"]

STRUCTURES: Mapping[str, Mode] = MappingProxyType({"fast": "fast", "as-sent": "as-sent"})
"""How the structure can be checked."""

_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}

_RENAMED = frozenset({"element-spelling", "manifest-name"})
_UNREAD = _RENAMED | {
    "unknown-element", "namespace-mixed", "repeated-element", "misplaced-element", "unexpected-children",
    "unexpected-text", "status-extra-part", "digital-signature-empty", "repeated-part", "repeated-container",
    "status-attachments", "kind-ambiguous", "base64-children", "code-split",
}  # fmt: skip
"""Deviations that say better than the schema why an element may not stand where it stands."""

_CHILD_ABSENT = MappingProxyType(
    {
        "manifest-missing": "edXMLBody",
        "attachments-missing": "AttachmentEncoded",
        "content-missing": "ContentTransferEncoded",
        "content-type-missing": "ContentType",
        "reference-href-only": "ContentId",
    }
)
"""Deviations that stand at an element and speak of its missing child."""

_NOT_OF_VALUES = _RENAMED | {
    "prefix-layout", "attachment-prefix-layout", "namespace-mixed", "repeated-element", "misplaced-element",
    "repeated-part", "repeated-container", "kind-ambiguous",
}  # fmt: skip
"""Deviations that may stand at an element with text and say nothing about the text."""

_SAID_ABSENT = MappingProxyType({"empty-integer": "", "content-type-missing": "/ContentType"})
"""Deviations that say why a mandatory element has no value, and what leads from their place to that element."""

_OTHER_ROOT = frozenset({"namespace-missing", "namespace-bkav", "dialect-go-vn"})
"""Deviations that say better than the schema why the root is not that of the standard."""

_ALONG = frozenset({"structure-missing", "structure-value", "structure-unexpected"})


def check(reading: Reading, *, profile: Profile, today: datetime.date, structure: str = "fast") -> Report:
    """Return everything that is wrong, doubtful or worth knowing about a packet.

    Deviations of reading become findings with their ids; *structure* says how the elements are checked against
    the schema (:data:`STRUCTURES`); rules compare dates with *today* and limits with those of *profile*.
    What the schema says is left out where a deviation or a rule says it better at the same place; that finding
    is then an error, as the schema's was, so that a report passes only if the schema does. Findings are sorted
    by place, then severity (errors first), then id. Attachments are not decoded.

    Raises :class:`~vndoc.errors.UsageError` ``unknown-structure`` or ``date-expected``.
    """
    if not isinstance(today, datetime.date):
        raise UsageError("date-expected", name="today", found=type(today).__name__)
    mode = STRUCTURES.get(structure)
    if mode is None:
        raise UsageError("unknown-structure", found=str(structure), known=", ".join(STRUCTURES))
    skeleton = reading.skeleton
    findings = [from_deviation(deviation) for deviation in reading.deviations]
    findings += apply(Context(reading=reading, profile=profile, today=day_of(today)))
    shapes = check_structure(skeleton.root, mode=mode, line=skeleton.line)
    findings = _merged(_once(findings), shapes)
    findings.sort(key=lambda f: (place_key(f.place.path), _ORDER[f.severity], f.id))
    return Report(profile=profile.name, structure=structure, findings=tuple(findings))


def _once(findings: list[Finding]) -> list[Finding]:
    """Return *findings* without each missing element of which a deviation speaks, which is an error then."""
    said = {f.place.path + _SAID_ABSENT[f.id]: place for place, f in enumerate(findings) if f.id in _SAID_ABSENT}
    again = {f.place.path for f in findings if f.id == "missing-element"} & said.keys()
    errors = {said[path] for path in again}
    return [
        attrs.evolve(f, severity=Severity.ERROR) if place in errors else f
        for place, f in enumerate(findings)
        if f.id != "missing-element" or f.place.path not in again
    ]


def _merged(findings: list[Finding], shapes: Iterable[Finding]) -> list[Finding]:
    """Return both, without what the schema only says again.

    What explains an error of the schema is an error itself: a packet passes only if its schema does.
    """
    shapes = list(shapes)
    if not shapes:
        return findings
    explained = {key: index for index, finding in enumerate(findings) for key in _explained(finding)}
    merged = list(findings)
    for shape in shapes:
        cause = _cause(shape, explained)
        if cause is None:
            merged.append(shape)
        elif merged[explained[cause]].severity is not Severity.ERROR:
            merged[explained[cause]] = attrs.evolve(merged[explained[cause]], severity=Severity.ERROR)
    return merged


def _explained(finding: Finding) -> Iterator[tuple[str, str]]:
    """Yield id and place of findings of the schema that would only echo *finding*."""
    id_, path = finding.id, finding.place.path
    if id_ in _OTHER_ROOT:
        yield "structure-root", path
    if id_ == "missing-element":
        yield "structure-missing", path
    if id_ in _CHILD_ABSENT:
        yield "structure-missing", f"{path}/{_CHILD_ABSENT[id_]}"
    if id_ in _UNREAD:
        yield "structure-unexpected", path
    if id_ in _RENAMED:
        yield "structure-missing", f"{path.rpartition('/')[0]}/{finding.expected}"
    if id_ == "text-too-long":
        yield "structure-length", path
    if finding.severity is Severity.ERROR or (id_ in DEVIATIONS and id_ not in _NOT_OF_VALUES):
        yield "structure-value", path


def _cause(shape: Finding, explained: Mapping[tuple[str, str], int]) -> tuple[str, str] | None:
    """Return the key under which *shape* is explained at its own place, or by what is said of an element around it.

    What is absent, and what may not stand where it stands, takes everything in it along.
    """
    path = shape.place.path
    if (shape.id, path) in explained:
        return shape.id, path
    if shape.id not in _ALONG:
        return None
    cause = "structure-unexpected" if shape.id == "structure-unexpected" else "structure-missing"
    while path := path.rpartition("/")[0]:
        if (cause, path) in explained:
            return cause, path
    return None
