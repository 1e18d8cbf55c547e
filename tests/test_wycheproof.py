"""Wycheproof: every published signature gets its stated verdict from the one place that verifies values."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vndoc.errors import CertificateError
from vndoc.pki.algorithms import Family, SignatureAlgorithm, ecdsa_raw_to_der, key_bits, load_public_key, verify

FILES = {
    "ecdsa_secp256r1_sha256_p1363_test.json": SignatureAlgorithm(Family.ECDSA, "sha256"),
    "ecdsa_secp256r1_sha256_test.json": SignatureAlgorithm(Family.ECDSA, "sha256"),
    "ecdsa_secp384r1_sha384_test.json": SignatureAlgorithm(Family.ECDSA, "sha384"),
    "ed25519_test.json": SignatureAlgorithm(Family.ED25519),
    "rsa_pss_2048_sha256_mgf1_32_params_test.json": SignatureAlgorithm(Family.RSA_PSS, "sha256", "sha256", 32),
    "rsa_signature_2048_sha256_test.json": SignatureAlgorithm(Family.RSA_PKCS1, "sha256"),
    "rsa_signature_3072_sha256_test.json": SignatureAlgorithm(Family.RSA_PKCS1, "sha256"),
}


def answers(path: Path, algorithm: SignatureAlgorithm) -> Iterator[tuple[dict[str, Any], bool]]:
    raw = "p1363" in path.name
    for group in json.loads(path.read_text(encoding="utf-8"))["testGroups"]:
        key = load_public_key(bytes.fromhex(group["publicKeyDer"]))
        for test in group["tests"]:
            value, message = bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"])
            try:
                given = ecdsa_raw_to_der(value, key_bits(key)) if raw else value
            except CertificateError:
                yield test, False
                continue
            yield test, verify(key, algorithm, given, data=message)


def test_the_folder_holds_the_files_of_the_table(shared: Path) -> None:
    assert {path.name for path in (shared / "vectors" / "wycheproof").glob("*.json")} == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_every_vector_has_its_stated_verdict(name: str, shared: Path) -> None:
    counts: Counter[str] = Counter()
    wrong = []
    for test, accepted in answers(shared / "vectors" / "wycheproof" / name, FILES[name]):
        counts[test["result"]] += 1
        if test["result"] == "acceptable":
            assert test["flags"] == ["MissingNull"]
        if accepted is not (test["result"] == "valid"):
            wrong.append((test["tcId"], test["comment"], accepted))
    print(name, dict(counts))
    assert wrong == []
    assert counts["valid"]
    assert counts["invalid"]
