"""From a description in TOML or JSON, and files, to a packet value.

The keys are those of the JSON form of a packet; the files to attach are named by
``path`` in ``attachments``. An unknown key is an error that names it. Only the document id is derived.
"""

from __future__ import annotations

import datetime
import difflib
import json
import sys
import tomllib
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

import vndoc
from vndoc.cli._inputs import STDIN
from vndoc.cli._run import filled
from vndoc.edxml.jsonform import json_key
from vndoc.envelope import Attachment, DocumentPacket, Packet, StatusPacket
from vndoc.errors import EnvelopeError, IdentifierError, Place, SourceError, UsageError
from vndoc.identifiers import DocumentId, OrganCode, check_notation, check_number
from vndoc.limits import DEFAULT
from vndoc.text import Text

__all__ = ["check_codes", "doubts", "load", "packet_of", "with_document_id"]

_KINDS: Mapping[str, type] = {"document": DocumentPacket, "status": StatusPacket}
_FILE_KEYS = ("path", "name", "description", "label", "content_id")
_LEFT_OUT = frozenset({"signature", "attachments"})
"""Fields that a description does not fill in as the JSON form of a packet does."""

_VIETNAM = datetime.timezone(datetime.timedelta(hours=7))

_NO_FILES = Text("gói tin trạng thái không có tệp đính kèm", "a status packet has no attachments")
_UNKNOWN_KEY = Text("không có khóa {key}", "there is no key {key}")
_NEAR_KEY = Text("không có khóa {key}; có phải là {near}?", "there is no key {key}; is it {near}?")
_NO_TABLE = Text("{key}: cần một bảng (table, object)", "{key}: a table (object) is needed")
_NO_LIST = Text("{key}: cần một danh sách", "{key}: a list is needed")
_NO_TEXT = Text("{key}: cần một chuỗi ký tự", "{key}: a text is needed")
_NO_PATH = Text("{key}: thiếu path", "{key}: path is missing")
_NO_KIND = Text("kind: cần document hoặc status", "kind: document or status is needed")
_NO_TIME = Text("{key}: giờ không có ngày", "{key}: a time without a date")
_TOO_LARGE = Text("lớn hơn {limit} byte", "larger than {limit} bytes")
_NO_FORMAT = Text("{name}: cần tệp .toml hoặc .json", "{name}: a .toml or .json file is needed")


def _refusal(text: Text, **values: object) -> UsageError:
    return UsageError("build-description", detail=filled(text, **values))


# -- the file --------------------------------------------------------------------------------------


def load(description: str) -> tuple[dict[str, Any], Path]:
    """Return the plain values of *description* and the folder that paths in it are relative to.

    *description* is the path of a ``.toml`` or ``.json`` file, or ``-`` for JSON from standard input.
    Raises :class:`~vndoc.errors.SourceError` for a file that cannot be read and
    :class:`~vndoc.errors.UsageError` ``build-description`` for one that makes no sense.
    """
    is_toml = description.lower().endswith(".toml")
    if description != STDIN and not is_toml and not description.lower().endswith(".json"):
        raise _refusal(_NO_FORMAT, name=description)
    data = _octets(description)
    try:
        text = data.decode("utf-8-sig")
        values = tomllib.loads(text) if is_toml else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _refusal(Text("{detail}", "{detail}"), detail=str(error)) from error
    if not isinstance(values, dict):
        raise _refusal(_NO_TABLE, key=description)
    return values, Path() if description == STDIN else Path(description).parent


def _octets(description: str) -> bytes:
    limit = DEFAULT.skeleton_bytes
    try:
        if description == STDIN:
            data = sys.stdin.buffer.read(limit + 1)
        else:
            with Path(description).open("rb") as file:
                data = file.read(limit + 1)
    except (OSError, ValueError) as error:
        detail = getattr(error, "strerror", None) or str(error)
        raise SourceError("source-unreadable", name=description, detail=detail) from error
    if len(data) > limit:
        raise _refusal(_TOO_LARGE, limit=limit)
    return data


# -- the packet ------------------------------------------------------------------------------------


def packet_of(values: Mapping[str, Any], folder: Path, files: Sequence[str] = ()) -> Packet:
    """Return the packet that *values* describe, with its attachments and then *files* attached.

    Without ``kind`` it is a status packet where there is a ``status_code``, else a document packet. Raises
    :class:`~vndoc.errors.UsageError` ``build-description`` for an unknown key (with the nearest known one) or a value
    of the wrong type, :class:`~vndoc.errors.SourceError` for a file that cannot be read.
    """
    kind = values.get("kind", "status" if "status_code" in values else "document")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise _refusal(_NO_KIND)
    fields = {key: value for key, value in values.items() if key not in {"kind", "attachments"}}
    plain = _checked(_KINDS[kind], fields, "")
    try:
        packet = vndoc.packet_from_dict({"kind": kind, **plain})
    except EnvelopeError as error:
        raise UsageError("build-description", detail=error.values["detail"]) from error
    attached = _attachments(values.get("attachments", []), folder)
    attached += [vndoc.attach(file) for file in files]
    if not attached:
        return packet
    if isinstance(packet, StatusPacket):
        raise _refusal(_NO_FILES)
    return packet.evolve(attachments=tuple(attached))


