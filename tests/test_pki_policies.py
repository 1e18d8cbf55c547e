"""Certificate policies (RFC 9618) and name constraints (RFC 5280, 4.2.1.10)."""

from __future__ import annotations

import time

import pytest

from pki_support import check, codes, store
from vndoc.pki import Extension, GeneralName, NameConstraints, PathParameters, Profile, der
from vndoc.pki.constraints import ConstraintState, names_of
from vndoc.pki.extensions import ANY_POLICY
from vndoc.pki.policy_graph import PolicyGraph
from vndoc.testing.pki import Authority

KEY = "p256"
A, B, C, D = "1.2.3.1", "1.2.3.2", "1.2.3.3", "1.2.3.4"


def run(*profiles, accepted=(ANY_POLICY,), explicit=0, mapping=99, any_policy=99, self_issued=()):
    """Return the policies of a path through *profiles*, or ``None`` where it is refused."""
    graph = PolicyGraph(explicit, mapping, any_policy)
    for i, profile in enumerate(profiles):
        last = i == len(profiles) - 1
        if not graph.take(profile, self_issued=i in self_issued, last=last):
            return None
        if not last:
            graph.hand_on(profile, self_issued=i in self_issued)
    return graph.finish(profiles[-1], frozenset(accepted))


def p(*policies, **more):
    return Profile(policies=policies or None, **more)


def test_the_same_policy_all_the_way():
    assert run(p(A), p(A)) == {A}
    assert run(p(A), p(A), accepted=[A, B]) == {A}
    assert run(p(A), p(A), accepted=[B]) is None
    assert run(p(A), p(B)) is None
    assert run(p(A), p()) is None
    assert run(p(), p(A)) is None


def test_without_a_demand_nothing_is_refused():
    assert run(p(A), p(B), explicit=9) == frozenset()
    assert run(p(), p(), explicit=9) == frozenset()
    assert run(p(A), p(A), explicit=9, accepted=[B]) == frozenset()


def test_any_policy():
    assert run(p(ANY_POLICY), p(A)) == {A}
    assert run(p(A), p(ANY_POLICY)) == {A}
    assert run(p(A, B), p(A, ANY_POLICY)) == {A, B}
    assert run(p(ANY_POLICY), p(ANY_POLICY)) == {ANY_POLICY}
    assert run(p(ANY_POLICY), p(ANY_POLICY), accepted=[A]) == {A}
    assert run(p(ANY_POLICY), p(A, ANY_POLICY)) == {A, ANY_POLICY}
    assert run(p(ANY_POLICY), p(A), any_policy=0) is None
    assert run(p(ANY_POLICY), p(A), any_policy=0, self_issued=[0]) == {A}
    assert run(p(A), p(ANY_POLICY), any_policy=0, self_issued=[1]) is None  # the last one is no exception
    assert run(p(ANY_POLICY, inhibit_any=0), p(ANY_POLICY)) is None
    assert run(p(ANY_POLICY, inhibit_any=1), p(ANY_POLICY)) == {ANY_POLICY}


def test_mappings():
    assert run(p(A, mappings=((A, B),)), p(B)) == {A}
    assert run(p(A, mappings=((A, B),)), p(A)) is None
    assert run(p(A, mappings=((A, B), (A, C))), p(C)) == {A}
    assert run(p(ANY_POLICY, mappings=((A, B),)), p(B)) == {A}
    assert run(p(A, mappings=((B, C),)), p(A)) == {A}
    assert run(p(A, mappings=((A, B),)), p(B, mappings=((B, C),)), p(C)) == {A}
    assert run(p(A, B, mappings=((A, C), (B, C))), p(C)) == {A, B}
    assert run(p(A, mappings=((A, B),)), p(B), accepted=[B]) is None
    assert run(p(A, mappings=((A, B),)), p(ANY_POLICY)) == {A}


def test_mappings_that_are_forbidden():
    assert run(p(A, mappings=((A, B),)), p(B), mapping=0) is None
    assert run(p(A, B, mappings=((A, C),)), p(B), mapping=0) == {B}
    assert run(p(A, inhibit_mapping=0), p(A, mappings=((A, B),)), p(B)) is None
    assert run(p(A, inhibit_mapping=1), p(A, mappings=((A, B),)), p(B)) == {A}
    assert run(p(), p(A, mappings=((A, B),)), p(B), explicit=9) == frozenset()


