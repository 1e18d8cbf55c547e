"""Files that are written whole or not at all, and that never replace another one unasked."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from types import TracebackType
from typing import Self

from vndoc.errors import SourceError, UsageError
from vndoc.text import Text

__all__ = ["Draft", "SafeFolder"]

_NO_FILE = Text("không phải là tệp", "it is no file")
_NO_STDOUT = Text("-o cần tên tệp, không phải đầu ra chuẩn", "-o takes the name of a file, not standard output")


class Draft:
    """A file in the making: written under a temporary name in the folder of its target, then moved there.

    The move replaces nothing unless *overwrite*, never writes through a symbolic link, and never replaces what is no
    file (a device, a pipe, a folder). Leaving the ``with`` block without :meth:`publish` removes the draft. All that
    fails raises :class:`~vndoc.errors.SourceError` ``target-exists`` or ``target-unwritable``, and a target of ``-``
    :class:`~vndoc.errors.UsageError` ``option-invalid``.
    """

    def __init__(self, target: Path, *, overwrite: bool) -> None:
        self.target = target
        self.overwrite = overwrite
        self.size = 0
        if str(target) == "-":
            raise UsageError("option-invalid", detail=_NO_STDOUT)
        if not overwrite and os.path.lexists(target):
            raise SourceError("target-exists", name=str(target))
        if target.exists() and not target.is_file():
            raise SourceError("target-unwritable", name=str(target), detail=_NO_FILE)
        self.path = target.parent / f".vndoc-{secrets.token_hex(8)}.part"
        try:
            self._file = self.path.open("xb")
        except (OSError, ValueError) as error:
            raise self._unwritable(error) from error

    def write(self, data: bytes) -> int:
        """Append *data*."""
        try:
            self._file.write(data)
        except OSError as error:
            raise self._unwritable(error) from error
        self.size += len(data)
        return len(data)

    def close(self) -> None:
        """Write out what is buffered; the draft can be read at :attr:`path` then."""
        try:
            self._file.close()
        except OSError as error:
            raise self._unwritable(error) from error

    def publish(self) -> None:
        """Give the draft its name."""
        self.close()
        try:
            if self.overwrite:
                self.path.replace(self.target)
            else:
                self._link()
        except FileExistsError as error:
            raise SourceError("target-exists", name=str(self.target)) from error
        except OSError as error:
            raise self._unwritable(error) from error

    def _link(self) -> None:
        """Name the draft without replacing anything, in one step where the file system can."""
        try:
            os.link(self.path, self.target, follow_symlinks=False)
        except FileExistsError:
            raise
        except (OSError, NotImplementedError):  # a file system without hard links
            if os.path.lexists(self.target):
                raise FileExistsError from None
            self.path.rename(self.target)
        else:
            self.path.unlink()

    def _unwritable(self, error: Exception) -> SourceError:
        detail = getattr(error, "strerror", None) or str(error)
        return SourceError("target-unwritable", name=str(self.target), detail=detail)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):  # nobody wants the rest of a draft that is thrown away; publish() closed it
            self._file.close()
        self.path.unlink(missing_ok=True)


class SafeFolder:
    """A folder that is filled with files of untrusted names: none lands outside it, no two meet.

    *path* is made if need be. A subfolder that *parent* owns must be a real folder: a symbolic link in its place
    raises :class:`~vndoc.errors.SourceError` ``target-unwritable``.
    """

    def __init__(self, path: Path, *, parent: SafeFolder | None = None) -> None:
        self.path = path
        self._taken: set[str] = set()
        try:
            path.mkdir(parents=parent is None, exist_ok=True)
            if parent is not None and path.is_symlink():
                raise NotADirectoryError(0, "symbolic link")
        except (OSError, ValueError) as error:
            detail = getattr(error, "strerror", None) or str(error)
            raise SourceError("target-unwritable", name=str(path), detail=detail) from error

    def place(self, name: str) -> Path:
        """Return where to write a file called *name*, which is safe; each answer differs, in any case of letters."""
        stem, dot, extension = name.rpartition(".")
        if not dot or not stem:
            stem, dot, extension = name, "", ""
        number, ending = 1, dot + extension
        while (candidate := _cut(stem, 255 - len(ending.encode())) + ending).casefold() in self._taken:
            number += 1
            ending = f" ({number}){dot}{extension}"
        self._taken.add(candidate.casefold())
        return self.path / candidate

    def subfolder(self, name: str) -> SafeFolder:
        """Return the folder called *name* in this one, under a name of its own."""
        return SafeFolder(self.place(name), parent=self)


def _cut(text: str, room: int) -> str:
    """Return the beginning of *text* that takes at most *room* bytes."""
    return text.encode()[:room].decode(errors="ignore")
