"""Certificate policies along a path, as the graph of RFC 9618 (which replaces the tree of RFC 5280, section 6.1).

The tree can be made to grow without bound; the graph has one node for each policy at each depth, so its size is
bounded by the size of the certificates.
"""

from __future__ import annotations

import attrs

from vndoc.pki.extensions import ANY_POLICY, Profile

__all__ = ["PolicyGraph"]


@attrs.define(eq=False)
class _Node:
    """One policy at one depth: who expects it above (``parents``, by policy), and what it expects below."""

    expected: set[str]
    parents: set[str]


@attrs.define(eq=False)
class PolicyGraph:
    """The valid policies of a path so far. One value is used up by one path, from the anchor to the leaf.

    ``explicit``, ``mapping`` and ``any_policy`` are the counters of RFC 5280 (6.1.2 d to f): certificates left
    until a policy is required, mapping is forbidden, anyPolicy counts no longer.
    """

    explicit: int
    mapping: int
    any_policy: int
    _levels: list[dict[str, _Node]] = attrs.field(
        init=False, factory=lambda: [{ANY_POLICY: _Node({ANY_POLICY}, set())}]
    )
    _empty: bool = attrs.field(init=False, default=False)

    def take(self, profile: Profile, *, self_issued: bool, last: bool) -> bool:
        """Take in the next certificate (6.1.3 d to f); return whether the path may still be valid."""
        if profile.policies is None:
            self._empty = True
        elif not self._empty:
            self._grow(set(profile.policies), any_allowed=self.any_policy > 0 or (self_issued and not last))
        return self.explicit > 0 or not self._empty

    def _grow(self, policies: set[str], *, any_allowed: bool) -> None:
        above = self._levels[-1]
        wanted: dict[str, set[str]] = {}
        for policy, node in above.items():
            for expected in node.expected:
                wanted.setdefault(expected, set()).add(policy)
        level: dict[str, _Node] = {}
        for policy in policies - {ANY_POLICY}:
            parents = wanted.get(policy) or ({ANY_POLICY} if ANY_POLICY in above else None)
            if parents:
                level[policy] = _Node({policy}, set(parents))
        if ANY_POLICY in policies and any_allowed:
            for policy, parents in wanted.items():
                if policy not in level:
                    level[policy] = _Node({policy}, set(parents))
        self._levels.append(level)
        self._prune()

    def _prune(self) -> None:
        """Drop nodes that lead to no node of the newest depth."""
        for depth in range(len(self._levels) - 1, 0, -1):
            needed = {parent for node in self._levels[depth].values() for parent in node.parents}
            above = self._levels[depth - 1]
            if len(needed) == len(above):
                break
            self._levels[depth - 1] = {policy: node for policy, node in above.items() if policy in needed}
        self._empty = not self._levels[-1]

    def hand_on(self, profile: Profile, *, self_issued: bool) -> None:
        """Prepare for the next certificate (6.1.4 b, h to j): mappings, then the counters."""
        if profile.mappings and not self._empty:
            self._map(profile.mappings)
        if not self_issued:
            self.explicit = max(self.explicit - 1, 0)
            self.mapping = max(self.mapping - 1, 0)
            self.any_policy = max(self.any_policy - 1, 0)
        if profile.require_explicit is not None:
            self.explicit = min(self.explicit, profile.require_explicit)
        if profile.inhibit_mapping is not None:
            self.mapping = min(self.mapping, profile.inhibit_mapping)
        if profile.inhibit_any is not None:
            self.any_policy = min(self.any_policy, profile.inhibit_any)

    def _map(self, pairs: tuple[tuple[str, str], ...]) -> None:
        targets: dict[str, set[str]] = {}
        for issuer, subject in pairs:
            targets.setdefault(issuer, set()).add(subject)
        level = self._levels[-1]
        if not self.mapping:
            self._levels[-1] = {policy: node for policy, node in level.items() if policy not in targets}
            self._prune()
            return
        any_node = level.get(ANY_POLICY)
        for policy, subjects in targets.items():
            if policy in level:
                level[policy].expected = subjects
            elif any_node is not None:
                level[policy] = _Node(subjects, set(any_node.parents))

    def finish(self, profile: Profile, accepted: frozenset[str]) -> frozenset[str] | None:
        """Return the policies under which the path is valid, or ``None`` if it needs one and has none (6.1.5).

        *accepted* is the user's initial policy set; :data:`~vndoc.pki.extensions.ANY_POLICY` accepts every policy.
        """
        explicit = max(self.explicit - 1, 0)
        if profile.require_explicit == 0:
            explicit = 0
        found = self._of_the_authority()
        if ANY_POLICY in found and ANY_POLICY not in accepted:
            found = accepted
        elif ANY_POLICY not in accepted:
            found &= accepted
        return found if found or explicit else None

    def _of_the_authority(self) -> frozenset[str]:
        """Return the policies in the terms of the anchor's domain: the nodes right below anyPolicy (RFC 9618, 5.5)."""
        if self._empty:
            return frozenset()
        found = {
            policy
            for depth, level in enumerate(self._levels)
            if depth
            for policy, node in level.items()
            if policy != ANY_POLICY and ANY_POLICY in node.parents
        }
        return frozenset(found | ({ANY_POLICY} & self._levels[-1].keys()))