def test_explicit_policies_are_asked_for_later():
    assert run(p(A), p(B, require_explicit=0), explicit=9) is None
    assert run(p(A, require_explicit=0), p(B), explicit=9) is None
    assert run(p(A, require_explicit=1), p(B), explicit=9) is None
    assert run(p(A, require_explicit=2), p(B), explicit=9) == frozenset()
    assert run(p(A, require_explicit=0), p(A), explicit=9) == {A}
    assert run(p(A, require_explicit=3), p(A), p(B), explicit=9, self_issued=[0, 1]) == frozenset()


def test_a_branch_that_dies_late_is_pruned():
    assert run(p(A, B), p(A, B, mappings=((A, C),)), p(B)) == {B}
    assert run(p(A, B), p(A, B), p(B), p(A)) is None


def test_the_graph_does_not_explode():
    """A tree would have 40 to the power of 20 nodes."""
    names = [f"1.2.3.{i}" for i in range(40)]
    everything = tuple((a, b) for a in names for b in names)
    start = time.perf_counter()
    assert run(*[p(*names, mappings=everything) for _ in range(20)], p(*names)) == set(names)
    assert time.perf_counter() - start < 10


# -- name constraints -------------------------------------------------------------------------------------

MAIL, DNS, OTHER, DIRECTORY, URI, IP = 1, 2, 0, 4, 6, 7


def allowed(kind, value, permitted=(), excluded=()):
    state = ConstraintState()
    state.add(
        NameConstraints(tuple(GeneralName(kind, v) for v in permitted), tuple(GeneralName(kind, v) for v in excluded))
    )
    assert state.constrains
    return state.allows((GeneralName(kind, value),))


@pytest.mark.parametrize(
    ("kind", "value", "base", "inside"),
    [
        (MAIL, b"an@example.vn", b"example.vn", True),
        (MAIL, b"an@EXAMPLE.vn", b"example.vn", True),
        (MAIL, b"an@a.example.vn", b"example.vn", False),
        (MAIL, b"an@a.example.vn", b".example.vn", True),
        (MAIL, b"an@example.vn", b".example.vn", False),
        (MAIL, b"an@example.vn", b"an@example.vn", True),
        (MAIL, b"AN@example.vn", b"an@example.vn", False),
        (MAIL, b"no address", b"example.vn", None),
        (MAIL, b"@example.vn", b"example.vn", None),
        (MAIL, b"\xff@example.vn", b"example.vn", None),
        (DNS, b"a.example.vn", b"example.vn", True),
        (DNS, b"example.vn.", b"example.vn", True),
        (DNS, b"badexample.vn", b"example.vn", False),
        (DNS, b"a.example.vn", b".example.vn", True),
        (DNS, b"anything", b"", True),
        (DNS, b"\xff", b"example.vn", None),
        (URI, b"http://a.example.vn/x", b".example.vn", True),
        (URI, b"http://example.vn/x", b"example.vn", True),
        (URI, b"http://example.vn/x", b".example.vn", False),
        (URI, b"http://user@EXAMPLE.vn:80/x", b"example.vn", True),
        (URI, b"http://10.0.0.1/", b"example.vn", None),
        (URI, b"http://[::1]/", b"example.vn", None),
        (URI, b"http://[/", b"example.vn", None),
        (URI, b"urn:x", b"example.vn", None),
        (IP, bytes([10, 1, 2, 3]), bytes([10, 0, 0, 0, 255, 0, 0, 0]), True),
        (IP, bytes([11, 1, 2, 3]), bytes([10, 0, 0, 0, 255, 0, 0, 0]), False),
        (IP, bytes(16), bytes([10, 0, 0, 0, 255, 0, 0, 0]), False),
        (IP, bytes(16), bytes(32), True),
        (IP, bytes(3), bytes(8), None),
        (IP, bytes(4), bytes(7), None),
        (DIRECTORY, b"\x30\x00", b"\x30\x00", True),
        (DIRECTORY, b"\x05\x00", b"\x30\x00", None),
        (OTHER, b"x", b"x", None),
    ],
)
def test_one_name_and_one_subtree(kind, value, base, inside):
    """``None``: it cannot be compared, so it is refused by both kinds of constraint."""
    assert allowed(kind, value, permitted=[base]) is (inside is True)
    assert allowed(kind, value, excluded=[base]) is (inside is False)


