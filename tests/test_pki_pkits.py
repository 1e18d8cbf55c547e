"""NIST PKITS: every certification path of the suite ends as the suite says, the two of DSA aside."""

from __future__ import annotations

import datetime
import json
import random
from pathlib import Path

import pytest

from pki_support import POLICY, SIGNERS
from vndoc.pki import (
    Certificate,
    PathParameters,
    PathResult,
    RevocationCache,
    RevocationChecker,
    TrustStore,
    validate_path,
)

AT = datetime.datetime(2022, 5, 1, tzinfo=datetime.UTC)
DSA = {"40104", "40105"}
"""Valid paths whose certificates are signed with DSA, which is refused by name."""


class Suite:
    """The suite, its files read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cases = json.loads((folder / "pkits.json").read_text(encoding="utf-8"))
        self.cache = RevocationCache(size=500)
        self.trust = TrustStore.of([self.certificate("TrustAnchorRootCertificate.crt")], purposes=SIGNERS)

    def certificate(self, name: str) -> Certificate:
        return Certificate.load((self.folder / "certs" / name).read_bytes())

    def run(self, case: dict, order: random.Random | None = None) -> PathResult:
        others = list(case.get("other_certs", ()))
        lists = ["TrustAnchorRootCRL.crl", *case.get("crls", ())]
        if order is not None:
            others += [c["cert"] for c in order.sample(self.cases, 20)]
            order.shuffle(others)
            order.shuffle(lists)
        params = case.get("params", {})
        return validate_path(
            self.certificate(case["cert"]),
            trust=self.trust,
            at=AT,
            purpose=SIGNERS,
            crypto=POLICY,
            pool=[self.certificate(name) for name in others],
            revocation=RevocationChecker.of(
                [(self.folder / "crls" / name).read_bytes() for name in lists], cache=self.cache
            ),
            parameters=PathParameters(
                policies=params.get("user_initial_policy_set", ["2.5.29.32.0"]),
                explicit_policy=params.get("initial_explicit_policy", False),
                inhibit_mapping=params.get("initial_policy_mapping_inhibit", False),
                inhibit_any_policy=params.get("initial_any_policy_inhibit", False),
            ),
        )


@pytest.fixture(scope="module")
def suite(shared):
    return Suite(shared / "vectors" / "pkits")


def test_every_path_ends_as_the_suite_says(suite, capsys):
    table, wrong = [], []
    for case in suite.cases:
        result = suite.run(case)
        verdict = "pass" if result.passed else "fail"
        why = ", ".join(reason.code for reason in result.outcome.reasons if reason.decides)
        unknown = {code for fact in result.revocation for code in fact.why}
        table.append(f"{case['id']}  {case['expect']:4}  {verdict:4}  {why} {sorted(unknown) if unknown else ''}")
        if verdict != case["expect"]:
            wrong.append(case["id"])
    with capsys.disabled():
        print("\nNIST PKITS: id, expected, found, reasons")
        print("\n".join(table))
        print(f"{len(table)} cases, {len(table) - len(wrong)} right, refused by name: {sorted(wrong)}")
    assert len(table) == 246
    assert set(wrong) == DSA


def test_dsa_is_refused_by_name(suite):
    for case in suite.cases:
        if case["id"] in DSA:
            reasons = suite.run(case).outcome.reasons
            assert {r.code for r in reasons} <= {"certificate-algorithm-refused", "certificate-key-unsupported"}


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_certificates_and_lists_does_not_matter(suite, seed):
    order = random.Random(seed)
    wrong = {c["id"] for c in suite.cases if suite.run(c, order).passed != (c["expect"] == "pass")}
    assert wrong == DSA


def test_without_lists_no_path_is_final(suite):
    for case in suite.cases:
        if case["expect"] == "pass" and case["id"] not in DSA:
            result = suite.run({**case, "crls": []})
            assert result.outcome.sub_indication == "TRY_LATER" or not case.get("crls")
