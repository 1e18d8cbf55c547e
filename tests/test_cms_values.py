"""Revocation values of CMS are counted: at the limit they are read, one past it the attribute is refused."""

from __future__ import annotations

import pytest

from vndoc.errors import CertificateError
from vndoc.pki import der
from vndoc.signature._cms_attributes import MOST_VALUES, revocation_values


def values(count: int) -> der.Element:
    lists = der.encode(der.SEQUENCE, b"\x30\x00" * count)
    return der.read(der.encode(der.SEQUENCE, der.encode(der.context(0), lists)))


def test_as_many_lists_as_are_allowed() -> None:
    assert len(revocation_values(values(MOST_VALUES)).crls) == MOST_VALUES


def test_one_list_more() -> None:
    with pytest.raises(CertificateError) as caught:
        revocation_values(values(MOST_VALUES + 1))
    assert caught.value.code == "der-malformed"
