"""Rows of ``vndoc stats`` from the store of a node. Needs the extra ``store``."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

from vndoc.errors import SourceError, UsageError
from vndoc.routing import RoutingTable
from vndoc.statistics import Row
from vndoc.text import Text

__all__ = ["hidden", "store_rows"]

_NO_BLOBS = Text("--store cần --blobs là thư mục nội dung của kho", "--store needs --blobs, the folder of contents")


def store_rows(address: str, blobs: Path | None, table: RoutingTable) -> Iterator[Row]:
    """Yield the rows of the store at *address*, whose contents stand in the folder *blobs*.

    Raises :class:`~vndoc.errors.UsageError` ``extra-missing`` and ``option-invalid``,
    :class:`~vndoc.errors.SourceError` ``source-unreadable`` for a store that is not there, and
    :class:`~vndoc.errors.StoreError`.
    """
    if blobs is None:
        raise UsageError("option-invalid", detail=_NO_BLOBS)
    from vndoc.node.figures import rows  # noqa: PLC0415 - an extra
    from vndoc.store import Store  # noqa: PLC0415 - an extra

    _look(address, blobs)
    store = Store.open(address, blobs=blobs)
    try:
        yield from rows(store, table)
    finally:
        store.close()


def _look(address: str, blobs: Path) -> None:
    """Raise ``source-unreadable`` for a store that is not there: to count must not make one."""
    scheme, _, file = address.partition(":///")
    sqlite = Path(file.partition("?")[0]) if scheme.startswith("sqlite") else None
    for path, there in ((sqlite, sqlite is None or sqlite.is_file()), (blobs, blobs.is_dir())):
        if not there:
            raise SourceError("source-unreadable", name=str(path), detail=os.strerror(errno.ENOENT))


def hidden(address: str) -> str:
    """Return *address* without a password in it."""
    address = re.sub(r"(?<=://)([^:/@]*):.*@", r"\1:***@", address)
    return re.sub(r"(?<=[?&]password=)[^&]*", "***", address)
