"""Text to markup: escaping, and the carried signature."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from vndoc.edxml import elements as table
from vndoc.edxml.profiles import Profile
from vndoc.envelope import SignatureMarkup
from vndoc.errors import Place, ReadError, WriteError
from vndoc.text import Text
from vndoc.xml import parse

__all__ = ["escape_attribute", "escape_text", "illegal_character", "signature_lines"]

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})
_ATTRIBUTE = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#xD;", "\n": "&#xA;", "\t": "&#x9;"}
)
_XML = "http://www.w3.org/XML/1998/namespace"
_NAME = re.compile(r"[^\s\x00-\x20<>&\"'/=:?!]+")
_DEPTH = 3
_ERROR = Text("{vi}", "{en}")
_PLACE = Place(f"/{table.ROOT}/{table.ENVELOPE}/{table.HEADER}/{table.SIGNATURE}")
_AROUND: Mapping[str, str] = {"": table.NAMESPACE, table.PREFIX: table.NAMESPACE}


def illegal_character(text: str) -> str | None:
    """Return the first character of *text* that may not stand in XML 1.0, or ``None``."""
    bad = _ILLEGAL.search(text)
    return bad[0] if bad else None


def _checked(text: str) -> str:
    if text.isprintable():  # none of the illegal characters is
        return text
    bad = illegal_character(text)
    if bad is not None:
        raise WriteError("text-not-xml", found=f"{ord(bad):04X}")
    return text


def escape_text(text: str, profile: Profile) -> str:
    """Return *text* for element content; line feeds become the line end of the profile where it trims texts.

    Raises :class:`~vndoc.errors.WriteError` ``text-not-xml`` for a character that XML does not allow.
    """
    escaped = escape(text)
    return escaped.replace("\n", profile.line_end) if profile.trim_text else escaped


def escape(text: str) -> str:
    """Return *text* for element content, line feeds as they are. Raises as :func:`escape_text`."""
    if text.isprintable() and "&" not in text and "<" not in text and ">" not in text:
        return text
    return _checked(text).translate(_TEXT)


def escape_attribute(text: str) -> str:
    """Return *text* for an attribute in double quotes. Raises as :func:`escape_text`."""
    return _checked(text).translate(_ATTRIBUTE)


def signature_lines(signature: SignatureMarkup, profile: Profile) -> list[str]:
    """Return the lines of the carried signature.

    One in the namespace of XML-DSig is written with every character of its white space, because it may be
    real. A strict profile writes no other; the others are laid out anew, as the axis does.

    Raises :class:`~vndoc.errors.WriteError` where its names or texts cannot stand in XML.
    """
    if signature.namespace != table.XMLDSIG and profile.strict:
        return []
    try:
        if signature.namespace == table.XMLDSIG:
            lines = [profile.indent * _DEPTH + _verbatim(signature, dict(_AROUND))]
        else:
            lines = _laid_out(signature, profile, _DEPTH)
        around = "".join(f' xmlns{":" * bool(prefix)}{prefix}="{uri}"' for prefix, uri in _AROUND.items())
        parse(f"<{table.HEADER}{around}>{''.join(lines)}</{table.HEADER}>".encode())
    except ReadError as error:
        found = _ERROR.filled(vi=error.text("vi"), en=error.text("en"))
        raise WriteError("value-not-allowed", found=found, expected="XML", place=_PLACE) from error
    except WriteError as error:
        raise WriteError(error.code, place=_PLACE, **error.values) from error
    return lines


def _name(name: str) -> str:
    """Return *name* if it holds nothing that could break out of a tag; whether it is a name, the parser says."""
    if not _NAME.fullmatch(name):
        raise WriteError("value-not-allowed", found=name, expected="NCName")
    return name


def _laid_out(node: SignatureMarkup, profile: Profile, depth: int) -> list[str]:
    pad = profile.indent * depth
    tag = _name(node.name)
    times = Counter(_plain(key) for key, _ in node.attributes)
    kept = [(_plain(key), value) for key, value in node.attributes if times[_plain(key)] == 1 or key == _plain(key)]
    opening = tag + "".join(f' {_name(key)}="{escape_attribute(value)}"' for key, value in kept)
    inner = [child for child in node.children if isinstance(child, SignatureMarkup)]
    if inner:
        lines = [line for child in inner for line in _laid_out(child, profile, depth + 1)]
        return [f"{pad}<{opening}>", *lines, f"{pad}</{tag}>"]
    text = escape_text("".join(str(child) for child in node.children).strip(), profile)
    return [f"{pad}<{opening}>{text}</{tag}>" if text else f"{pad}<{opening} />"]


def _plain(key: str) -> str:
    return key.rpartition("}")[2]


def _verbatim(node: SignatureMarkup, around: dict[str, str]) -> str:
    scope = around
    declared: list[str] = []
    namespace = node.namespace or ""
    prefix = _name(node.prefix) if node.prefix and namespace else ""
    if scope.get(prefix, "") != namespace:
        scope = {**scope, prefix: namespace}
        declared.append(_declaration(prefix, namespace))
    if any(key.startswith("{") for key, _ in node.attributes):
        scope = dict(scope)  # prefixes for them may be added
    attributes = ""
    for key, value in node.attributes:
        attributes += f' {_attribute_name(key, scope, declared)}="{escape_attribute(value)}"'
    name = f"{prefix}:{_name(node.name)}" if prefix else _name(node.name)
    opening = name + "".join(declared) + attributes
    inner = "".join(
        _verbatim(child, scope) if isinstance(child, SignatureMarkup) else escape(child) for child in node.children
    )
    return f"<{opening}>{inner}</{name}>" if inner else f"<{opening}/>"


def _declaration(prefix: str, namespace: str) -> str:
    return f' xmlns:{prefix}="{escape_attribute(namespace)}"' if prefix else f' xmlns="{escape_attribute(namespace)}"'


def _attribute_name(key: str, scope: dict[str, str], declared: list[str]) -> str:
    if not key.startswith("{"):
        return _name(key)
    namespace, _, name = key[1:].rpartition("}")
    _name(name)
    if namespace == _XML:
        return f"xml:{name}"
    for prefix, bound in scope.items():
        if prefix and bound == namespace:
            return f"{prefix}:{name}"
    prefix = next(f"ns{i}" for i in range(len(scope) + 1) if f"ns{i}" not in scope)
    scope[prefix] = namespace
    declared.append(_declaration(prefix, namespace))
    return f"{prefix}:{name}"
