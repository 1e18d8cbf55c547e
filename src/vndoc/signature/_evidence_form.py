"""The one file that an evidence record is: its form, its schema, and how it is read back.

The text is JSON in one fixed form (keys sorted, no blanks, UTF-8, one line), so the same record gives the same octets,
and only those are read. ``digest`` is the SHA-256 of that text without the member itself.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, cast

import pybase64

from vndoc.errors import SignatureError
from vndoc.signature._conform import breach
from vndoc.signature.export import SCHEMA as REPORT_SCHEMA

FORMAT: Final = "vndoc-evidence"
VERSION: Final = "1.0"
"""Of the form: the second number counts additions, the first what breaks readers."""
MOST: Final = 1_000
"""Items in one list of a record: real ones have below twenty."""

MOST_STAMPS: Final = 30
"""Timestamps over one record: each is renewed every few years."""

_TEXT: Final = {"type": "string"}
_BASE64: Final = {"type": "string", "contentEncoding": "base64"}
_MAYBE: Final = {"anyOf": [_BASE64, {"type": "null"}]}


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


def _many(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items, "maxItems": MOST}


_FILE: Final = _object(size={"type": "integer"}, sha256=_TEXT)

SCHEMA: Final[dict[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": f"urn:vndoc:evidence:{VERSION}",
    "title": "vndoc evidence record",
    **_object(
        format={"enum": [FORMAT]},
        version={**_TEXT, "pattern": r"^1\.[0-9]+$"},
        kind={"enum": ["cms", "xml", "packet"]},
        made={**_TEXT, "description": "ISO 8601: the time of the evaluation that is recorded"},
        policy=_TEXT,
        document=_FILE,
        content={"anyOf": [_FILE, {"type": "null"}]},
        report={"$ref": "#/$defs/verdict"},
        signatures=_many({"$ref": "#/$defs/core"}),
        certificates=_many(_BASE64),
        crls=_many(_BASE64),
        ocsps=_many(_BASE64),
        timestamps={
            **_many(_object(token=_BASE64, certificates=_many(_BASE64), crls=_many(_BASE64), ocsps=_many(_BASE64))),
            "maxItems": MOST_STAMPS,
            "description": "each over the record as it was then, its own token left empty",
        },
        digest={**_TEXT, "description": "SHA-256 of the record without this member, in its one form"},
    ),
    "$defs": {
        **REPORT_SCHEMA["$defs"],
        "verdict": {key: REPORT_SCHEMA[key] for key in ("type", "properties", "required", "additionalProperties")},
        "core": _object(
            algorithm={**_MAYBE, "description": "DER AlgorithmIdentifier"},
            value={**_BASE64, "description": "the signature value, as it stands in the signature"},
            signed_octets={**_BASE64, "description": "what it is over: SignedInfo, or the signed attributes"},
            timestamps=_many(_BASE64),
            counter_signatures=_many({"$ref": "#/$defs/core"}),
        ),
    },
}
"""The JSON Schema (2020-12) of an evidence record."""


def encoded(octets: bytes) -> str:
    """Return *octets* in base64."""
    return pybase64.b64encode(octets).decode("ascii")


def decoded(text: str, place: str) -> bytes:
    """Return the octets of the base64 *text* at *place*; ``evidence-malformed`` if it is none."""
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError:
        raise malformed(place) from None


def read_at(items: Iterable[str], place: str, read: Callable[[bytes, str], Any]) -> tuple[Any, ...]:
    """Return what *read* makes of each item of base64, told its place."""
    return tuple(read(decoded(text, f"{place}/{n}"), f"{place}/{n}") for n, text in enumerate(items))


def malformed(place: str) -> SignatureError:
    """Return the error of a record that is not built as it should be at *place*."""
    return SignatureError("evidence-malformed", detail=place)


def text_of(values: Mapping[str, Any]) -> str:
    """Return the one text of plain *values*."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest_of(values: Mapping[str, Any]) -> str:
    """Return the digest of *values*, their own ``digest`` left out."""
    bare = {name: value for name, value in values.items() if name != "digest"}
    return hashlib.sha256(text_of(bare).encode()).hexdigest()


def written(values: Mapping[str, Any]) -> bytes:
    """Return the file for *values*, the digest added."""
    return (text_of({**values, "digest": digest_of(values)}) + "\n").encode()


def parsed(data: bytes, limit: int) -> dict[str, Any]:
    """Return the plain values of the record *data*, proven to be of the form.

    Raises :class:`~vndoc.errors.SignatureError`: ``evidence-too-large``, ``evidence-malformed``, ``evidence-version``,
    ``evidence-digest``.
    """
    if len(data) > limit:
        raise SignatureError("evidence-too-large", size=len(data), limit=limit)
    try:
        values = json.loads(data.decode("utf-8"), parse_constant=_no_number, parse_float=_number)
        _check(values, data)
    except SignatureError:
        raise
    except (ValueError, RecursionError):  # no UTF-8, no JSON, lone surrogates, nested beyond reason
        raise malformed("JSON") from None
    return cast("dict[str, Any]", values)


def _check(values: object, data: bytes) -> None:
    """Refuse what is no record of this version, was changed, or is not in the one form."""
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise malformed("/format")
    version = values.get("version")
    if not isinstance(version, str) or version.partition(".")[0] != VERSION.partition(".")[0]:
        raise SignatureError("evidence-version", found=version, expected=VERSION)
    if "digest" in values and values["digest"] != digest_of(values):
        raise SignatureError("evidence-digest")
    found = breach(values, SCHEMA, SCHEMA)
    if found is not None:
        raise malformed(found)
    if written(values) != data:
        raise malformed("JSON")


def _no_number(text: str) -> float:
    raise ValueError(text)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value