@pytest.mark.parametrize(
    ("kind", "value", "base"),
    [
        (DNS, b"a.example.vn", b"*.example.vn"),
        (DNS, b"a.example.vn", b"example..vn"),
        (DNS, b".example.vn", b"example.vn"),
        (DNS, b"a..example.vn", b"example.vn"),
        (DNS, b"", b"example.vn"),
        (DNS, b"other.vn .example.vn", b"example.vn"),
        (DNS, b"other.vn\0.example.vn", b"example.vn"),
        (DNS, b"a*.example.vn", b"an.example.vn"),
        (DNS, b"a.*.example.vn", b"example.vn"),
        (DNS, b"*", b"example.vn"),
        (MAIL, b"an@other.vn@example.vn", b"example.vn"),
        (MAIL, b"an@example.vn", b"an@other.vn@example.vn"),
        (MAIL, b"an@example.vn", b"@example.vn"),
        (MAIL, b"an@example.vn.", b"example.vn"),
        (MAIL, b"an@a..example.vn", b".example.vn"),
        (MAIL, b"an@example.vn", b""),
        (MAIL, b"an@.example.vn", b".example.vn"),
        (URI, b"http://a..example.vn/", b".example.vn"),
        (URI, b"http://example.vn/", b""),
        (URI, b"http://example.vn/", b"*.vn"),
    ],
)
def test_what_cannot_be_compared_is_refused_by_both_kinds_of_constraint(kind, value, base):
    assert not allowed(kind, value, permitted=[base])
    assert not allowed(kind, value, excluded=[base])


@pytest.mark.parametrize(
    ("base", "permits", "excludes"),
    [
        (b"example.vn", True, True),
        (b"vn", True, True),
        (b"", True, True),
        (b"a.example.vn", False, True),
        (b"b.a.example.vn", False, False),
        (b"other.vn", False, False),
        (b"*.example.vn", False, True),
    ],
)
def test_a_wildcard_stands_for_every_host_one_label_below(base, permits, excludes):
    """All of them must be permitted, and none excluded."""
    assert allowed(DNS, b"*.example.vn", permitted=[base]) is permits
    assert allowed(DNS, b"*.example.vn", excluded=[base]) is not excludes


def test_a_quoted_local_part_may_hold_the_sign():
    assert allowed(MAIL, b'"an@work"@example.vn', permitted=[b"example.vn"])
    assert not allowed(MAIL, b'"@example.vn', permitted=[b"other.vn"])


def test_other_kinds_of_names_are_free():
    state = ConstraintState()
    assert not state.constrains
    state.add(NameConstraints(permitted=(GeneralName(DNS, b"example.vn"),)))
    assert state.allows((GeneralName(MAIL, b"an@elsewhere.vn"), GeneralName(DNS, b"a.example.vn")))
    assert not state.allows((GeneralName(DNS, b"a.example.vn"), GeneralName(DNS, b"elsewhere.vn")))


def test_permitted_subtrees_intersect():
    state = ConstraintState()
    state.add(NameConstraints(permitted=(GeneralName(DNS, b"example.vn"), GeneralName(DNS, b"other.vn"))))
    state.add(NameConstraints(permitted=(GeneralName(DNS, b"a.example.vn"),)))
    assert state.allows((GeneralName(DNS, b"x.a.example.vn"),))
    assert not state.allows((GeneralName(DNS, b"other.vn"),))
    assert not state.allows((GeneralName(DNS, b"b.example.vn"),))


def test_too_many_comparisons_are_refused():
    state = ConstraintState()
    state.add(NameConstraints(permitted=tuple(GeneralName(DNS, b"example.vn") for _ in range(1000))))
    names = tuple(GeneralName(DNS, b"example.vn") for _ in range(100))
    assert state.allows(names)
    assert not state.allows((*names, names[0]))


