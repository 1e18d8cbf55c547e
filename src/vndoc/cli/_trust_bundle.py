"""``vndoc trust bundle``: what a verification needs besides its anchors, in one file for a network of its own."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import attrs
import typer

from vndoc.cli._fetching import AllowHosts, AllowPrivateHosts, CacheFolder, FetchOption, fetcher_of, show_failures
from vndoc.cli._inputs import Input
from vndoc.cli._options import AsJson, Language, Overwrite
from vndoc.cli._page import STYLES
from vndoc.cli._run import Result, Run, error_dict, running
from vndoc.cli._target import Draft
from vndoc.cli._times import time_of
from vndoc.cli._trust import SUFFIXES, Trust, lists_of, read_file, trust_of
from vndoc.cli._verify import Job
from vndoc.errors import CertificateError, FetchError, UsageError
from vndoc.pki import (
    Certificate,
    Crl,
    Fetcher,
    FetchKind,
    FetchRequest,
    FetchSession,
    OcspResponse,
    PathResult,
    Purpose,
    crl_addresses,
    load_certificates,
    validate_path,
)
from vndoc.pki.bundle import Bundle, BundleItem, Collector
from vndoc.signature.policy import Policy, policy_of
from vndoc.text import Text

__all__ = ["bundle"]

_ALL = frozenset(Purpose)
_WEB = ("http://", "https://")
_NOTHING = Text("cần --from hoặc --for", "--from or --for is needed")
_OFFLINE = Text("--from với địa chỉ mạng cần --fetch và --allow-host", "--from with an address needs --fetch")
_UNKNOWN = Text(
    "không phải chứng thư số, CRL, phản hồi OCSP (DER) hay gói dữ liệu",
    "it is no certificate, revocation list or OCSP response in DER, and no bundle",
)


def bundle(
    output: Annotated[Path, typer.Argument(help="bundle-file", show_default=False)],
    sources: Annotated[list[str] | None, typer.Option("--from", help="bundle-from", show_default=False)] = None,
    signed: Annotated[list[Path] | None, typer.Option("--for", help="bundle-for", show_default=False)] = None,
    content: Annotated[Path | None, typer.Option("--content", help="signed-content", show_default=False)] = None,
    policy: Annotated[str, typer.Option("--policy", help="policy")] = "vn_default",
    trust: Annotated[Path | None, typer.Option("--trust", help="trust-folder", show_default=False)] = None,
    at: Annotated[str | None, typer.Option("--at", help="at-time", show_default=False)] = None,
    fetch: FetchOption = False,
    allow_host: AllowHosts = None,
    allow_private_host: AllowPrivateHosts = None,
    cache: CacheFolder = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Collect certificates and revocation data into one file."""
    with running("trust-bundle", lang, as_json=as_json) as run:
        if not sources and not signed:
            raise UsageError("option-invalid", detail=_NOTHING)
        fetcher = fetcher_of(run, fetch=fetch, hosts=allow_host, private=allow_private_host, cache=cache)
        job = _Collecting(fetcher, trust_of(trust), policy_of(policy), time_of(at, "--at"), content)
        with Draft(output, overwrite=overwrite) as draft:
            for source in sources or ():
                job.take(source)
            for path in signed or ():
                job.follow(path)
            made = Bundle.of(job.items, created=datetime.datetime.now(datetime.UTC))
            if made.items:
                draft.write(made.write())
                draft.publish()
        view = _view(made, job.failed)
        run.add(str(output), view)
        _show(run, output, view)


