"""``vndoc evidence``: records that let a signature be verified again years later, offline."""

from __future__ import annotations

import contextlib
import datetime
from pathlib import Path
from typing import Annotated, Any

import attrs
import typer

from vndoc.cli._evidence_stamp import Tsa, loaded, show_stamps, stamp, stamped, stamps_view
from vndoc.cli._fetching import (
    AllowHosts,
    AllowPrivateHosts,
    Bundles,
    CacheFolder,
    FetchOption,
    check_tsa,
    failures_of,
    fetcher_of,
    show_failures,
)
from vndoc.cli._options import AsJson, Language, Overwrite
from vndoc.cli._page import STYLES
from vndoc.cli._run import Result, Run, error_dict, running
from vndoc.cli._signed import verifier_of
from vndoc.cli._target import Draft
from vndoc.cli._times import time_of
from vndoc.cli._trust import Trust, trust_of
from vndoc.cli._verify import OUTCOMES, show_reasons, show_signature
from vndoc.envelope import Octets
from vndoc.errors import FetchError, SignatureError
from vndoc.limits import DEFAULT
from vndoc.packets.files import acquire
from vndoc.pki import Fetcher, FetchSession, Indication
from vndoc.signature.evidence import EvidenceRecord, make_evidence
from vndoc.signature.evidence_check import EvidenceCheck, check_evidence
from vndoc.signature.evidence_stamping import StampedEvidence
from vndoc.signature.policy import Policy, policy_of

__all__ = ["check", "evidence", "make", "stamp"]

evidence = typer.Typer(name="evidence", no_args_is_help=True, add_completion=False, rich_markup_mode=None)
"""The group of commands."""

_Content = Annotated[Path | None, typer.Option("--content", help="signed-content", show_default=False)]
_Trust = Annotated[Path | None, typer.Option("--trust", help="trust-folder", show_default=False)]
_At = Annotated[str | None, typer.Option("--at", help="at-time", show_default=False)]


