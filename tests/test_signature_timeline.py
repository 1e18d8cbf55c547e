"""A timeline: for any order of issue, expiry, revocation and timestamps the verdict is that of a simple model."""

from __future__ import annotations

import datetime

import attrs
from hypothesis import example, given, settings
from hypothesis import strategies as st

from verdict_support import CA, STORE, TSA_ROOT, Knows, signed, stamp, utc
from vndoc.pki import Certificate, Indication, RevocationReason
from vndoc.signature.evaluation import evaluate
from vndoc.signature.facts import RevocationMaterial, TimestampKind
from vndoc.signature.policy import POLICIES, Renewal

HOUR = datetime.timedelta(hours=1)
START = utc(2026, 1, 1)
KEY, SUPERSEDED = RevocationReason.KEY_COMPROMISE, RevocationReason.SUPERSEDED
LIST = CA.crl(this_update=START, next_update=START + 1000 * HOUR)
STRICT = attrs.evolve(POLICIES["vn_default"], renewal=Renewal.REQUIRED)


def when(hour: int) -> datetime.datetime:
    return START + hour * HOUR


@attrs.frozen
class Holder:
    """A certificate: valid from and to, revoked when and why."""

    since: int
    until: int
    revoked: tuple[int, RevocationReason] | None

    def good(self, hour: int) -> bool:
        """Return whether it counts at *hour*, by what is known of that hour."""
        return self.since <= hour <= self.until and not self.gone(hour)

    def gone(self, hour: int) -> bool:
        return self.revoked is not None and self.revoked[0] <= hour

    def lost(self, hour: int) -> bool:
        """Return whether its key is known to be lost at *hour*."""
        return self.gone(hour) and self.revoked[1] is KEY


@attrs.frozen
class World:
    """A signature that exists, its timestamps (inner, outer), and the fate of the certification authority."""

    signer: Holder
    inner: tuple[int, Holder] | None
    outer: tuple[int, Holder] | None
    authority: int | None
    """The hour at which the key of the certification authority was lost."""
    kept: bool
    """Whether the outer timestamp is around revocation data."""
    at: int
    strict: bool


holders = st.builds(
    lambda since, life, revoked: Holder(since, since + life, revoked),
    st.integers(0, 12),
    st.integers(5, 60),
    st.one_of(st.none(), st.none(), st.tuples(st.integers(0, 70), st.sampled_from([KEY, SUPERSEDED]))),
)
stamps = st.one_of(st.none(), *[st.tuples(st.integers(0, 60), holders)] * 2)
worlds = st.builds(
    World,
    signer=holders,
    inner=stamps,
    outer=stamps,
    authority=st.one_of(st.none(), st.integers(0, 70)),
    kept=st.booleans(),
    at=st.integers(20, 90),
    strict=st.booleans(),
)


def proves(world: World, one: tuple[int, Holder] | None, known: int) -> bool:
    """Return whether a timestamp that exists at *known* proves its hour."""
    if one is None:
        return False
    hour, holder = one
    if hour > world.at or not holder.good(hour) or holder.lost(known):
        return False
    return not world.strict or holder.good(known)


def model(world: World) -> Indication:
    """Return the verdict by the rules in their simplest form: from the outside in, each at the time proven so far."""
    inner, outer = world.inner, world.outer
    outer_proves = proves(world, outer, world.at)
    around = outer_proves and inner is not None and outer[0] >= inner[0]
    inner_proves = proves(world, inner, outer[0] if around else world.at)
    hours = [one[0] for one, good in ((inner, inner_proves), (outer, outer_proves)) if good]
    if hours and min(hours) < world.signer.since:
        return Indication.FAILED
    if inner_proves and outer_proves and outer[0] < inner[0]:
        return Indication.INDETERMINATE
    if not hours and (inner or outer):
        return Indication.INDETERMINATE  # a timestamp that is attached has to prove something
    hour = min(hours, default=world.at)
    lost = world.authority
    if not world.signer.good(hour) or (lost is not None and lost <= hour):
        return Indication.INDETERMINATE
    if hours and lost is not None and lost <= world.at and not (world.kept and outer_proves and outer[0] < lost):
        return Indication.INDETERMINATE
    return Indication.PASSED


def verdict(world: World, *, turned: bool = False) -> Indication:
    """Return what the evaluation says of *world*."""
    revoked: dict[Certificate, tuple[datetime.datetime, RevocationReason | None]] = {}

    def known(certificate: Certificate, holder: Holder) -> None:
        if holder.revoked is not None:
            revoked[certificate] = (when(holder.revoked[0]), holder.revoked[1])

    who = CA.person("Người ký", key="p256", valid=(when(world.signer.since), when(world.signer.until)))
    known(who.certificate, world.signer)
    if world.authority is not None:
        revoked[CA.certificate] = (when(world.authority), KEY)
    facts = signed(who, revocation=RevocationMaterial(crls=(LIST,)))
    made = []
    for name, one in (("inner", world.inner), ("outer", world.outer)):
        if one is None:
            continue
        hour, holder = one
        tsa = TSA_ROOT.tsa(f"TSA {name}", key="rsa-2048", valid=(when(holder.since), when(holder.until)))
        known(tsa.certificate, holder)
        kind = TimestampKind.SIGNATURE if name == "inner" else TimestampKind.ARCHIVE
        found = stamp(when(hour), tsa, kind=kind, octets=name.encode(), accuracy=None)
        protects = {facts.signature_value, b"inner"} | ({LIST} if world.kept else set())
        made.append(attrs.evolve(found, protects=keys(protects if name == "outer" else {facts.signature_value})))
    facts = attrs.evolve(facts, timestamps=tuple(made[::-1] if turned else made))
    policy = STRICT if world.strict else "vn_default"
    return evaluate(facts, policy=policy, trust=STORE, at=when(world.at), revocation=Knows(revoked)).indication


def keys(octets: set[bytes]) -> frozenset[bytes]:
    import hashlib  # noqa: PLC0415

    return frozenset(hashlib.sha256(one).digest() for one in octets)


GOOD, LIVES = Holder(0, 20, None), Holder(0, 90, None)
COMPROMISED = Holder(0, 90, (50, KEY))


@given(worlds)
@example(World(GOOD, (10, LIVES), None, None, False, 80, False))  # expired since, a timestamp proves a time before
@example(World(GOOD, None, None, None, False, 80, False))  # expired, and nothing proves anything
@example(World(GOOD, (10, COMPROMISED), None, None, False, 80, False))  # the authority's key was lost since
@example(World(GOOD, (10, COMPROMISED), (40, LIVES), None, False, 80, False))  # it was archived before that
@example(World(GOOD, (10, COMPROMISED), (60, LIVES), None, False, 80, False))  # it was archived after that
@example(World(GOOD, (10, GOOD), (15, LIVES), None, False, 80, True))  # renewed in time
@example(World(GOOD, (10, GOOD), (30, LIVES), None, False, 80, True))  # renewed too late
@example(World(GOOD, (10, LIVES), (15, LIVES), 30, True, 80, False))  # the CA's key was lost, all was archived before
@example(World(GOOD, (10, LIVES), (15, LIVES), 30, False, 80, False))  # and the revocation data was not
@example(World(GOOD, (10, LIVES), (5, LIVES), None, False, 80, False))  # the outer states an earlier time
@settings(max_examples=250)
def test_the_verdict_is_that_of_the_model(world):
    assert verdict(world) is model(world)


@given(worlds)
@settings(max_examples=60)
def test_where_a_timestamp_stands_in_the_signature_does_not_matter(world):
    assert verdict(world, turned=True) is verdict(world)
