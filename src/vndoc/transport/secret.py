"""A value that does not print: passwords, shared keys and tokens on their way to a carrier."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Iterator
from urllib.parse import quote

__all__ = ["Secret", "scrub"]

_MASK = "***"
_SHORTEST = 4
"""Shorter secrets are not looked for in texts: they would strike out half of the words."""


class Secret:
    """A secret text. ``repr``, ``str`` and formatting show ``***``; only :meth:`reveal` gives it out.

    It does not pickle: a secret does not travel by accident. Two are equal if their texts are, compared in constant
    time. Raises :class:`TypeError` for anything but text.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError("a secret is text")
        self._text = text

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({_MASK})"

    def __str__(self) -> str:
        return _MASK

    def __format__(self, spec: str) -> str:
        return format(_MASK, spec)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a secret is not pickled")


def as_secret(value: Secret | str) -> Secret:
    """Return *value* as a secret."""
    return value if isinstance(value, Secret) else Secret(value)


def scrub(text: str, secrets: Iterable[Secret]) -> str:
    """Return *text* with every one of *secrets* (of four characters or more) replaced by ``***``, also where it stands
    as JSON or a query writes it.

    What another system says goes into errors and evidence; it may repeat what it was sent.
    """
    plain = {secret.reveal() for secret in secrets if len(secret.reveal()) >= _SHORTEST}
    forms = {form for one in plain for form in _forms(one)}
    for form in sorted(forms, key=len, reverse=True):  # one may be the beginning of another
        text = text.replace(form, _MASK)
    return text


def _forms(text: str) -> Iterator[str]:
    """Yield the ways in which *text* is written in plain words, in JSON and in a query."""
    yield text
    for written in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
        yield written
        yield written.replace("/", "\\/")
    yield quote(text.encode("utf-8", "surrogatepass"), safe="")
