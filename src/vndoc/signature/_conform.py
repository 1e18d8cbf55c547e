"""Whether plain values are what a JSON Schema says, for the few words of it that our own schemas use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "number": (int, float),
    "integer": int,
    "null": type(None),
}


def breach(value: object, schema: Mapping[str, Any], root: Mapping[str, Any], path: str = "") -> str | None:
    """Return where *value* first differs from *schema*, as a path such as ``/signatures/0/value``; ``None`` if nowhere.

    *root* is the whole schema, in which ``$ref`` leads to ``$defs``.
    """
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        return breach(value, root["$defs"][name], root, path)
    if "anyOf" in schema:
        found = [breach(value, one, root, path) for one in schema["anyOf"]]
        return None if None in found else found[0]
    if "enum" in schema:
        return None if value in schema["enum"] else path or "/"
    if not _is(value, schema.get("type", ())):
        return path or "/"
    if isinstance(value, dict) and "properties" in schema:
        return _of_object(value, schema, root, path)
    if isinstance(value, list) and "items" in schema:
        if len(value) > schema.get("maxItems", len(value)):
            return f"{path}/{schema['maxItems']}"
        steps = (breach(one, schema["items"], root, f"{path}/{number}") for number, one in enumerate(value))
        return next((step for step in steps if step is not None), None)
    return None


def _is(value: object, types: str | list[str]) -> bool:
    names = [types] if isinstance(types, str) else types
    if isinstance(value, bool):
        return "boolean" in names
    return any(isinstance(value, _TYPES[name]) for name in names)


def _of_object(value: dict[str, Any], schema: Mapping[str, Any], root: Mapping[str, Any], path: str) -> str | None:
    known = schema["properties"]
    for name in (*schema.get("required", ()), *value):
        if name not in value or name not in known:
            return f"{path}/{name}"
    steps = (breach(one, known[name], root, f"{path}/{name}") for name, one in value.items())
    return next((step for step in steps if step is not None), None)
