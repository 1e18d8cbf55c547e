"""``vndoc profiles``: how packets can be written, and what each peer accepts."""

from __future__ import annotations

import attrs

from vndoc.cli._options import AsJson, Language
from vndoc.cli._page import number_text
from vndoc.cli._run import Run, both, running
from vndoc.edxml import PROFILES, Profile

__all__ = ["LIMITS", "profiles"]

LIMITS = (
    "organ_code_length",
    "organ_code_groups",
    "packet_bytes",
    "attachment_bytes",
    "attachment_name_length",
    "attachment_name_ascii",
)
"""Fields of a profile that limit what the peer accepts."""


def profiles(as_json: AsJson = False, lang: Language = None) -> None:
    """List the profiles."""
    with running("profiles", lang, as_json=as_json) as run:
        for profile in PROFILES.values():
            limits = _limits(profile)
            run.add(None, {"status": "passed", "name": profile.name, "title": both(profile.title), "limits": limits})
            run.say(profile.name, "bold")
            run.say(f"  {profile.title.render(run.lang)}")
            run.say(f"  {_limits_line(run, limits)}", "dim")


def _limits(profile: Profile) -> dict[str, int | bool]:
    values = attrs.asdict(profile, recurse=False, filter=lambda field, _: field.name in LIMITS)
    return {name: values[name] for name in LIMITS if values[name]}


def _limits_line(run: Run, limits: dict[str, int | bool]) -> str:
    texts = [run.word(f"limit-{name}", value=number_text(run, value)) for name, value in limits.items()]
    return "; ".join(texts) or run.word("no-limits")
