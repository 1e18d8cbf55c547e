"""What the command says of arguments that it cannot use, and its help, in both languages."""

from __future__ import annotations

import errno
import os
import re

import pytest

from vndoc.cli import main
from vndoc.cli._usage import usage_text


@pytest.mark.parametrize(
    ("arguments", "vi", "en"),
    [
        ("validate --kk", "không có tùy chọn --kk.", "there is no option --kk."),
        (
            "validate --jso x",
            "không có tùy chọn --jso; có phải là --json?",
            "there is no option --jso; is --json meant?",
        ),
        ("valdate x", "không có lệnh valdate; có phải là validate?", "there is no command valdate; is validate meant?"),
        ("agencies nope", "không có lệnh nope.", "there is no command nope."),
        ("inspect", "thiếu tham số files.", "the argument files is missing."),
        ("verify x", "thiếu tùy chọn --policy.", "the option --policy is missing."),
        ("validate --profile", "--profile phải có giá trị.", "--profile needs a value."),
        ("validate --json=3 x", "--json không nhận giá trị.", "--json takes no value."),
        ("profiles extra args", "thừa tham số: extra args.", "too many arguments: extra args."),
        (
            "validate --today 04/03/2026 x",
            "--today: 04/03/2026 không phải một ngày viết như 2026-03-04.",
            "--today: 04/03/2026 is no day written as 2026-03-04.",
        ),
        (
            "stats --by nam x",
            "--by: nam không được phép; các giá trị: level, unit, month.",
            "--by: nam is not allowed; the values are level, unit, month.",
        ),
        ("sim --port x", "--port: phải là số nguyên.", "--port: it must be a whole number."),
        ("sim --port -1", "--port: ít nhất là 0.", "--port: it is at least 0."),
        ("sim --port 99999", "--port: nhiều nhất là 65535.", "--port: it is at most 65535."),
    ],
)
def test_wrong_usage_is_told_in_the_language_of_the_user(
    arguments: str, vi: str, en: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LC_ALL", raising=False)
    for locale, start, text, see in (
        ("vi_VN.UTF-8", "Sai cách dùng: ", vi, "Xem: "),
        ("C.UTF-8", "Wrong usage: ", en, "See: "),
    ):
        monkeypatch.setenv("LC_MESSAGES", locale)
        assert main(arguments.split()) == 2
        shown = capsys.readouterr()
        assert shown.out == ""
        first, second = shown.err.splitlines()
        assert first == start + text
        assert second.startswith(see)


def test_what_is_not_known_is_told_as_it_is() -> None:
    assert usage_text("Something else.", "vi") == "Something else."
    assert usage_text("Invalid value for '--at': odd", "vi") == "--at: odd."


@pytest.mark.parametrize("command", ["", "validate", "stats", "node", "node send", "sim"])
def test_the_help_is_in_the_language_of_the_user(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command.split(), "--help", "--lang=vi"]) == 0
    vietnamese = capsys.readouterr().out
    assert vietnamese.startswith("Cách dùng: vndoc")
    assert not re.search(r"Usage|Options|Commands:|Arguments:|required|default:|Show this", vietnamese)
    assert "In trợ giúp này rồi thoát." in vietnamese
    assert main([*command.split(), "--help", "--lang=en"]) == 0
    english = capsys.readouterr().out
    assert english.startswith("Usage: vndoc")
    for page in (vietnamese, english):
        assert "..." not in page.replace("{files}...", "").replace("[files]...", "").replace("files...", "").replace(
            "[ARGS]...", ""
        ), "no text is cut off"
        assert not re.search(r"list\[|%Y| range>", page), "types have names that people know"


@pytest.mark.parametrize(
    ("arguments", "vietnamese"),
    [
        ("--lang vi validate nope.edxml", True),
        ("--lang=vi node status --config nope.toml", True),
        ("node --lang vi status --config nope.toml", True),
        ("--lang en validate nope.edxml --lang vi", True),
        ("--lang vi node status --lang en --config nope.toml", False),
        ("--lang en agencies show nope --table nope.csv", False),
    ],
)
def test_the_language_may_stand_before_the_command(
    arguments: str, vietnamese: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments.split()) == 2
    shown = capsys.readouterr().err
    assert ("không có tệp hoặc thư mục này" in shown) is vietnamese
    assert (os.strerror(errno.ENOENT) in shown) is not vietnamese
