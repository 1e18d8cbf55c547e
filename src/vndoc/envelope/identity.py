"""Identity and sameness of documents: the business key and the content digest.

The axis takes packets apart and writes new ones, and some axes replace the DocumentId. So octets of
packets are never compared end to end. *Which document is this* is answered by :class:`BusinessKey`;
*is it the same document* by :func:`content_digest`. Both are defined here and nowhere else.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

import attrs

from vndoc.envelope._fields import Getter, fields_of, getter
from vndoc.envelope.model import DocumentPacket, Packet, StatusPacket
from vndoc.errors import EnvelopeError
from vndoc.errors._arguments import need_packet
from vndoc.identifiers import OrganCode, canonical_notation, canonical_number, split_code, without_suffix
from vndoc.text import mask

__all__ = ["BusinessKey", "business_key", "content_digest"]

_TRANSIT_FIELDS = frozenset({"trace_header_list", "signature", "attachments", "document_id"})
_WITHDRAWAL = "13"
_normalise, _encode = unicodedata.normalize, encode_basestring


def _masked(text: str) -> str:
    return repr(mask(text))


@attrs.frozen
class BusinessKey:
    """Identity of a document: issuer code, year, number without leading zeros, notation in NFC.

    ``str()`` gives one line for logs and databases; ``repr()`` masks citizen numbers. Source: Decree 30/2020 App VI
    (number, notation and issuer identify a document), Decision 28/2018 Art 10(2) (numbering restarts each year).
    """

    issuer: str = attrs.field(repr=_masked)
    year: int
    number: str = attrs.field(repr=_masked)
    notation: str = attrs.field(repr=_masked)

    def __str__(self) -> str:
        return f"{self.issuer}|{self.year}|{self.number}/{self.notation}"


def business_key(packet: Packet, *, normalise: Callable[[OrganCode], str] = str) -> BusinessKey:
    """Return the business key of the document in, or reported on by, *packet*.

    *normalise* maps an organ code to the one form under which an agency is known, normally that of a
    version of the routing table; by default the code is taken as it stands. For a status packet the key
    is that of the document it speaks of: issued by ``ResponseFor/OrganId``, or by the reporter itself for
    code 13 (the sender takes its document back).

    What a vendor appends to the notation after ``#`` does not count: axes cut it off (practice).
    Raises :class:`~vndoc.errors.EnvelopeError` ``business-key-incomplete`` naming what is missing, and
    :class:`~vndoc.errors.UsageError` ``wrong-packet-kind`` for what is no packet.
    """
    need_packet(packet, DocumentPacket, StatusPacket)
    organ, date, number, notation = _key_parts(packet)
    issuer = normalise(organ).strip() if organ else ""
    number = canonical_number(number or "")
    notation = canonical_notation(without_suffix(notation or ""))
    parts = {"OrganId": issuer, "PromulgationDate": date, "CodeNumber": number, "CodeNotation": notation}
    missing = [name for name, value in parts.items() if not value]
    if missing or date is None:
        raise EnvelopeError("business-key-incomplete", paths=", ".join(missing))
    return BusinessKey(issuer=issuer, year=date.year, number=number, notation=notation)


def _key_parts(packet: Packet) -> tuple[OrganCode | None, datetime.date | None, str | None, str | None]:
    sender = packet.from_.organ_id if packet.from_ else None
    if isinstance(packet, StatusPacket):
        about = packet.response_for
        if about is None:
            return None, None, None, None
        code = split_code(about.code or "")
        issuer = sender if packet.status_code == _WITHDRAWAL else about.organ_id
        return issuer, about.promulgation_date, code.number, code.notation
    date = packet.promulgation_info.promulgation_date if packet.promulgation_info else None
    if packet.code is None:
        return sender, date, None, None
    return sender, date, packet.code.number, packet.code.notation


def content_digest(packet: DocumentPacket) -> bytes:
    """Return the SHA-256 (32 octets) that says whether two packets carry the same document.

    It covers every header element and, for each attachment in order, its name and the SHA-256 of its
    unpacked content. It leaves out what transit changes: trace list, signature, packing, labels and content
    ids of attachments, the DocumentId (a hint that axes fill in or replace), and a ``Direction`` of
    false (some writers always add it). Text counts in NFC with white space folded.

    Raises as :meth:`vndoc.envelope.Attachment.digest` for an attachment that cannot be opened, and
    :class:`~vndoc.errors.UsageError` ``wrong-packet-kind`` for what is no document packet.
    """
    need_packet(packet, DocumentPacket)
    header = _fields(_HEADER_NAMES, _HEADER(packet), "null")
    files = [f'[{_canonical(a.name) or "null"}, "{a.digest().hex()}"]' for a in packet.attachments]
    form = f'{{"attachments": [{", ".join(files)}], "header": {{{header}}}}}'
    return hashlib.sha256(form.encode("utf-8", "surrogatepass")).digest()


def _canonical(value: Any) -> str | None:
    """Return *value* as JSON, the names of fields in order; ``None`` where it says nothing."""
    form = _FORMS.get(type(value))
    if form is not None:
        return form(value)
    block = _block(type(value))  # type: ignore[arg-type]
    if block is not None:
        inner = _fields(block[0], block[1](value))
        return f"{{{inner}}}" if inner else None
    base = next((base for base in _WITH_SUBCLASSES if isinstance(value, base)), None)
    return _JSON.encode(value) if base is None else _FORMS[base](value)


def _text(value: str) -> str | None:
    text = value if value.isascii() else _normalise("NFC", value)
    # of white space, only the blank is printable
    text = text.strip(" ") if text.isprintable() and "  " not in text else " ".join(text.split())
    return _encode(text) if text else None


def _code(value: OrganCode) -> str | None:
    text = value.text.strip()
    return _encode(text) if text else None


def _date(value: datetime.date) -> str:
    return f'"{value.isoformat()}"'


def _list(value: tuple[Any, ...]) -> str | None:
    forms = [form for form in map(_canonical, value) if form is not None]
    return f"[{', '.join(forms)}]" if forms else None


_FORMS: Mapping[type, Callable[[Any], str | None]] = {
    str: _text,
    tuple: _list,
    int: str,
    OrganCode: _code,
    datetime.date: _date,
    datetime.datetime: _date,
    bool: lambda value: "true" if value else None,
    type(None): lambda _: None,
}
"""Class of value -> its form; values of the classes derived from these:"""
_WITH_SUBCLASSES = (str, OrganCode, datetime.date, tuple)


def _fields(names: tuple[str, ...], values: tuple[Any, ...], absent: str | None = None) -> str:
    """Return fields, whose *names* are ready, as the inner part of a JSON object; those without value say *absent*."""
    parts = []
    for name, value in zip(names, values):  # noqa: B905 - made together, and this is asked for most
        if value is None:
            form = absent
        else:
            make = _FORMS.get(type(value), _canonical)
            form = make(value) or absent
        if form is not None:
            parts.append(name + form)
    return ", ".join(parts)


@lru_cache(maxsize=64)
def _block(kind: type) -> tuple[tuple[str, ...], Getter] | None:
    """Return the names of the fields of a block, in order and as JSON has them, and what takes the fields."""
    found = fields_of(kind)
    return None if found is None else _named(found[0])


def _named(names: Iterable[str]) -> tuple[tuple[str, ...], Getter]:
    ordered = sorted(names)
    return tuple(f"{_encode(name)}: " for name in ordered), getter(ordered)


_HEADER_NAMES, _HEADER = _named(f.name for f in attrs.fields(DocumentPacket) if f.name not in _TRANSIT_FIELDS)
_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True)