def _checked(model: type, values: Any, path: str) -> dict[str, Any]:
    """Return *values* for *model* as :func:`vndoc.packet_from_dict` takes them; every key is known then."""
    if not isinstance(values, dict):
        raise _refusal(_NO_TABLE, key=path)
    hints = {name: hint for name, hint in _fields(model).items() if name not in _LEFT_OUT}
    known = {json_key(name): name for name in hints} | {name: name for name in hints}
    found: dict[str, Any] = {}
    for key, value in values.items():
        here = f"{path}.{key}" if path else key
        if key not in known:
            near = difflib.get_close_matches(key, [k for k in known if not k.endswith("_")], n=1)
            raise _refusal(_NEAR_KEY, key=here, near=near[0]) if near else _refusal(_UNKNOWN_KEY, key=here)
        found[key] = _value(_model_in(hints[known[key]]), value, here)
    return found


def _fields(model: type) -> dict[str, Any]:
    names = {field.name for field in attrs.fields(model)}
    return {name: hint for name, hint in typing.get_type_hints(model).items() if name in names}


def _model_in(hint: Any) -> type | None:
    """Return the model that *hint* speaks of, however wrapped; None for plain values."""
    if isinstance(hint, type) and attrs.has(hint):
        return None if hint is OrganCode else hint
    found = (_model_in(inner) for inner in typing.get_args(hint))
    return next((model for model in found if model is not None), None)


def _value(model: type | None, value: Any, path: str) -> Any:
    if isinstance(value, list):
        items = enumerate(value)  # lists in lists are left for packet_from_dict to refuse
        return [i if isinstance(i, list) else _value(model, i, f"{path}[{place}]") for place, i in items]
    if model is not None:
        return _checked(model, value, path)
    if isinstance(value, datetime.datetime):
        local = value if value.tzinfo is None else value.astimezone(_VIETNAM).replace(tzinfo=None)
        return local.isoformat()
    if isinstance(value, datetime.time):
        raise _refusal(_NO_TIME, key=path)
    return value.isoformat() if isinstance(value, datetime.date) else value


def _attachments(values: Any, folder: Path) -> list[Attachment]:
    if not isinstance(values, list):
        raise _refusal(_NO_LIST, key="attachments")
    return [_attachment(value, folder, f"attachments[{place}]") for place, value in enumerate(values)]


def _attachment(value: Any, folder: Path, path: str) -> Attachment:
    if not isinstance(value, dict):
        raise _refusal(_NO_TABLE, key=path)
    for key, text in value.items():
        if key not in _FILE_KEYS:
            near = difflib.get_close_matches(key, _FILE_KEYS, n=1)
            here = f"{path}.{key}"
            raise _refusal(_NEAR_KEY, key=here, near=near[0]) if near else _refusal(_UNKNOWN_KEY, key=here)
        if not isinstance(text, str):
            raise _refusal(_NO_TEXT, key=f"{path}.{key}")
    if not value.get("path"):
        raise _refusal(_NO_PATH, key=path)
    named = {key: text or None for key, text in value.items() if key != "path"}
    return vndoc.attach(folder / value["path"], **named)


# -- what is checked and derived -------------------------------------------------------------------


def check_codes(packet: Packet) -> None:
    """Raise :class:`~vndoc.errors.IdentifierError` unless the codes of sender and receivers obey their scheme."""
    receivers = packet.to if isinstance(packet, DocumentPacket) else ()
    organs = [("from", packet.from_), *((f"to[{place}]", organ) for place, organ in enumerate(receivers))]
    for path, organ in organs:
        if organ is not None and organ.organ_id is not None:
            try:
                OrganCode.parse(organ.organ_id.text)
            except IdentifierError as error:
                raise IdentifierError(error.code, place=Place(f"{path}.organ_id"), **error.values) from error


def doubts(packet: Packet) -> list[IdentifierError]:
    """Return what is doubtful in number and notation of *packet*; both may be written all the same."""
    code = packet.code if isinstance(packet, DocumentPacket) else None
    if code is None:
        return []
    found = []
    for field, check, text in (("number", check_number, code.number), ("notation", check_notation, code.notation)):
        try:
            if text:
                check(text)
        except IdentifierError as error:
            found.append(IdentifierError(error.code, place=Place(f"code.{field}"), **error.values))
    return found


def with_document_id(packet: Packet) -> Packet:
    """Return *packet* with an id made from issuer, date, number and notation, if it has none and they are there.

    Raises :class:`~vndoc.errors.IdentifierError` ``document-id-invalid`` where they cannot make one.
    """
    if not isinstance(packet, DocumentPacket) or packet.document_id:
        return packet
    issuer = packet.from_.organ_id if packet.from_ else None
    day = packet.promulgation_info.promulgation_date if packet.promulgation_info else None
    code = packet.code
    if not issuer or not issuer.text or day is None or code is None or not code.number or not code.notation:
        return packet
    return packet.evolve(document_id=DocumentId.form_a(issuer, day, code.number, code.notation).text)
