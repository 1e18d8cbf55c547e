"""Write ``public_names.txt`` anew from the source: ``python tests/update_public_names.py``."""

from __future__ import annotations

from pathlib import Path

import architecture

HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    names = architecture.public_names(architecture.modules(architecture.PACKAGE))
    (HERE / "public_names.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8", newline="\n")
    print(f"{len(names)} public names")
