"""Joining of ``xml:base`` values, as Canonical XML 1.1 asks for it."""

from __future__ import annotations

import re

__all__ = ["join_uri_references", "remove_dot_segments"]

_PARTS = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?", re.DOTALL)
"""Scheme, authority, path and query of a URI reference (RFC 3986, appendix B)."""


def join_uri_references(base: str, reference: str) -> str:
    """Return what *reference*, the value of an inner ``xml:base``, comes to inside an element with the value *base*.

    Nothing is looked up: both are text. The outcome is relative if both are, and it may be empty.

    Source: Canonical XML 1.1, section 2.4 (RFC 3986, sections 5.2 and 5.3, modified).
    """
    b_scheme, b_authority, b_path, b_query = _parts(base)
    scheme, authority, path, query = _parts(reference)
    if scheme is not None:
        return _compose(scheme, authority, remove_dot_segments(path), query)
    if authority is not None:
        return _compose(b_scheme, authority, remove_dot_segments(path), query)
    if not path:
        return _compose(b_scheme, b_authority, b_path, b_query if query is None else query)
    if not path.startswith("/"):
        if b_path == ".." or b_path.endswith("/.."):
            b_path += "/"
        start = "/" if b_authority is not None and not b_path else b_path[: b_path.rfind("/") + 1]
        path = start + path
    return _compose(b_scheme, b_authority, remove_dot_segments(path), query)


def remove_dot_segments(path: str) -> str:
    """Return *path* without ``.`` and ``..`` segments, but with those ``..`` that lead out of a relative path.

    Source: Canonical XML 1.1, section 2.4 and appendix A.
    """
    absolute = path.startswith("/")
    segments = path.split("/")
    kept: list[str] = []
    for segment in segments:
        if segment == ".." and kept and kept[-1] != "..":
            kept.pop()
        elif segment == "..":
            kept += [] if absolute else [segment]
        elif segment not in {"", "."}:
            kept.append(segment)
    found = "/".join(kept)
    if found and segments[-1] in {"", ".", ".."}:
        found += "/"
    return "/" + found if absolute else found


def _parts(reference: str) -> tuple[str | None, str | None, str, str | None]:
    found = _PARTS.match(reference)
    assert found is not None  # noqa: S101 - every part may be empty
    return found[1], found[2], found[3], found[4]


def _compose(scheme: str | None, authority: str | None, path: str, query: str | None) -> str:
    """Put a reference together (RFC 3986, section 5.3); the fragment is dropped."""
    parts = [] if scheme is None else [scheme, ":"]
    parts += [] if authority is None else ["//", authority]
    parts += [path]
    parts += [] if query is None else ["?", query]
    return "".join(parts)
