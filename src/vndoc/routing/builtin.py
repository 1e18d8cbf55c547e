"""The level-1 table that the package ships, ``level1.csv``: written from the facts, each row with its source.

It knows ministries and similar bodies before and after Decision 09/2025/QĐ-TTg (in force 2025-04-14), and the People's
Committees (H) and Councils (K) of the provinces, 29 + 29 of which were closed when 63 provinces became 34 on
2025-07-01. It begins with Decision 20/2020/QĐ-TTg. What is closed and by whom it is followed is *derived* from
the rule of Decision 09/2025, not read from a registry; connection states are unknown; the codes of communes
and departments are for the registry of the axis to give.
"""

from __future__ import annotations

import functools
from importlib import resources

from vndoc.routing.table import RoutingTable

__all__ = ["builtin_table"]


@functools.cache
def builtin_table() -> RoutingTable:
    """Return the table; see :meth:`vndoc.routing.RoutingTable.builtin`. Read once, since it never changes."""
    data = resources.files("vndoc.routing").joinpath("level1.csv").read_bytes()
    return RoutingTable.load(data, format="csv")