@attrs.define
class _Collecting:
    """What was collected so far, and what could not be fetched."""

    fetch: Fetcher | None
    trust: Trust
    policy: Policy
    at: datetime.datetime
    content: Path | None
    items: list[BundleItem] = attrs.field(factory=list)
    failed: dict[str, FetchError] = attrs.field(factory=dict)

    def take(self, source: str) -> None:
        """Take what stands in the file, or at the address, *source*. Raises :class:`~vndoc.errors.VndocError`."""
        if not source.lower().startswith(_WEB):
            self.items += _recognised(read_file(Path(source)), Path(source).name)
            return
        if self.fetch is None:
            raise UsageError("option-invalid", detail=_OFFLINE)
        try:
            octets = self.fetch(FetchRequest(source, FetchKind.CRL))
        except FetchError as error:
            self.failed[source] = error
        else:
            self.items += _recognised(octets, source)

    def follow(self, path: Path) -> None:
        """Collect what the certificates of *path*, or the signatures in it, need: their chains, lists and responses."""
        collector = Collector(_nobody if self.fetch is None else self.fetch)
        session = FetchSession.of(collector)
        for result in self._paths(path, session):
            below = result.chain if result.anchor is None else result.chain[:-1]
            self.items += (BundleItem(FetchKind.CERTIFICATE, c.der, path.name) for c in below)
            for certificate in below:
                self._lists(certificate, session)
        self.items += collector.items
        if self.fetch is not None:
            found = session.answers.items()
            self.failed |= {r.url: answer for r, answer in found if isinstance(answer, FetchError)}

    def _paths(self, path: Path, session: FetchSession) -> Iterator[PathResult]:
        trust, crypto = self.trust.store, self.policy.crypto
        if path.suffix.lower() in SUFFIXES:  # a CMS signature reads as a bundle of certificates, too
            for certificate in load_certificates(read_file(path)):
                yield validate_path(certificate, trust=trust, at=self.at, purpose=_ALL, crypto=crypto, fetch=session)
            return
        job = Job(self.policy, Trust(trust), self.at, self.content, session)
        name = str(path)
        for report in job.verdict(Input(name=name, source=name, relative=Path(path.name))).signatures:
            paths = (report.path, *(timestamp.path for timestamp in report.timestamps))
            yield from (found for found in paths if found is not None)

    @staticmethod
    def _lists(certificate: Certificate, session: FetchSession) -> None:
        """Fetch the lists, too, where OCSP has answered already: a response is out of date within hours."""
        for point in crl_addresses(certificate):
            for url in point.urls:
                try:
                    session(FetchRequest(url, FetchKind.CRL))
                except FetchError:
                    continue  # the session keeps it
                break


def _nobody(request: FetchRequest) -> bytes:
    raise FetchError("fetch-refused", url=request.url)


def _recognised(octets: bytes, source: str) -> Iterable[BundleItem]:
    """Return what *octets* are; :class:`~vndoc.errors.CertificateError` ``bundle-malformed`` for what is none."""
    if octets[:2] == b"PK":
        return Bundle.load(octets).items
    return tuple(_item_of(one, source) for one in lists_of(octets))


def _item_of(octets: bytes, source: str) -> BundleItem:
    kinds = (
        (FetchKind.CERTIFICATE, load_certificates),
        (FetchKind.CRL, Crl.load),
        (FetchKind.OCSP, OcspResponse.load),
    )
    for kind, load in kinds:
        try:
            load(octets)
        except CertificateError:
            continue
        return BundleItem(kind, octets, source)
    raise CertificateError("bundle-malformed", detail=_UNKNOWN)


# -- the page ------------------------------------------------------------------------------------------


def _view(made: Bundle, failed: dict[str, FetchError]) -> Result:
    status = "failed" if not made.items else "indeterminate" if failed else "passed"
    return {
        "status": status,
        "sha256": made.digest.hex(),
        "created": made.created.isoformat(),
        "items": [_item(item) for item in made.items],
        "failures": [{"url": url, "error": error_dict(error)} for url, error in failed.items()],
    }


def _item(item: BundleItem) -> dict[str, Any]:
    until, name = None, None
    if item.kind is FetchKind.CERTIFICATE:
        certificate = Certificate.load(item.content)
        until, name = certificate.not_after, certificate.subject_text
    elif item.kind is FetchKind.CRL:
        until = Crl.load(item.content).next_update
    else:
        ends = [one.next_update for one in OcspResponse.load(item.content).responses if one.next_update is not None]
        until = min(ends, default=None)
    return {
        "kind": item.kind.value,
        "sha256": item.sha256,
        "size": len(item.content),
        "source": item.source,
        "subject": name,
        "until": None if until is None else until.isoformat(),
    }


def _show(run: Run, output: Path, view: Result) -> None:
    for item in view["items"]:
        what = item["subject"] or item["source"] or item["sha256"][:16]
        until = "" if item["until"] is None else run.word("trust-until", until=item["until"])
        run.say(f"  {run.word('bundle-' + item['kind'])}: {what}  {until}".rstrip())
    show_failures(run, view["failures"])
    if all(item["kind"] == FetchKind.CERTIFICATE for item in view["items"]) and view["items"]:
        run.say("  " + run.word("bundle-no-revocation"), STYLES["warning"])
    if view["items"]:
        run.say(run.word("bundle-written", name=output, count=len(view["items"]), sha256=view["sha256"]), "bold green")
    else:
        run.say(run.word("bundle-empty"), STYLES["error"])
