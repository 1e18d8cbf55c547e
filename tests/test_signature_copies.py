"""Stores, policies and verdicts go to other processes and back: what is asked there is answered as it is here."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest

import vndoc
from samples import DOCUMENT
from verdict_support import GOOD, NOW, PERSON, STORE
from vndoc.envelope import Attachment
from vndoc.signature import POLICIES, Verdict, policy_of, sign_cms, sign_xml, verify_cms, verify_xml

CONTENT = b"Kinh gui"
CMS = sign_cms(CONTENT, signer=PERSON.signer(), signing_time=NOW)
XML = sign_xml(b"<a><b>Kinh gui</b></a>", signer=PERSON.signer(), signing_time=NOW)
SEALED = vndoc.seal(
    vndoc.read(DOCUMENT.encode()).document.evolve(attachments=(Attachment.of(b"%PDF-1.7", name="a.pdf"),)),
    PERSON.signer(),
    at=NOW,
)
PACKET = vndoc.write_packet(SEALED)

WAYS = {
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),  # noqa: S301 - our own octets
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


def verdicts(store=STORE, policy="vn_default") -> list[Verdict]:
    how = {"policy": policy, "trust": store, "at": NOW, "revocation": GOOD}
    with vndoc.read(PACKET) as reading:
        return [verify_cms(CMS, content=CONTENT, **how), verify_xml(XML, **how), vndoc.verify(reading, **how)]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_stores_and_policies_answer_alike(way: Callable) -> None:
    before = verdicts()  # keys are worked out by now
    for name in POLICIES:
        policy = way(policy_of(name))
        assert policy == policy_of(name)
        assert policy.crypto.ends == policy_of(name).crypto.ends
        assert verdicts(way(STORE), policy) == verdicts(policy=name)
    assert before[0].passed
    assert before[1].passed
    assert way(PERSON.certificate) == PERSON.certificate
    assert way(PERSON.certificate).public_key == PERSON.certificate.public_key


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_verdicts_are_the_same(way: Callable) -> None:
    for verdict in verdicts():
        again = way(verdict)
        assert again == verdict
        assert again.to_json() == verdict.to_json()
        for mine, other in zip(verdict, again, strict=True):
            for one, two in zip(mine.covers, other.covers, strict=True):
                assert one.octets.open().read() == two.octets.open().read()
