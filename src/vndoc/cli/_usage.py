"""The command used wrongly, and its help, in the language of who reads it.

The library that parses the arguments speaks English and names its own types; what it says is known by its form, and
said again. What is not known stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import typer

from vndoc.text import Lang, Text

__all__ = ["context_in", "usage_text"]

_USAGE: Final[Sequence[tuple[str, Text]]] = (
    (r"No such option: (?P<name>\S+)", Text("không có tùy chọn {name}", "there is no option {name}")),
    (r"No such command '(?P<name>.+?)'", Text("không có lệnh {name}", "there is no command {name}")),
    (r"Missing argument '(?P<name>.+)'", Text("thiếu tham số {name}", "the argument {name} is missing")),
    (r"Missing option '(?P<name>.+)'", Text("thiếu tùy chọn {name}", "the option {name} is missing")),
    (r"Option '(?P<name>.+)' requires an argument", Text("{name} phải có giá trị", "{name} needs a value")),
    (r"Option '(?P<name>.+)' does not take a value", Text("{name} không nhận giá trị", "{name} takes no value")),
    (r"Got unexpected extra \S+ \((?P<found>.+)\)", Text("thừa tham số: {found}", "too many arguments: {found}")),
)
"""What is wrong with the arguments as a whole."""
_VALUES: Final[Sequence[tuple[str, Text]]] = (
    (
        r"'(?P<found>.*)' does not match the formats '%Y-%m-%d'",
        Text("{found} không phải một ngày viết như 2026-03-04", "{found} is no day written as 2026-03-04"),
    ),
    (
        r"'(?P<found>.*)' is not one of (?P<known>.*)",
        Text("{found} không được phép; các giá trị: {known}", "{found} is not allowed; the values are {known}"),
    ),
    (r"Input should be a valid integer.*", Text("phải là số nguyên", "it must be a whole number")),
    (r"Input should be greater than or equal to (?P<least>\S+)", Text("ít nhất là {least}", "it is at least {least}")),
    (r"Input should be less than or equal to (?P<most>\S+)", Text("nhiều nhất là {most}", "it is at most {most}")),
)
"""What is wrong with one value."""
_VALUE: Final = re.compile(r"Invalid value for '(?P<name>.+?)': (?:Value error, )?(?P<detail>.*)", re.DOTALL)
_HINT: Final = re.compile(r"\.? (?:Did you mean (?P<meant>.+)\?|\(Possible options: (?P<possible>.+)\))$")
_MEANT: Final = Text("{text}; có phải là {hint}?", "{text}; is {hint} meant?")


def usage_text(message: str, lang: Lang) -> str:
    """Return what the parser of arguments says as *message* in *lang*, or as it is where it is not known."""
    hint = _HINT.search(message)
    said = message[: hint.start()] if hint is not None else message
    value = _VALUE.fullmatch(said)
    if value is not None:
        text = f"{value['name']}: {_said(value['detail'], _VALUES, lang)}"
    else:
        text = _said(said, _USAGE, lang)
    if hint is None:
        return text + "."
    return _MEANT.render(lang, text=text, hint=(hint["meant"] or hint["possible"]).replace("'", ""))


def _said(message: str, table: Sequence[tuple[str, Text]], lang: Lang) -> str:
    bare = message.removesuffix(".")
    for pattern, text in table:
        found = re.fullmatch(pattern, bare, re.DOTALL)
        if found is not None:
            return text.render(lang, **{k: v.replace("'", "") for k, v in found.groupdict().items()})
    return bare


# -- help ------------------------------------------------------------------------------------------------

_HELP: Final = {
    "Usage: ": "Cách dùng: ",
    "Arguments": "Tham số",
    "Options": "Tùy chọn",
    "Commands": "Lệnh",
    "Show this message and exit.": "In trợ giúp này rồi thoát.",
}
_MARKS: Final = ((r"\[required\]$", "[bắt buộc]"), (r"\[default: ", "[mặc định: "))
_TYPES: Final = ((r"<list\[([^]>]+)\]>", r"<\1>"), (r"<%Y-%m-%d>", "<YYYY-MM-DD>"), (r" range>", ">"))
"""Names of types that only the library's own users read, and what to show in their place."""


def _replaced(text: str, table: Sequence[tuple[str, str]]) -> str:
    for pattern, new in table:
        text = re.sub(pattern, new, text)
    return text


_Base: Any = typer.Context.formatter_class


class _Formatter(_Base):  # type: ignore[misc]  # the parser keeps the class itself to itself
    """Writes the help: types by names that people know."""

    def write_dl(self, rows: Sequence[tuple[str, str]], *args: Any, **options: Any) -> None:
        super().write_dl([(_replaced(name, _TYPES), text) for name, text in rows], *args, **options)


class _Vietnamese(_Formatter):
    """Writes the words around the texts of the help in Vietnamese."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or _HELP["Usage: "])

    def write_heading(self, heading: str) -> None:
        super().write_heading(_HELP.get(heading, heading))

    def write_dl(self, rows: Sequence[tuple[str, str]], *args: Any, **options: Any) -> None:
        super().write_dl([(name, _HELP.get(text, _replaced(text, _MARKS))) for name, text in rows], *args, **options)


class _Context(typer.Context):
    formatter_class = _Formatter


class _VietnameseContext(typer.Context):
    formatter_class = _Vietnamese


def context_in(lang: Lang) -> type[typer.Context]:
    """Return the class of contexts whose help is written in *lang*."""
    return _VietnameseContext if lang == "vi" else _Context