@evidence.command("make", help="evidence-make")
def make(
    file: Annotated[str, typer.Argument(help="evidence-file", show_default=False)],
    policy: Annotated[str, typer.Option("--policy", help="policy", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="evidence-output", show_default=False)],
    content: _Content = None,
    trust: _Trust = None,
    at: _At = None,
    bundle: Bundles = None,
    fetch: FetchOption = False,
    allow_host: AllowHosts = None,
    allow_private_host: AllowPrivateHosts = None,
    cache: CacheFolder = None,
    tsa: Tsa = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Verify a file and write its record."""
    with running("evidence-make", lang, as_json=as_json) as run:
        fetcher = fetcher_of(run, fetch=fetch, hosts=allow_host, private=allow_private_host, cache=cache)
        authority = None if tsa is None else (tsa, check_tsa(tsa, fetcher))
        job = _Job(acquire(file, DEFAULT), _octets(content), trust_of(trust, bundle or ()), time_of(at, "--at"))
        session = None if fetcher is None else FetchSession.of(fetcher)
        with Draft(output, overwrite=overwrite) as draft:
            record, confirmed = job.make(policy_of(policy), session)
            failures = [] if session is None else failures_of(session)
            record, stamps = _stamped(record, authority, job.trust, failures)
            data = record.to_bytes()
            draft.write(data)
            draft.publish()
        view = _made_view(record, str(output), len(data), confirmed=confirmed, stamps=stamps)
        run.add(file, view | {"failures": failures})
        _show_made(run, file, run.results[-1])


evidence.command("stamp", help="evidence-stamp")(stamp)


@evidence.command("check", help="evidence-check")
def check(
    record: Annotated[str, typer.Argument(help="evidence-record", show_default=False)],
    file: Annotated[str | None, typer.Argument(help="evidence-document", show_default=False)] = None,
    content: _Content = None,
    trust: _Trust = None,
    at: _At = None,
    policy: Annotated[str | None, typer.Option("--policy", help="evidence-policy", show_default=False)] = None,
    bundle: Bundles = None,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Check a record, with its document."""
    with running("evidence-check", lang, as_json=as_json) as run:
        kept = loaded(record)
        document = None if file is None else acquire(file, DEFAULT)
        job = _Job(document, _octets(content), trust_of(trust, bundle or ()), time_of(at, "--at"))
        found = job.check(kept, None if policy is None else policy_of(policy))
        view = {"status": found.indication.value, "document": file, **found.to_dict()}
        run.add(record, view)
        _show_check(run, record, view)


def _octets(path: Path | None) -> Octets | None:
    return None if path is None else acquire(str(path), DEFAULT)


@attrs.frozen
class _Job:
    """What is asked for."""

    document: Octets | None
    content: Octets | None
    trust: Trust
    at: datetime.datetime

    def make(self, policy: Policy, fetch: Fetcher | None) -> tuple[EvidenceRecord, bool]:
        """Return the record, and whether it alone gives the same verdict again."""
        assert self.document is not None  # noqa: S101 - the command asks for it
        with verifier_of(self.document, self.content) as (kind, verifier):
            store = self.trust.store
            record = make_evidence(
                verifier,
                self.document,
                kind=kind,
                policy=policy,
                trust=store,
                at=self.at,
                revocation=self.trust.revocation,
                fetch=fetch,
                content=self.content,
            )
            again = check_evidence(record, verifier, self.document, trust=store, at=self.at, content=self.content)
            return record, again.confirmed

    def check(self, record: EvidenceRecord, policy: Policy | None) -> EvidenceCheck:
        """Return what came of the check; revocation data of folder and bundles counts for the present alone."""
        with contextlib.ExitStack() as stack:
            verifier = None
            if self.document is not None:
                _, verifier = stack.enter_context(verifier_of(self.document, self.content))
            return check_evidence(
                record,
                verifier,
                self.document,
                trust=self.trust.store,
                at=self.at,
                content=self.content,
                policy=policy,
                revocation=self.trust.revocation,
            )


def _stamped(
    record: EvidenceRecord, authority: tuple[str, Fetcher] | None, trust: Trust, failures: list[dict[str, Any]]
) -> tuple[EvidenceRecord, StampedEvidence | None]:
    """Return *record* with a timestamp, if one is asked for and to be had; else why not is put into *failures*."""
    if authority is None:
        return record, None
    url, fetcher = authority
    try:
        found = stamped(record, url, fetcher, trust, policy_of(record.policy))
    except (FetchError, SignatureError) as error:
        failures.append({"url": url, "error": error_dict(error)})
        return record, StampedEvidence(record=record, timestamps=())
    return found.record, found


def _made_view(
    record: EvidenceRecord, output: str, size: int, *, confirmed: bool, stamps: StampedEvidence | None
) -> Result:
    report = record.report
    status = report["indication"]
    if stamps is not None and not stamps.proves and status == Indication.PASSED:
        status = Indication.INDETERMINATE.value
    return {
        "status": status,
        "output": output,
        "size": size,
        "digest": record.digest,
        "kind": record.kind,
        "confirmed": confirmed,
        "verdict": report,
        **({"timestamps": [], "reasons": []} if stamps is None else stamps_view(stamps)),
    }


# -- the pages -----------------------------------------------------------------------------------------


def _show_made(run: Run, name: str, view: dict[str, Any]) -> None:
    run.say(f"{name}: {view['verdict']['answer'][run.lang]}", OUTCOMES[view["verdict"]["indication"]])
    signatures = view["verdict"]["signatures"]
    for signature in signatures:
        show_signature(run, signature)
    show_failures(run, view["failures"])
    if any(reason["code"] == "revocation-not-checked" for s in signatures for reason in s["reasons"]):
        run.say("  " + run.word("evidence-revocation"))
    unproven = any(s["best_signature_time"] is None for s in signatures)
    if view["verdict"]["passed"] and unproven and not view["timestamps"]:
        run.say("  " + run.word("evidence-no-timestamp"), STYLES["warning"])
    show_stamps(run, view)
    run.say(run.word("evidence-made", name=name, **{k: view[k] for k in ("output", "size", "digest")}))
    if not view["confirmed"]:
        run.say(run.word("evidence-incomplete"), STYLES["warning"])


def _show_check(run: Run, name: str, view: dict[str, Any]) -> None:
    run.say(f"{name}: {view['answer'][run.lang]}", OUTCOMES[view["status"]])
    run.say(run.word("evidence-times", made=view["made"], at=view["at"]))
    word = "evidence-confirmed" if view["confirmed"] else "evidence-not-confirmed"
    run.say("  " + run.word(word), "" if view["confirmed"] else STYLES["error"])
    now = view["now"]
    shown = [] if now is None else [r["text"] for s in now["signatures"] for r in s["reasons"]]
    show_reasons(run, [r for r in view["reasons"] if r["text"] not in shown])
    for signature in () if now is None else now["signatures"]:
        show_signature(run, signature)
