"""Document text on its way to a terminal: nothing in it may command the terminal or deceive the eye.

Packets come from strangers. A control sequence in a subject could rewrite the screen, a bidirectional mark in a
file name could turn ``fdp.exe`` around. Rich markup is off everywhere, so text needs no escaping besides this.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any

__all__ = ["clean", "dump"]

_REPLACEMENT = "\ufffd"
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories: controls, format characters (bidirectional marks among them), surrogates, line separators."""


def _is_unsafe(char: str) -> bool:
    return unicodedata.category(char) in _UNSAFE


def clean(text: object) -> str:
    """Return *text* on one line: line ends and tabs as spaces, all else that is unsafe as U+FFFD."""
    shown = str(text)
    if shown.isprintable():
        return shown
    return "".join(" " if ch in "\t\r\n" else _REPLACEMENT if _is_unsafe(ch) else ch for ch in shown)


def dump(value: Any, *, ascii_only: bool = False) -> str:
    """Return *value* as JSON over several lines, in which unsafe characters are written as escapes."""
    text = json.dumps(value, ensure_ascii=ascii_only, indent=2)
    unsafe = {ord(ch): json.dumps(ch)[1:-1] for ch in set(text) if ch != "\n" and _is_unsafe(ch)}
    return text.translate(unsafe) if unsafe else text
