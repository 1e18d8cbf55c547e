"""Documents for the tests of canonical XML: everything that its rules speak of, in small trees."""

from __future__ import annotations

import attrs
from hypothesis import strategies as st

__all__ = ["Made", "documents"]

_URIS = ("urn:mau:1", "urn:mau:2", "http://example.gov.vn/a", "http://example.gov.vn/b?x=1&amp;y=2")
_PREFIXES = ("", "p", "q", "a1")
_TEXTS = (
    "Trích yếu",
    "Ủy ban nhân dân tỉnh",
    "e\u0302\u0301",
    "\U0001f4dc",
    " ",
    "\n  ",
    "\r\n",
    "\r",
    "\t",
    "&amp;",
    "&lt;",
    "&gt;",
    ">",
    '"',
    "'",
    "&quot;",
    "&#13;",
    "&#xD;&#10;",
    "&#9;",
    "&#x1EA4;",
    '<![CDATA[<a> & ]] \r\n "]]>',
    "<![CDATA[]]>",
    "\u0085\u2028\u00a0",
    "]]&gt;",
)
_VALUES = (*(text for text in _TEXTS if "CDATA" not in text and text not in {'"', "'"}), "x", "", "1 2", "urn:a")
_COMMENTS = ("<!-- chú thích -->", "<!---->", "<!-- <a b='c'> & \r\n - -->", "<!--x-->")
_INSTRUCTIONS = ("<?pi?>", "<?pi   hai  khoảng ?>", "<?xml-stylesheet href='a'?>", "<?p-1 <a> & \r\n?>")
_BASES = ("http://example.gov.vn/a/b", "x/y", "../z", "..", ".", "/goc/a", "a/", "../../b/c")
_NAMES = ("a", "b", "Số", "c.d-e")


@attrs.frozen
class Made:
    """A document: its text with ``{signature}`` where one may stand, the ids of its elements, the prefixes it uses."""

    text: str
    ids: tuple[str, ...]
    around: tuple[str, ...]
    """Ids of the elements that the place of the signature lies in."""


@st.composite
def documents(draw: st.DrawFn, *, bases: tuple[str, ...] = _BASES) -> Made:
    """Documents with declarations and undeclarations of namespaces, ``xml:*`` attributes, comments, and so on."""
    maker = _Maker(draw, bases)
    before = "".join(draw(st.lists(st.sampled_from((*_COMMENTS, *_INSTRUCTIONS, "\n")), max_size=3)))
    after = "".join(draw(st.lists(st.sampled_from((*_COMMENTS, *_INSTRUCTIONS, "\n")), max_size=3)))
    start = draw(st.sampled_from(('<?xml version="1.0" encoding="UTF-8"?>', "<?xml version='1.0'?>\r\n", "")))
    root = maker.element({}, 0, place=True, path=())
    return Made(start + before + root + after, tuple(maker.ids), maker.around)


class _Maker:
    def __init__(self, draw: st.DrawFn, bases: tuple[str, ...]) -> None:
        self.draw = draw
        self.bases = bases
        self.ids: list[str] = []
        self.around: tuple[str, ...] = ()

    def element(self, scope: dict[str, str], depth: int, *, place: bool, path: tuple[str, ...]) -> str:
        draw = self.draw
        scope = dict(scope)
        tags: dict[str, str] = {}
        for prefix in draw(st.lists(st.sampled_from(_PREFIXES), unique=True, max_size=2)):
            uri = draw(st.sampled_from((*_URIS, "") if not prefix else _URIS))
            scope[prefix] = uri
            tags["xmlns" if not prefix else f"xmlns:{prefix}"] = uri
        known = [prefix for prefix, uri in scope.items() if prefix]
        prefix = draw(st.sampled_from(["", *known]))
        name = (prefix + ":" if prefix else "") + draw(st.sampled_from(_NAMES))
        seen = set()
        for attribute in draw(st.lists(st.sampled_from(("", *known)), max_size=3)):
            local = draw(st.sampled_from(_NAMES))
            key = (scope[attribute] if attribute else "", local)
            if key not in seen:
                seen.add(key)
                tags[f"{attribute}:{local}" if attribute else local] = self.value()
        identity = f"n{len(self.ids)}"
        self.ids.append(identity)
        tags["xml:id"] = identity
        for special, values in (
            ("lang", ("vi", "en-GB", "")),
            ("space", ("preserve", "default")),
            ("base", self.bases),
            ("mau", ("1", "2")),
        ):
            if values and draw(st.integers(0, 3)) == 0:
                tags[f"xml:{special}"] = draw(st.sampled_from(values))
        order = draw(st.permutations(list(tags)))
        start = "".join(self.space() + self.attribute(key, tags[key]) for key in order)
        path = (*path, identity)
        inner = self.children(scope, depth, place=place, path=path)
        return f"<{name}{start}{draw(st.sampled_from(('', ' ', chr(10))))}>{inner}</{name}>"

    def children(self, scope: dict[str, str], depth: int, *, place: bool, path: tuple[str, ...]) -> str:
        draw = self.draw
        kinds = draw(st.lists(st.sampled_from("tteecp" if depth < 3 else "ttcp"), max_size=4))
        inside = place and "e" in kinds and draw(st.booleans())
        parts = []
        for kind in kinds:
            if kind == "e":
                parts.append(self.element(scope, depth + 1, place=inside, path=path))
                inside = False
                place = place and not self.around
            else:
                parts.append(draw(st.sampled_from({"t": _TEXTS, "c": _COMMENTS, "p": _INSTRUCTIONS}[kind])))
        if place and not self.around:
            parts.insert(draw(st.integers(0, len(parts))), "{signature}")
            self.around = path
        return "".join(parts)

    def space(self) -> str:
        return self.draw(st.sampled_from((" ", "  ", "\r\n\t")))

    def value(self) -> str:
        return "".join(self.draw(st.lists(st.sampled_from(_VALUES), max_size=3)))

    def attribute(self, name: str, value: str) -> str:
        quote = self.draw(st.sampled_from("\"'"))
        return f"{name}={quote}{value}{quote}"
