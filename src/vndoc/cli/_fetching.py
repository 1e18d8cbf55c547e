"""``--fetch`` and what goes with it: who may be asked over the network. Nothing is, unless a host is named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vndoc.cli._page import STYLES
from vndoc.cli._run import Run, error_dict
from vndoc.errors import FetchError, UsageError
from vndoc.pki.fetching import FetchSession
from vndoc.text import Text

if TYPE_CHECKING:
    from vndoc.fetching import HttpFetcher

__all__ = [
    "AllowHosts",
    "AllowPrivateHosts",
    "Bundles",
    "CacheFolder",
    "FetchOption",
    "check_tsa",
    "failures_of",
    "fetcher_of",
    "show_failures",
]

FetchOption = Annotated[bool, typer.Option("--fetch", help="fetch")]
AllowHosts = Annotated[list[str] | None, typer.Option("--allow-host", help="allow-host", show_default=False)]
AllowPrivateHosts = Annotated[
    list[str] | None, typer.Option("--allow-private-host", help="allow-private-host", show_default=False)
]
CacheFolder = Annotated[Path | None, typer.Option("--cache", help="fetch-cache", show_default=False)]
Bundles = Annotated[list[Path] | None, typer.Option("--bundle", help="bundles", show_default=False)]

_OFFLINE = Text(
    "--tsa cần --fetch và --allow-host (hoặc --allow-private-host) cho máy chủ đó",
    "--tsa needs --fetch and --allow-host (or --allow-private-host) for that host",
)
_NO_HOST = Text("--fetch cần ít nhất một --allow-host", "--fetch needs at least one --allow-host")
_NO_FETCH = Text(
    "--allow-host, --allow-private-host và --cache chỉ dùng cùng --fetch",
    "--allow-host, --allow-private-host and --cache go with --fetch",
)


def fetcher_of(
    run: Run, *, fetch: bool, hosts: list[str] | None, private: list[str] | None, cache: Path | None
) -> HttpFetcher | None:
    """Return who fetches as the options say, ``None`` without ``--fetch``; damaged cache entries are told by *run*.

    Raises :class:`~vndoc.errors.UsageError`: ``option-invalid``, ``extra-missing``.
    """
    if not fetch:
        if hosts or private or cache is not None:
            raise UsageError("option-invalid", detail=_NO_FETCH)
        return None
    if not hosts and not private:
        raise UsageError("option-invalid", detail=_NO_HOST)
    from vndoc.fetching import AllowedHosts, FetchCache, HttpFetcher  # noqa: PLC0415 - slow to load, rarely asked for

    def report(name: str, detail: str) -> None:
        run.warn(run.word("cache-damaged", name=name, detail=detail))

    allowed = AllowedHosts(public=hosts or (), private=private or ())
    return HttpFetcher(hosts=allowed, cache=None if cache is None else FetchCache(folder=cache, report=report))


def failures_of(session: FetchSession) -> list[dict[str, Any]]:
    """Return what could not be fetched, as plain values."""
    found = session.answers.items()
    failed = {request.url: answer for request, answer in found if isinstance(answer, FetchError)}
    return [{"url": url, "error": error_dict(error)} for url, error in failed.items()]


def show_failures(run: Run, failures: list[dict[str, Any]]) -> None:
    """Print what could not be fetched."""
    for failure in failures:
        run.say(f"  {run.word('severity-warning')}: {failure['error']['text'][run.lang]}", STYLES["warning"])


def check_tsa(url: str, fetcher: HttpFetcher | None) -> HttpFetcher:
    """Return who asks the authority at *url*, before anything else is done.

    Raises :class:`~vndoc.errors.UsageError` ``option-invalid`` where nobody may fetch, and
    :class:`~vndoc.errors.FetchError` for an address that may not be asked.
    """
    if fetcher is None:
        raise UsageError("option-invalid", detail=_OFFLINE)
    from vndoc.fetching.hosts import target_of  # noqa: PLC0415 - as above

    fetcher.hosts.check(target_of(url))
    return fetcher
