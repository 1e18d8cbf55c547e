"""Signatures of other makers and their timestamps, where a folder of such is at hand.

``VNDOC_XADES_SAMPLES`` names one. The source distribution of signxml has one (``test/xades``): 52 timestamps of 28
files, made by several programs, those of level LTA, X and XL among them. They are not ours to ship.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate
from lxml import etree

from vndoc.errors import VndocError
from vndoc.pki import Certificate
from vndoc.signature.facts import SignatureFacts, TimestampKind
from vndoc.signature.xmldsig import read_xml

FOLDER = os.environ.get("VNDOC_XADES_SAMPLES")
BROKEN = {
    ("xades-lta-with-additional-cert-in-keyinfo.xml", TimestampKind.ARCHIVE),
    ("xades-x-level-wrong-sigAndRefsTstVersion.xml", TimestampKind.REFERENCES),
    ("xades-x-level-v2-wrong-sigAndRefsTst-type.xml", TimestampKind.REFERENCES),
}
"""Their makers changed what the archive timestamp is over, or mixed timestamp and references of two versions."""


def all_of(found: Iterable[SignatureFacts]) -> Iterator[SignatureFacts]:
    for facts in found:
        yield facts
        yield from all_of(facts.counter_signatures)


OURS_ALONE = {"TEST_S1a_C1a_InTL_VALID.xml": "xpath-refused"}
"""What libxmlsec takes and we refuse by name."""


def by_libxmlsec(data: bytes, certificate: Certificate) -> bool:
    root = etree.fromstring(data)
    xmlsec.tree.add_ids(root, ["Id"])
    context = xmlsec.SignatureContext()
    pem = load_der_x509_certificate(certificate.der).public_bytes(Encoding.PEM)
    context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatCertPem)
    try:
        context.verify(xmlsec.tree.find_node(root, "Signature"))
    except xmlsec.Error:
        return False
    return True


@pytest.mark.skipif(FOLDER is None, reason="VNDOC_XADES_SAMPLES names no folder of XAdES signatures of others")
def test_the_signatures_of_others_hold_where_libxmlsec_says_so() -> None:
    assert FOLDER is not None
    counts: Counter[bool] = Counter()
    for path in sorted(Path(FOLDER).glob("*.xml")):
        data = path.read_bytes()
        [facts] = read_xml(data)
        ours = all(covered.intact for covered in facts.covered) and facts.verify(facts.candidates[0])
        theirs = by_libxmlsec(data, facts.candidates[0])
        if path.name in OURS_ALONE:
            assert (ours, theirs) == (False, True)
            assert OURS_ALONE[path.name] in {reason.code for reason in facts.reasons}
        else:
            assert ours is theirs, (path.name, facts.reasons)
        counts[ours] += 1
    assert counts[True] >= 50
    assert counts[False] >= 5


@pytest.mark.skipif(FOLDER is None, reason="VNDOC_XADES_SAMPLES names no folder of XAdES signatures of others")
def test_the_timestamps_of_others_are_over_what_we_think() -> None:
    assert FOLDER is not None
    counts: Counter[TimestampKind] = Counter()
    for path in sorted(Path(FOLDER).glob("*.xml")):
        try:
            found = read_xml(path.read_bytes())
        except VndocError:
            continue
        for facts in all_of(found):
            for stamp in facts.timestamps:
                counts[stamp.kind] += 1
                broken = (path.name, stamp.kind) in BROKEN
                assert stamp.intact is not broken, (path.name, stamp)
    assert all(counts[kind] for kind in TimestampKind), counts
