"""Revocation values of CMS are counted: at the limit they are read, one past it the attribute is refused."""

from __future__ import annotations

import pytest

from cms_support import attributes_of, codes, made, read, rows
from vndoc.errors import CertificateError
from vndoc.pki import der
from vndoc.signature._cms_attributes import CERTIFICATE_VALUES, MOST_VALUES, REVOCATION_VALUES, revocation_values
from vndoc.signature._cms_encode import attribute


def values(count: int) -> der.Element:
    lists = der.encode(der.SEQUENCE, b"\x30\x00" * count)
    return der.read(der.encode(der.SEQUENCE, der.encode(der.context(0), lists)))


def test_as_many_lists_as_are_allowed() -> None:
    assert len(revocation_values(values(MOST_VALUES)).crls) == MOST_VALUES


def test_one_list_more() -> None:
    with pytest.raises(CertificateError) as caught:
        revocation_values(values(MOST_VALUES + 1))
    assert caught.value.code == "der-malformed"


@pytest.mark.parametrize(("count", "refused"), [(MOST_VALUES // 2, False), (MOST_VALUES // 2 + 1, True)])
def test_values_are_counted_in_all_attributes_together(count: int, *, refused: bool) -> None:
    crls = attribute(REVOCATION_VALUES, values(count).octets)
    certificates = attribute(CERTIFICATE_VALUES, der.encode(der.SEQUENCE, b"\x30\x00" * (MOST_VALUES // 2)))
    infos = made(attributes_of(rows()), unsigned=der.encode(der.context(1), crls, certificates))
    facts = read(infos)
    assert ("attribute-malformed" in codes(facts)) is refused
    assert len(facts.revocation.crls) == count
