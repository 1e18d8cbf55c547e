"""The whole difference between two tables, to be sent, kept and applied: ``apply(a, diff(a, b)) == b``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, BinaryIO

import attrs

from vndoc.routing._codec import (
    agency_from_dict,
    agency_to_dict,
    group_from_dict,
    group_to_dict,
    info_from_dict,
    info_to_dict,
)
from vndoc.routing._index import bodies_of
from vndoc.routing.load import NO_OBJECT, read_json
from vndoc.routing.model import Agency, Group, TableError, TableInfo

if TYPE_CHECKING:
    from vndoc.routing.table import RoutingTable

__all__ = ["Delta", "apply", "diff"]

_JSON_MARK = "vndoc-routing-delta"
_NAMES = {_JSON_MARK, "base", "target", "info", "groups", "changes"}


@attrs.frozen
class Delta:
    """What makes the table with the digest *target* of the one with the digest *base*.

    ``changes``: for each code, sorted, all agencies that have or had it afterwards; none: the code goes.
    ``info`` and ``groups`` are those of the target, in full.
    """

    base: str
    target: str
    info: TableInfo
    groups: tuple[Group, ...]
    changes: tuple[tuple[str, tuple[Agency, ...]], ...]

    def __len__(self) -> int:
        return len(self.changes)

    def applied_to(self, table: RoutingTable, *, strict: bool = True) -> RoutingTable:
        """Return the new table; see :func:`apply`."""
        if table.digest != self.base:
            raise TableError("delta-mismatch", expected=self.base[:12], found=table.digest[:12])
        groups = {group.name: group for group in self.groups}
        made = table.changed(dict(self.changes), info=self.info, groups=groups, strict=strict)
        if made.digest != self.target:
            raise TableError("delta-mismatch", expected=self.target[:12], found=made.digest[:12])
        return made

    def dump(self) -> bytes:
        """Return the delta as JSON, one change a line."""
        head = {
            _JSON_MARK: 1,
            "base": self.base,
            "target": self.target,
            "info": info_to_dict(self.info),
            "groups": [group_to_dict(group) for group in self.groups],
        }
        opening = json.dumps(head, ensure_ascii=False)[:-1]
        lines = ",\n".join(
            json.dumps([code, [agency_to_dict(a) for a in agencies]], ensure_ascii=False)
            for code, agencies in self.changes
        )
        return f'{opening}, "changes": [\n{lines}\n]}}\n'.encode("utf-8", "surrogatepass")

    @classmethod
    def load(cls, source: bytes | BinaryIO) -> Delta:
        """Return the delta in *source*, the inverse of :meth:`dump`.

        Raises :class:`~vndoc.routing.TableError` ``table-unreadable``.
        """
        data = read_json(source)
        if not isinstance(data, dict) or data.get(_JSON_MARK) != 1 or set(data) != _NAMES:
            raise TableError("table-unreadable", detail=NO_OBJECT.filled(mark=_JSON_MARK))
        base, target, groups, changes = data["base"], data["target"], data["groups"], data["changes"]
        if not (
            isinstance(base, str) and isinstance(target, str) and isinstance(groups, list) and isinstance(changes, list)
        ):
            raise TableError("table-unreadable", detail="JSON: base, target, groups, changes")
        read = []
        for change in changes:
            if not (
                isinstance(change, list)
                and len(change) == 2
                and isinstance(change[0], str)
                and isinstance(change[1], list)
            ):
                raise TableError("table-unreadable", detail="JSON: changes")
            read.append((change[0], tuple(agency_from_dict(item) for item in change[1])))
        return cls(base, target, info_from_dict(data["info"]), tuple(group_from_dict(g) for g in groups), tuple(read))


def diff(old: RoutingTable, new: RoutingTable) -> Delta:
    """Return everything in which *new* differs from *old*."""
    before, after = old.bodies, new.bodies
    codes = {code for code, entry in after.items() if before.get(code) != entry} | (before.keys() - after.keys())
    changes = tuple((code, bodies_of(after.get(code))) for code in sorted(codes))
    return Delta(old.digest, new.digest, new.info, tuple(new.groups.values()), changes)


def apply(table: RoutingTable, delta: Delta, *, strict: bool = True) -> RoutingTable:
    """Return what *delta* makes of *table*, which stays as it is.

    Raises :class:`~vndoc.routing.TableError` ``delta-mismatch`` where the delta was made for another table or does not
    lead to the table it promises, ``table-invalid`` if *strict* and the result has errors.
    """
    return delta.applied_to(table, strict=strict)
