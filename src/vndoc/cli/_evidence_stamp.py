"""``vndoc evidence make --tsa`` and ``vndoc evidence stamp``: timestamps over records, got over the network."""

from __future__ import annotations

import datetime
import secrets
from pathlib import Path
from typing import Annotated, Any

import typer

from vndoc.cli._fetching import (
    AllowHosts,
    AllowPrivateHosts,
    Bundles,
    CacheFolder,
    FetchOption,
    check_tsa,
    fetcher_of,
)
from vndoc.cli._options import AsJson, Language, Overwrite
from vndoc.cli._page import STYLES
from vndoc.cli._run import Result, Run, running
from vndoc.cli._target import Draft
from vndoc.cli._trust import Trust, trust_of
from vndoc.cli._verify import OUTCOMES, show_reasons
from vndoc.errors import SignatureError
from vndoc.limits import DEFAULT
from vndoc.packets.files import acquire
from vndoc.pki import Fetcher, outcome_of
from vndoc.signature.evidence import EvidenceRecord
from vndoc.signature.evidence_stamping import StampedEvidence, stamp_evidence
from vndoc.signature.export import outcome_to_dict, timestamp_to_dict
from vndoc.signature.policy import Policy, policy_of
from vndoc.signature.tsp import stamp_by

__all__ = ["Tsa", "loaded", "show_stamps", "stamp", "stamped", "stamps_view"]

Tsa = Annotated[str | None, typer.Option("--tsa", help="tsa", show_default=False)]

_NONCE_BITS = 64


def stamp(
    record: Annotated[str, typer.Argument(help="evidence-record", show_default=False)],
    tsa: Annotated[str, typer.Option("--tsa", help="tsa", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="evidence-output", show_default=False)],
    trust: Annotated[Path | None, typer.Option("--trust", help="trust-folder", show_default=False)] = None,
    policy: Annotated[str | None, typer.Option("--policy", help="evidence-policy", show_default=False)] = None,
    bundle: Bundles = None,
    fetch: FetchOption = False,
    allow_host: AllowHosts = None,
    allow_private_host: AllowPrivateHosts = None,
    cache: CacheFolder = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Put a further timestamp over a record."""
    with running("evidence-stamp", lang, as_json=as_json) as run:
        fetcher = fetcher_of(run, fetch=fetch, hosts=allow_host, private=allow_private_host, cache=cache)
        asked = check_tsa(tsa, fetcher)
        kept, known = loaded(record), trust_of(trust, bundle or ())
        with Draft(output, overwrite=overwrite) as draft:
            found = stamped(kept, tsa, asked, known, policy_of(kept.policy if policy is None else policy))
            data = found.record.to_bytes()
            draft.write(data)
            draft.publish()
        view = {"output": str(output), "size": len(data), "digest": found.record.digest, **stamps_view(found)}
        run.add(record, {"status": "passed" if found.proves else "indeterminate", **view})
        run.say(run.word("evidence-stamped", name=record, **{k: view[k] for k in ("output", "size", "digest")}))
        show_stamps(run, view)


def loaded(path: str) -> EvidenceRecord:
    """Return the record in the file *path*. Raises as :meth:`~vndoc.signature.evidence.EvidenceRecord.load`."""
    octets = acquire(path, DEFAULT)
    if octets.size > DEFAULT.evidence_bytes:
        raise SignatureError("evidence-too-large", size=octets.size, limit=DEFAULT.evidence_bytes)
    with octets.open() as file:
        return EvidenceRecord.load(file.read())


def stamped(record: EvidenceRecord, url: str, fetch: Fetcher, trust: Trust, policy: Policy) -> StampedEvidence:
    """Return *record* with a timestamp of now, by the authority at *url*.

    Raises :class:`~vndoc.errors.FetchError`, :class:`~vndoc.errors.SignatureError`.
    """
    return stamp_evidence(
        record,
        stamp_by(fetch, url),
        trust=trust.store,
        at=datetime.datetime.now(datetime.UTC),
        policy=policy,
        revocation=trust.revocation,
        fetch=fetch,
        nonce=lambda: secrets.randbits(_NONCE_BITS),
    )


def stamps_view(found: StampedEvidence) -> Result:
    """Return the timestamps over a record as plain values."""
    return {
        "timestamps": [timestamp_to_dict(report) for report in found.timestamps],
        "reasons": outcome_to_dict(outcome_of(found.reasons))["reasons"],
    }


def show_stamps(run: Run, view: dict[str, Any]) -> None:
    """Print the timestamps over a record."""
    for one in view["timestamps"]:
        tsa = (one["tsa"] or {}).get("display_name") or "?"
        answer = one["answer"][run.lang]
        run.say(f"  {one['place']}: {tsa}, {one['time']}: {answer}", OUTCOMES[one["indication"]])
        show_reasons(run, one["reasons"])
    show_reasons(run, view["reasons"])
    if not all(one["proves"] for one in view["timestamps"]):
        run.say("  " + run.word("evidence-stamp-open"), STYLES["warning"])