def subtrees(*, permitted=(), excluded=()):
    def side(number, values):
        bases = [der.encode(der.SEQUENCE, der.encode(0x82, v)) for v in values]
        return der.encode(der.context(number), *bases) if values else b""

    return Extension("2.5.29.30", True, der.encode(der.SEQUENCE, side(0, permitted), side(1, excluded)))


def names(*hosts):
    return Extension("2.5.29.17", False, der.encode(der.SEQUENCE, *(der.encode(0x82, h) for h in hosts)))


def test_constraints_on_a_path():
    root = Authority.root("Root", key=KEY)
    ca = root.subordinate("Narrow", key=KEY, extra=[subtrees(permitted=[b"gov.vn"], excluded=[b"x.gov.vn"])])
    trust, pool = store(root.certificate), [ca.certificate]
    for host, passes in ((b"a.gov.vn", True), (b"a.x.gov.vn", False), (b"gov.com", False)):
        person = ca.person("An", key=KEY, extra=[names(host)])
        result = check(person.certificate, trust, pool=pool)
        assert result.passed is passes
        assert passes or codes(result) == ["name-constraints"]
    broken = ca.person("An", key=KEY, extra=[Extension("2.5.29.17", False, b"\x30\x02\x05\x00")])
    assert codes(check(broken.certificate, trust, pool=pool)) == ["name-constraints"]
    narrow_root = Authority.root("Narrow root", key=KEY, extra=[subtrees(permitted=[b"gov.vn"])])
    outside = narrow_root.person("An", key=KEY, extra=[names(b"gov.com")])
    assert codes(check(outside.certificate, store(narrow_root.certificate))) == ["name-constraints"]


def test_mail_addresses_inside_the_subject_count():
    root = Authority.root("Root", key=KEY)
    person = root.person("An", key=KEY, email="an@example.vn", without=["2.5.29.17"]).certificate
    found = names_of(person.subject, person.profile)
    assert GeneralName(MAIL, b"an@example.vn") in found
    assert names_of(b"\x30\x00", Profile()) == ()


# -- policies on a path -----------------------------------------------------------------------------------


def policy_rows(*oids):
    items = [der.encode(der.SEQUENCE, der.encode_oid(oid)) for oid in oids]
    return Extension("2.5.29.32", False, der.encode(der.SEQUENCE, *items))


def mapped(*pairs):
    items = [der.encode(der.SEQUENCE, der.encode_oid(a), der.encode_oid(b)) for a, b in pairs]
    return Extension("2.5.29.33", True, der.encode(der.SEQUENCE, *items))


def test_policies_on_a_path():
    root = Authority.root("Root", key=KEY)
    ca = root.subordinate("CA", key=KEY, extra=[policy_rows(A), mapped((A, B))])
    person = ca.person("An", key=KEY, extra=[policy_rows(B)]).certificate
    trust, pool = store(root.certificate), [ca.certificate]
    strict = PathParameters(policies=[A], explicit_policy=True)
    result = check(person, trust, pool=pool, parameters=strict)
    assert result.passed
    assert result.policies == {A}
    for refused in (
        PathParameters(policies=[B], explicit_policy=True),
        PathParameters(explicit_policy=True, inhibit_mapping=True),
    ):
        assert codes(check(person, trust, pool=pool, parameters=refused)) == ["policy-required"]
    no_policy = ca.person("An", key=KEY, without=["2.5.29.32"]).certificate
    assert codes(check(no_policy, trust, pool=pool, parameters=strict)) == ["policy-required"]
    everything = ca.person("An", key=KEY, extra=[policy_rows(ANY_POLICY)]).certificate
    inhibit = PathParameters(policies=[A], explicit_policy=True, inhibit_any_policy=True)
    assert check(everything, trust, pool=pool, parameters=strict).passed
    assert not check(everything, trust, pool=pool, parameters=inhibit).passed


def test_any_policy_must_not_be_mapped():
    root = Authority.root("Root", key=KEY)
    ca = root.subordinate("CA", key=KEY, extra=[policy_rows(A), mapped((A, ANY_POLICY))])
    result = check(ca.person("An", key=KEY).certificate, store(root.certificate), pool=[ca.certificate])
    assert codes(result) == ["policy-mapping-any"]
