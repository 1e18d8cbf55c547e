"""What an incoming document is, measured against what is known under its business key.

Same document, same content: it has been here, and is answered with the earlier receipt. Same document, other
content: a conflict with a code of its own, unless the packet says that it updates. What counts is the *outcome* of
the earlier one: a document that could not be taken then is taken now. Octets are never compared: axes rewrite packets.

Source: Decree 30/2020 Art 22 and App VI; practice (section 3 of the protocol); gap N13 of the field study.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import attrs

from vndoc.envelope.codes import BussinessDocType
from vndoc.errors._arguments import need, need_all
from vndoc.exchange._times import moment
from vndoc.exchange.effects import Effect, Notify, RecordConflict, Topic
from vndoc.text import Text

__all__ = ["MATCHES", "Incoming", "Known", "Match", "Matching", "match"]


class Match(enum.Enum):
    """What an incoming document is."""

    NEW = "new"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    AGAIN = "again"
    CHANGE = "change"


MATCHES: Mapping[Match, Text] = MappingProxyType(
    {
        Match.NEW: Text("văn bản mới", "a new document"),
        Match.DUPLICATE: Text("văn bản đã nhận trước đó", "a document that was received before"),
        Match.CONFLICT: Text("trùng số ký hiệu nhưng khác nội dung", "same number and notation, other content"),
        Match.AGAIN: Text("gửi lại văn bản lần trước chưa tiếp nhận được", "a document that could not be taken before"),
        Match.CHANGE: Text("yêu cầu thay đổi văn bản", "a change of a document"),
    }
)
"""Text of each."""


@attrs.frozen(kw_only=True)
class Incoming:
    """What came: ``document`` is the business key as text, ``digest`` the content digest (32 octets),
    ``operation`` the ``BussinessDocType``.
    """

    document: str
    digest: bytes
    operation: int = BussinessDocType.NEW


@attrs.frozen(kw_only=True)
class Known:
    """One document that came before under the same key.

    ``taken`` is whether it was kept and its receipt given; ``receipt`` names that receipt. Rows whose processing
    has not ended are not taken. ``operation`` is the ``BussinessDocType`` it came with: the content digest leaves it
    out, and some products write a recall that is its document again in all else.
    """

    digest: bytes
    version: int
    at: datetime.datetime = attrs.field(converter=moment)
    taken: bool
    receipt: str = ""
    operation: int = BussinessDocType.NEW

    def is_same(self, incoming: Incoming) -> bool:
        """Return whether *incoming* is this document once more: the same content for the same purpose."""
        purposes = {int(incoming.operation)}
        if incoming.operation == BussinessDocType.NEW:
            purposes.add(BussinessDocType.REPLACE)  # a replacement is a new document as well
        return self.digest == incoming.digest and self.operation in purposes


@attrs.frozen(kw_only=True)
class Matching:
    """The answer. ``known`` is the earlier one that decided, ``version`` the version that the incoming one would be."""

    match: Match
    version: int
    known: Known | None = None
    effects: tuple[Effect, ...] = ()


def match(incoming: Incoming, known: Sequence[Known]) -> Matching:
    """Return what *incoming* is, given everything *known* under its business key at this receiver, in any order.

    A change whose packet has a key of its own is measured against that key as well; which document it changes, and what
    version that makes, its clues say (:func:`~vndoc.exchange.change_clues`). Neither a duplicate nor a conflict is a
    failure at the axis: the copy is settled as done, and the conflict is kept.
    """
    need("incoming", incoming, Incoming)
    known = need_all("known", known, Known)
    same = [k for k in known if k.is_same(incoming)]
    taken = [k for k in same if k.taken]
    latest = max((k.version for k in known if k.taken), default=0)
    if taken:
        earliest = min(taken, key=lambda k: (k.at, k.version))
        return Matching(match=Match.DUPLICATE, version=earliest.version, known=earliest)
    if incoming.operation != BussinessDocType.NEW:
        version = latest + (incoming.operation == BussinessDocType.UPDATE)
        return Matching(match=Match.CHANGE, version=max(version, 1))
    if latest:
        newest = max((k for k in known if k.taken), key=lambda k: (k.version, k.at))
        keys = (("document", incoming.document), ("digest", incoming.digest.hex()), ("known", newest.digest.hex()))
        conflict = (RecordConflict("document-conflict", keys), Notify(Topic.LATE, "document-conflict"))
        return Matching(match=Match.CONFLICT, version=newest.version, known=newest, effects=conflict)
    if same:
        return Matching(match=Match.AGAIN, version=1, known=max(same, key=lambda k: k.at))
    return Matching(match=Match.NEW, version=1)
