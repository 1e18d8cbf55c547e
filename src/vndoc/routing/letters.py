"""The first letters of level-1 codes: the group of agencies each stands for, the source, and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import attrs

from vndoc.text import Text

__all__ = ["LETTERS", "Letter"]

_SUMMARY = "published summaries of Decisions 20/2020 and 09/2025"


@attrs.frozen
class Letter:
    """One letter: the codes seen, the group, the source and how sure it is (``high``, ``medium``)."""

    codes: str
    group: Text
    source: str = _SUMMARY
    confidence: str = "medium"


LETTERS: Mapping[str, Letter] = MappingProxyType(
    {
        "A": Letter("A01-A99", Text("cơ quan của Đảng", "Party bodies"), f"{_SUMMARY}; A53 in a gateway of 2021"),
        "B": Letter("B01", Text("Chủ tịch nước", "the President")),
        "C": Letter("C01-C99", Text("Quốc hội", "the National Assembly")),
        "D": Letter("D01", Text("Tòa án nhân dân tối cao", "the Supreme People's Court")),
        "E": Letter("E01", Text("Viện kiểm sát nhân dân tối cao", "the Supreme People's Procuracy")),
        "F": Letter("F01", Text("Kiểm toán nhà nước", "the State Audit")),
        "G": Letter(
            "G01-G40",
            Text("Chính phủ: bộ, cơ quan ngang bộ, cơ quan khác", "the Government: ministries and similar bodies"),
            f"press copy of Decision 09/2025; {_SUMMARY}",
            "high",
        ),
        "H": Letter(
            "H01-H63",
            Text("Ủy ban nhân dân cấp tỉnh", "People's Committees of provinces and cities"),
            f"{_SUMMARY}; decisions of Quảng Ninh (2016), Thái Bình (2017), Huế (2025)",
            "high",
        ),
        "I": Letter(
            "I01-I06", Text("tổ chức chính trị - xã hội ở trung ương", "central socio-political organisations")
        ),
        "J": Letter("J01-J28", Text("hội ở trung ương", "central associations")),
        "K": Letter(
            "K01-K63",
            Text("Hội đồng nhân dân cấp tỉnh", "People's Councils of provinces and cities"),
            f"{_SUMMARY}; the same number as H: K54, K57",
            "high",
        ),
        "W": Letter(
            "W00",
            Text("hệ thống kết nối, không phải cơ quan", "connected systems, no agencies"),
            "samples of the axis kit and gateway settings of 2021",
        ),
    }
)
"""All letters known, as :class:`Letter`."""
