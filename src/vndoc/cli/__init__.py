"""The command ``vndoc`` (extra ``cli``): a door for people and scripts; all work is done by the library.

What scripts may rely on: the options, the exit codes (0 passed, 1 failed or findings, 2 unusable input,
3 indeterminate) and the JSON of ``--json``, whose JSON Schema ``vndoc schema COMMAND`` prints. The Python modules
behind it are private.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from vndoc.text import Text

__all__ = ["main"]

_MISSING = Text(
    "Lệnh vndoc cần thêm thư viện ({detail}): pip install 'vndoc[cli]'",
    "The command vndoc needs its extra ({detail}): pip install 'vndoc[cli]'",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with *arguments* (by default those of the process) and return its exit code.

    Without the packages of the extra ``cli`` it prints one line that names them and returns 2. A fault of the command
    itself is printed as a traceback and returns 3: it has found nothing out, which is no failed check.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    _open_streams()
    try:
        import rich  # noqa: F401, PLC0415 - the extra may be absent
        import typer  # noqa: F401, PLC0415 - as above
    except ImportError as error:
        from vndoc.cli._language import language_of  # noqa: PLC0415 - only here

        lang = language_of(given, os.environ)
        sys.stderr.write(_MISSING.render(lang, detail=error.name or error) + "\n")
        return 2
    try:
        from vndoc.cli._app import run  # noqa: PLC0415 - needs the extra

        return run(given)
    except KeyboardInterrupt:
        return 130  # as a shell reports it; the command itself answers the same once it runs
    except Exception:  # noqa: BLE001 - Python would end with 1, which means "not valid" here
        traceback.print_exc()
        return 3


def _open_streams() -> None:
    """Give the process the standard streams that its caller closed: nothing to read, and nobody who reads."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - a device, kept open
