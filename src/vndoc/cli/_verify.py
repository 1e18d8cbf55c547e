"""``vndoc verify``: who signed what, when, and whether it can be believed; packets, XML and CMS files."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated, Any

import attrs
import typer

from vndoc.cli._fetching import AllowHosts, AllowPrivateHosts, Bundles, CacheFolder, FetchOption, fetcher_of
from vndoc.cli._inputs import Input, inputs
from vndoc.cli._options import AsJson, Language
from vndoc.cli._page import STYLES
from vndoc.cli._run import Result, Run, running
from vndoc.cli._signed import verifier_of
from vndoc.cli._times import time_of
from vndoc.cli._trust import Trust, trust_of
from vndoc.limits import DEFAULT
from vndoc.packets.files import acquire
from vndoc.pki import Fetcher
from vndoc.signature.export import report_to_dict, verdict_to_dict
from vndoc.signature.packet import PacketVerdict
from vndoc.signature.policy import Policy, policy_of
from vndoc.signature.report import Verdict

__all__ = ["OUTCOMES", "SUFFIXES", "Job", "show_reasons", "show_signature", "verdict_view", "verify"]

SUFFIXES = (".edxml", ".xml", ".p7s", ".p7m", ".sig")
"""Which files of a folder count as signed."""


def verify(
    files: Annotated[list[str], typer.Argument(help="signed-files", show_default=False)],
    policy: Annotated[str, typer.Option("--policy", help="policy", show_default=False)],
    content: Annotated[Path | None, typer.Option("--content", help="signed-content", show_default=False)] = None,
    trust: Annotated[Path | None, typer.Option("--trust", help="trust-folder", show_default=False)] = None,
    at: Annotated[str | None, typer.Option("--at", help="at-time", show_default=False)] = None,
    bundle: Bundles = None,
    fetch: FetchOption = False,
    allow_host: AllowHosts = None,
    allow_private_host: AllowPrivateHosts = None,
    cache: CacheFolder = None,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Verify signatures."""
    with running("verify", lang, as_json=as_json) as run:
        fetcher = fetcher_of(run, fetch=fetch, hosts=allow_host, private=allow_private_host, cache=cache)
        job = Job(policy_of(policy), trust_of(trust, bundle or ()), time_of(at, "--at"), content, fetcher)
        run.each(inputs(files, SUFFIXES), job.examine, lambda name, result: _show(run, name, result))


@attrs.frozen
class Job:
    """What is asked for; ``fetch`` is who may be asked over the network (``None``: nobody)."""

    policy: Policy
    trust: Trust
    at: datetime.datetime
    content: Path | None
    fetch: Fetcher | None = None

    def examine(self, item: Input) -> Result:
        """Verify one file."""
        kind, verdict = self._judged(item)
        return verdict_view(kind, verdict)

    def verdict(self, item: Input) -> Verdict:
        """Return the verdict on one file. Raises :class:`~vndoc.errors.VndocError`."""
        return self._judged(item)[1]

    def _judged(self, item: Input) -> tuple[str, Verdict]:
        octets = acquire(item.check(), DEFAULT)
        content = None if self.content is None else acquire(str(self.content), DEFAULT)
        with verifier_of(octets, content) as (kind, verifier):
            verdict = verifier(
                policy=self.policy,
                trust=self.trust.store,
                at=self.at,
                revocation=self.trust.revocation,
                fetch=self.fetch,
            )
        return kind, verdict


def verdict_view(kind: str, verdict: Verdict) -> Result:
    """Return *verdict* as plain values."""
    packet = None
    if isinstance(verdict, PacketVerdict):
        packet = {
            "header": verdict.header.value,
            "sealed": verdict.sealed,
            "original": verdict.original.value,
            "main_document": verdict.main_document,
            "set_aside": [report_to_dict(report) for report in verdict.set_aside],
        }
    return {"status": verdict.indication.value, "kind": kind, "verdict": verdict_to_dict(verdict), "packet": packet}


# -- the page ------------------------------------------------------------------------------------------

OUTCOMES = {"passed": "bold green", "failed": "bold red", "indeterminate": "bold yellow"}


def _show(run: Run, name: str, result: Result) -> None:
    verdict = result["verdict"]
    run.say(f"{name}: {verdict['answer'][run.lang]}", OUTCOMES[result["status"]])
    if result["packet"] is not None:
        run.say("  " + run.word("original-" + result["packet"]["original"]))
    for signature in verdict["signatures"]:
        show_signature(run, signature)
    shown = [r["text"] for s in verdict["signatures"] for r in s["reasons"]]
    show_reasons(run, [r for r in verdict["reasons"] if r["text"] not in shown])


def show_signature(run: Run, signature: dict[str, Any]) -> None:
    """Print what a verifier must show of one signature (Circular 15/2025/TT-BKHCN), then the reasons."""
    signer, certificate = signature["signer"] or {}, signature["certificate"]
    best, claimed = signature["best_signature_time"], signature["claimed_time"]
    time = run.word("no-time") if claimed is None else run.word("claimed-time", time=claimed)
    lines = {
        "verify-signer": signer.get("display_name"),
        "verify-organisation": signer.get("organization"),
        "verify-issuer": signature["issuing_organisation"],
        "verify-unit": signature["managing_unit"],
        "verify-time": time if best is None else run.word("proven-time", time=best),
        "verify-integrity": run.word("intact" if signature["intact"] else "not-intact"),
        "verify-trust": signature["trust"]["answer"][run.lang],
        "verify-validity": None if certificate is None else f"{certificate['not_before']} – {certificate['not_after']}",
    }
    run.say(f"  {signature['place']}: {signature['answer'][run.lang]}", OUTCOMES[signature["indication"]])
    for label, value in lines.items():
        if value is not None:
            run.say(f"    {run.word(label)}: {value}")
    show_reasons(run, signature["reasons"])


def show_reasons(run: Run, reasons: list[dict[str, Any]]) -> None:
    """Print reasons, each on a line of its own; what is said of several places alike is printed once."""
    lines: dict[str, str] = {}
    for reason in reasons:
        severity = "error" if reason["indication"] else "warning" if reason["warning"] else "note"
        lines[f"    {run.word('severity-' + severity)}: {reason['text'][run.lang]} [{reason['code']}]"] = severity
    for line, severity in lines.items():
        run.say(line, STYLES[severity])
