"""A folder of what was fetched, so that the same list is not fetched for every document.

An entry is kept until its content says that a newer one is due (nextUpdate), but never longer than ``max_age``: what
was fetched is not verified, so a forged date must not keep a forged list. Entries are written whole or not at all;
one that is damaged is reported, removed, and fetched again.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import logging
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import attrs

from vndoc.errors import CertificateError
from vndoc.pki import Crl, FetchKind, FetchRequest, OcspResponse, read_ocsp_request

__all__ = ["FetchCache", "expiry_of"]

_MAGIC: Final = b"vndoc-fetched 1\n"
_MAX_HEAD: Final = 8192
_SUFFIX: Final = ".fetched"
_LOG: Final = logging.getLogger("vndoc.fetching")


def _warn(name: str, detail: str) -> None:
    _LOG.warning("cache entry %s not used: %s", name, detail)


@attrs.frozen(kw_only=True)
class FetchCache:
    """What was fetched before, by address and request.

    ``folder`` is made where it is missing, readable by its owner alone. An entry counts for ``max_age`` at most; of
    more than ``max_entries`` the oldest go. ``report`` gets the name of an entry and a word on what is wrong with
    it, or with the folder (by default a warning of the logger ``vndoc.fetching``); a cache never makes a fetch fail.
    """

    folder: Path = attrs.field(converter=Path)
    max_age: datetime.timedelta = datetime.timedelta(days=1)
    max_entries: int = 1024
    report: Callable[[str, str], None] = _warn

    def get(self, request: FetchRequest, *, now: datetime.datetime, most: int) -> bytes | None:
        """Return what is kept for *request* at the time *now*, or ``None``; an entry above *most* octets is damaged."""
        path = self._path(request)
        try:
            with path.open("rb") as file:
                data = file.read(len(_MAGIC) + _MAX_HEAD + most + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            self.report(path.name, error.strerror or type(error).__name__)
            return None
        try:
            expires, content = _read(data, request)
        except ValueError as error:
            self.report(path.name, str(error))
            self._drop(path)
            return None
        return content if now < expires else None

    def put(self, request: FetchRequest, content: bytes, *, now: datetime.datetime) -> None:
        """Keep *content*, fetched at the time *now*, if it is of a kind that is worth it."""
        expires = expiry_of(request, content, now=now, max_age=self.max_age)
        if expires is None:
            return
        path = self._path(request)
        draft = path.with_name(f".{secrets.token_hex(8)}.part")
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with draft.open("xb") as file:
                file.write(_MAGIC + _head(request, content, expires) + b"\n" + content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
            self._tidy()
        except OSError as error:
            self.report(path.name, error.strerror or type(error).__name__)
            self._drop(draft)

    def _path(self, request: FetchRequest) -> Path:
        parts = (request.kind.value.encode(), request.url.encode("utf-8", "replace"), request.body or b"")
        return self.folder / (hashlib.sha256(b"\n".join(parts)).hexdigest() + _SUFFIX)

    def _tidy(self) -> None:
        """Remove the oldest entries beyond the limit."""
        entries = list(self.folder.glob(f"*{_SUFFIX}"))
        if len(entries) > self.max_entries:
            for path in sorted(entries, key=_age)[: len(entries) - self.max_entries]:
                self._drop(path)

    @staticmethod
    def _drop(path: Path) -> None:
        with suppress(OSError):  # another process may have done it, or the folder may be read-only
            path.unlink()


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _head(request: FetchRequest, content: bytes, expires: datetime.datetime) -> bytes:
    value = {
        "kind": request.kind.value,
        "url": request.url,
        "expires": expires.isoformat(),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    return json.dumps(value).encode("ascii")


def _read(data: bytes, request: FetchRequest) -> tuple[datetime.datetime, bytes]:
    """Return when an entry expires and what it holds; ``ValueError`` says what is wrong with it."""
    if not data.startswith(_MAGIC):
        raise ValueError("no entry")
    head, found, content = data[len(_MAGIC) :].partition(b"\n")
    value = json.loads(head) if found and len(head) <= _MAX_HEAD else None
    if not isinstance(value, dict) or (value.get("kind"), value.get("url")) != (request.kind.value, request.url):
        raise ValueError("another request")
    if value.get("sha256") != hashlib.sha256(content).hexdigest():
        raise ValueError("another content")
    expires = datetime.datetime.fromisoformat(str(value.get("expires")))
    if expires.tzinfo is None:
        raise ValueError("no time zone")
    return expires, content


def expiry_of(
    request: FetchRequest, content: bytes, *, now: datetime.datetime, max_age: datetime.timedelta
) -> datetime.datetime | None:
    """Return until when *content* may be used for *request*, or ``None`` if it is not to be kept.

    Lists and responses until their next update, certificates for *max_age*. Timestamps, answers to a nonce, and
    what cannot be read or is out of date already are not kept.
    """
    until: datetime.datetime | None = now + max_age
    try:
        if request.kind is FetchKind.CRL:
            until = Crl.load(content).next_update
        elif request.kind is FetchKind.OCSP:
            ends = [single.next_update for single in OcspResponse.load(content).responses]
            known = [end for end in ends if end is not None]
            until = min(known) if known and len(known) == len(ends) else None
            if request.body is not None and read_ocsp_request(request.body).nonce is not None:
                until = None
        elif request.kind is FetchKind.TIMESTAMP:
            until = None
    except CertificateError:
        until = None
    return None if until is None or until <= now else min(until, now + max_age)
