"""SIM signatures in two phases, against a service that is played by the test."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vndoc.errors import ERRORS, SignatureError, UsageError
from vndoc.signature.signing import PublicCredential, SigningState, choose_algorithm
from vndoc.signers.mobile import (
    STATUS_CODES,
    MobileOrder,
    MobileReport,
    PendingSignature,
    finish,
    start,
)
from vndoc.testing.pki import Authority

PERSON = Authority.root("Root", key="p256").person("SIM", cccd="001099000001")
MSISDN = "84912000001"
CREDENTIAL = PublicCredential(PERSON.certificate, PERSON.chain)
STATE = SigningState(
    format="test", certificate=PERSON.certificate, algorithm=choose_algorithm(CREDENTIAL), octets=b"octets to be signed"
)
ASKED = STATE.to_be_signed()


class Service:
    """A mobile signature service; the card answers after *wait* questions."""

    def __init__(self, wait: int = 1, first: int = 100, last: int = 500) -> None:
        self.wait, self.first, self.last = wait, first, last
        self.orders: dict[str, MobileOrder] = {}

    def start(self, order: MobileOrder) -> MobileReport:
        self.orders["mssp-1"] = order
        return self.report(self.first)

    def status(self, transaction: str) -> MobileReport:
        self.wait -= 1
        assert transaction in self.orders
        return self.report(504 if self.wait >= 0 else self.last)

    def report(self, status: int) -> MobileReport:
        asked = self.orders["mssp-1"].asked
        signed = STATUS_CODES.get(status, ("", ""))[1] == "signed"
        value = PERSON.signer().sign(asked.octets, asked.algorithm) if signed else None
        return MobileReport(status=status, transaction="mssp-1", signature=value)


def begin(service: Service) -> PendingSignature:
    return start(service, ASKED, user=MSISDN, display="Ký CV 12/UBND", reference="ref-1")


def test_arguments_of_the_wrong_kind() -> None:
    pending = begin(Service())
    for wrong in (
        lambda: start(Service(), STATE.dump(), user=MSISDN, display="x", reference="r"),
        lambda: finish(Service(), pending.dump()),
        lambda: finish(SimpleNamespace(status=lambda _: 500), pending),
    ):
        with pytest.raises(UsageError) as caught:
            wrong()
        assert caught.value.code == "option-invalid"


@pytest.mark.parametrize("last", [500, 502])
def test_a_signature_is_ordered_awaited_and_completed_elsewhere(last: int) -> None:
    service = Service(wait=2, last=last)
    kept = begin(service).dump()
    order = service.orders["mssp-1"]
    assert (order.user, order.display, order.reference, order.asked) == (MSISDN, "Ký CV 12/UBND", "ref-1", ASKED)
    assert MSISDN.encode() not in kept
    pending = PendingSignature.load(kept)
    assert [finish(service, pending) for _ in range(2)] == [None, None]
    value = finish(service, pending)
    assert SigningState.load(pending.state, format="test").accept(value) == value


def test_a_service_may_answer_at_once() -> None:
    service = Service(first=502)
    pending = PendingSignature.load(begin(service).dump())
    assert pending.value is not None
    assert finish(service, pending) == pending.value
    assert STATE.accept(pending.value)


@pytest.mark.parametrize("status", [*STATUS_CODES, 999])
def test_every_status_has_its_meaning(status: int) -> None:
    name, meaning = STATUS_CODES.get(status, ("999", "mobile-failed"))
    if meaning in ("pending", "signed"):
        service = Service(wait=0, last=status)
        assert (finish(service, begin(service)) is None) is (meaning == "pending")
        return
    assert meaning in ERRORS
    service = Service(wait=0, last=status)
    pending = begin(service)
    for call in (lambda: begin(Service(first=status)), lambda: finish(service, pending)):
        with pytest.raises(SignatureError) as caught:
            call()
        assert (caught.value.code, caught.value.values.get("found", name)) == (meaning, name)
        assert MSISDN not in str(caught.value)


def test_a_success_without_value_or_name_is_no_answer() -> None:
    class Silent(Service):
        def report(self, status: int) -> MobileReport:
            return MobileReport(status=status)

    for first in (100, 500):
        with pytest.raises(SignatureError) as caught:
            begin(Silent(first=first))
        assert caught.value.code == "remote-answer"


def test_neither_the_number_nor_the_value_is_shown() -> None:
    service = Service()
    pending = begin(service)
    report = MobileReport(status=500, signature=b"\xab\xcd")
    for shown in (repr(service.orders["mssp-1"]), repr(pending), repr(report)):
        assert MSISDN not in shown
        assert "Ký" not in shown
        assert "xab" not in shown


GOOD = json.loads(PendingSignature(transaction="t", state=b"{}", value=b"v").dump())


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "other"},
        {"version": 2},
        {"transaction": 5},
        {"state": 5},
        {"state": "\ud800"},
        {"value": "!"},
        {"value": 5},
    ],
)
def test_what_is_no_pending_signature_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(SignatureError) as caught:
        PendingSignature.load(json.dumps({**GOOD, **changes}).encode())
    assert caught.value.code == "signing-state"


@given(st.binary(max_size=60) | st.sampled_from([b"[]", b"{}", b"[" * 100_000, b"null"]))
def test_any_octets_give_an_error(octets: bytes) -> None:
    with pytest.raises(SignatureError):
        PendingSignature.load(octets)


@given(
    st.text(st.characters(exclude_categories=()), max_size=20),
    st.text(max_size=20),
    st.none() | st.binary(min_size=1, max_size=20),
)
def test_any_pending_signature_survives(transaction: str, state: str, value: bytes | None) -> None:
    pending = PendingSignature(transaction=transaction, state=state.encode(), value=value)
    assert PendingSignature.load(pending.dump()) == pending
