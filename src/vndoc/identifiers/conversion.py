"""Between the two schemes of organ codes, by form alone: rules that give candidates, never identities.

Works on groups (most general first, unused ones left out); :meth:`vndoc.identifiers.OrganCode.candidates`
is the way to call it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vndoc.text import Text

__all__ = ["OLD_WIDTHS", "RULES", "converted"]

RULES: Mapping[str, Text] = MappingProxyType(
    {
        "as-published": Text(
            "Đảo thứ tự nhóm, bỏ nhóm không dùng, giữ nguyên số 0 ở đầu; chỉ để tìm kiếm.",
            "Groups reversed, unused ones dropped, leading zeros kept; for searching only.",
        ),
        "integer-groups": Text(
            "Như một số cổng tính: mỗi nhóm đổi thành số nguyên, bỏ nhóm bằng 0; chỉ để tìm kiếm.",
            "As some gateways compute it: each group as an integer, zero groups dropped; for searching only.",
        ),
        "filled-to-four": Text(
            "Đảo thứ tự nhóm, thêm số 0 cho đủ 3 + 2 + 2 chữ số; chỉ để tìm kiếm.",
            "Groups reversed and filled with zeros to 3 + 2 + 2 digits; for searching only.",
        ),
    }
)
"""The rules of conversion by name, each with what it does. ``integer-groups`` is practice (Bkav)."""

OLD_WIDTHS = (2, 2, 3)
"""Digits of levels 2, 3 and 4 in the old scheme."""


def converted(groups: tuple[str, ...], *, from_old: bool) -> tuple[tuple[str, str], ...]:
    """Return pairs of rule name and code text in the other scheme, without repeating a text.

    *groups* are those of a code of the old scheme if *from_old*, else of the present one. A zero group in
    the middle of an old code has no published counterpart, so only ``integer-groups`` applies, which drops it.
    """
    if not from_old:
        text = _to_old(groups)
        return () if text is None else (("filled-to-four", text),)
    integers = ".".join((groups[0], *(str(int(g)) for g in groups[1:] if int(g))))
    if any(not int(g) for g in groups[1:]):
        return (("integer-groups", integers),)
    published = ".".join(groups)
    if published == integers:
        return (("as-published", published),)
    return (("as-published", published), ("integer-groups", integers))


def _to_old(groups: tuple[str, ...]) -> str | None:
    deeper = groups[1:]
    if len(deeper) > len(OLD_WIDTHS) or not all(g.isdigit() for g in deeper):
        return None
    numbers = [int(g) for g in deeper]
    if any(not 0 < n < 10**width for n, width in zip(numbers, OLD_WIDTHS, strict=False)):
        return None
    numbers += [0] * (len(OLD_WIDTHS) - len(numbers))
    filled = [f"{n:0{width}d}" for n, width in zip(numbers, OLD_WIDTHS, strict=True)]
    return ".".join((*reversed(filled), groups[0]))
