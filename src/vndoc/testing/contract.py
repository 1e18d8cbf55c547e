"""What every carrier owes its callers, as tests: subclass, say how to make one, and run them.

With pytest, or with :mod:`unittest` if the subclass also derives from ``unittest.TestCase``::

    class TestMine(TransportContract):
        def make(self) -> Setting:
            axis = MyAxis(["A", "B", "C"])
            return Setting(agencies=("A", "B", "C"), connect=axis.carrier, unknown="D")

Every test is named after its requirement (``t01`` ...), which stands in its docstring. What a carrier cannot have,
such as closed agencies, is left out of the setting, and the test is skipped.
"""

from __future__ import annotations

import abc
import concurrent.futures
import contextlib
import time
import tracemalloc
import unittest
from collections.abc import Iterator, Sequence

import attrs

from vndoc.envelope.octets import MemoryOctets, Octets, sha256
from vndoc.errors import ERRORS, OwnFaultError, TransportError
from vndoc.testing._contract_bench import (
    MIB,
    STRANGE,
    Bench,
    PatternOctets,
    Setting,
    Unreadable,
    logs,
    own_fault,
    require,
)
from vndoc.transport.base import Features, Item, ItemState, Kind, Receipt, Settlement, Transport

__all__ = ["PatternOctets", "Setting", "TransportContract"]


class TransportContract(abc.ABC):
    """The suite. A subclass gives :meth:`make`, and the hooks where its axis wants packets of its own."""

    patience: float = 5.0
    """Seconds that a copy may take to be offered."""

    many: int = 250
    """How many items wait at once in the test of paging: more than a page of the carrier."""

    big: int | None = 32 * MIB
    """Octets of the big packet; None skips it."""

    memory: int = 12 * MIB
    """Octets of memory (as :mod:`tracemalloc` sees it) that carrying the big packet may take, there and back."""

    @abc.abstractmethod
    def make(self) -> Setting:
        """Return a new axis with three agencies; nothing waits there."""

    def content(self, number: int, kind: Kind, sender: str, recipients: Sequence[str]) -> bytes:
        """Return the octets of the packet with that *number*: what the axis takes, different for each number."""
        return f'<edXML n="{number}" kind="{kind.value}" from="{sender}" to="{" ".join(recipients)}"/>'.encode()

    def big_content(self, size: int, sender: str, recipients: Sequence[str]) -> Octets:
        """Return a packet of about *size* octets that needs no memory."""
        del sender, recipients
        return PatternOctets(size)

    def same(self, sent: Octets, got: Octets) -> bool:
        """Tell whether *got* is what was *sent*; an axis that rewrites packets compares what is in them."""
        return sent.size == got.size and sha256(sent) == sha256(got)

    @contextlib.contextmanager
    def _bench(self) -> Iterator[tuple[Bench, Transport, Transport, Transport]]:
        with contextlib.ExitStack() as stack:
            setting = self.make()
            stack.callback(setting.close)
            bench = Bench(hooks=self, setting=setting, stack=stack)
            one, two, three = (bench.connect(code) for code in setting.agencies)
            yield bench, one, two, three

    def test_t01_a_carrier_says_what_it_is(self) -> None:
        """T01: a carrier has a name and tells its features."""
        with self._bench() as (_, one, two, three):
            for carrier in (one, two, three):
                require(isinstance(carrier, Transport), "not a Transport")
                require(carrier.name and isinstance(carrier.name, str), "no name")
                require(isinstance(carrier.features, Features), "no features")
                require(carrier.features.kinds, "it carries nothing")

    def test_t02_a_receipt_names_whom_it_is_for(self) -> None:
        """T02: a receipt has an id, an aware time, and every recipient once, as accepted or as refused."""
        with self._bench() as (bench, one, _, _):
            _, second, third = bench.setting.agencies
            receipt = one.submit(bench.outgoing([second, third, second]), [second, third, second])
            require(receipt.carrier == one.name, "the receipt names another carrier")
            require(receipt.transport_id, "no id")
            require(receipt.accepted_at.utcoffset() is not None, "the time has no zone")
            require(receipt.accepted == (second, third), f"accepted: {receipt.accepted}")
            require(receipt.refused == (), f"refused: {receipt.refused}")

    def test_t03_every_recipient_gets_a_copy(self) -> None:
        """T03: each recipient is offered one copy, and it holds what was sent."""
        with self._bench() as (bench, one, two, three):
            recipients = bench.setting.agencies[1:]
            sent = bench.outgoing(recipients)
            one.submit(sent, recipients)
            items = [bench.one(two), bench.one(three)]
            require(items[0].id != items[1].id, "two copies have one id")
            for carrier, item, code in zip((two, three), items, recipients, strict=True):
                bench.check(carrier, item, sent)
                require(item.sender in {None, sent.sender}, f"the sender is told as {item.sender}")
                require(item.recipient in {None, code}, f"the recipient is told as {item.recipient}")
                require(item.created is None or item.created.utcoffset() is not None, "the time has no zone")

    def test_t04_others_get_nothing(self) -> None:
        """T04: nobody is offered, or can fetch, what is addressed to another."""
        with self._bench() as (bench, one, two, three):
            recipients = bench.setting.agencies[1:2]
            one.submit(bench.outgoing(recipients), recipients)
            item = bench.one(two)
            require(not bench.listed(three), "an agency is offered what is not for it")
            require(not bench.listed(one), "the sender is offered its own packet")
            with own_fault("carrier-item-unknown"):
                three.fetch(item).close()

    def test_t05_kinds_are_apart(self) -> None:
        """T05: documents and statuses are listed apart, and no id stands for one of each."""
        with self._bench() as (bench, one, two, _):
            recipients = bench.setting.agencies[1:2]
            packets = {kind: bench.outgoing(recipients, kind) for kind in (Kind.STATUS, Kind.DOCUMENT)}
            for packet in packets.values():
                one.submit(packet, recipients)
            items = {kind: bench.one(two, kind) for kind in packets}
            require(len({item.id for item in items.values()}) == len(items), "a document and a status have one id")
            for kind, packet in packets.items():
                bench.check(two, items[kind], packet)

    def test_t06_the_oldest_comes_first(self) -> None:
        """T06: what one sender sent is offered in the order of its sending."""
        with self._bench() as (bench, one, two, _):
            recipients = bench.setting.agencies[1:2]
            sent = [bench.outgoing(recipients) for _ in range(5)]
            for packet in sent:
                one.submit(packet, recipients)
            for item, packet in zip(bench.listed(two, least=5), sent, strict=True):
                bench.check(two, item, packet)

    def test_t07_fetching_takes_nothing_away(self) -> None:
        """T07: what was listed and fetched is listed and fetched again, until it is settled."""
        with self._bench() as (bench, one, two, _):
            recipients = bench.setting.agencies[1:2]
            sent = bench.outgoing(recipients)
            one.submit(sent, recipients)
            for _ in range(3):
                bench.check(two, bench.one(two), sent)

    def test_t08_content_opens_again(self) -> None:
        """T08: content can be opened any number of times, also after its item was settled, and closed twice."""
        with self._bench() as (bench, one, two, _):
            recipients = bench.setting.agencies[1:2]
            one.submit(bench.outgoing(recipients), recipients)
            item = bench.one(two)
            with two.fetch(item) as content:
                with content.open() as first, content.open() as second:
                    octets = first.read(3) + first.read()
                    require(second.read() == octets, "the second opening gives something else")
                require(len(octets) == content.size, "the size is not that of the octets")
                two.settle(item, Settlement.DONE)
                with content.open() as third:
                    require(third.read() == octets, "settling took the content away")
            content.close()
            content.close()

    def test_t09_done_takes_it_off(self) -> None:
        """T09: what is done is not offered again, also to a carrier that is made anew, and others stay."""
        with self._bench() as (bench, one, two, _):
            recipients = bench.setting.agencies[1:2]
            sent = [bench.outgoing(recipients) for _ in range(2)]
            for packet in sent:
                one.submit(packet, recipients)
            two.settle(bench.listed(two, least=2)[0], Settlement.DONE)
            bench.check(two, bench.one(two), sent[1])
            two.close()
            again = bench.connect(recipients[0])
            bench.check(again, bench.one(again), sent[1])

    def test_t10_done_twice_is_done_once(self) -> None:
        """T10: settling again does nothing, and what is done stays done."""
        with self._bench() as (bench, one, two, _):
            recipients = bench.setting.agencies[1:2]
            one.submit(bench.outgoing(recipients), recipients)
            item = bench.one(two)
            two.settle(item, Settlement.DONE)
            two.settle(item, Settlement.DONE)
            with contextlib.suppress(OwnFaultError):
                two.settle(item, Settlement.FAIL)
            require(not bench.listed(two), "what was done is offered again")
            with own_fault("carrier-item-unknown"):
                two.fetch(item).close()

    def test_t11_what_failed_is_offered_again(self) -> None:
        """T11: after ``FAIL`` an item is offered again, and can be done."""
        with self._bench() as (bench, one, two, _):
            recipients = bench.setting.agencies[1:2]
            sent = bench.outgoing(recipients)
            one.submit(sent, recipients)
            two.settle(bench.one(two), Settlement.FAIL)
            item = bench.one(two)
            require(item.state is not ItemState.DONE, "what failed is called done")
            bench.check(two, item, sent)
            two.settle(item, Settlement.DONE)
            require(not bench.listed(two), "what was done is offered again")

    def test_t12_processing_is_only_a_word(self) -> None:
        """T12: after ``PROCESSING`` an item can be fetched, and is offered again to a carrier that is made anew."""
        with self._bench() as (bench, one, two, _):
            recipients = bench.setting.agencies[1:2]
            sent = bench.outgoing(recipients)
            one.submit(sent, recipients)
            item = bench.one(two)
            two.settle(item, Settlement.PROCESSING)
            bench.check(two, item, sent)
            two.close()
            again = bench.connect(recipients[0])
            bench.check(again, bench.one(again), sent)

    def test_t13_what_waits_outlives_the_carriers(self) -> None:
        """T13: what was accepted waits although both carriers are closed and made anew."""
        with self._bench() as (bench, one, two, _):
            recipients = bench.setting.agencies[1:2]
            sent = bench.outgoing(recipients)
            one.submit(sent, recipients)
            one.close()
            bench.one(two)
            two.close()
            again = bench.connect(recipients[0])
            bench.check(again, bench.one(again), sent)

    def test_t14_a_repetition_is_safe_where_that_is_promised(self) -> None:
        """T14: the same message again gives one copy if the carrier recognises repetitions; else each copy is whole."""
        with self._bench() as (bench, one, two, _):
            recipients = bench.setting.agencies[1:2]
            sent = bench.outgoing(recipients)
            first = one.submit(sent, recipients)
            one.close()
            anew = bench.connect(bench.setting.agencies[0])
            second = anew.submit(sent, recipients)
            items = bench.listed(two, least=1)
            for item in items:
                bench.check(two, item, sent)
            if one.features.deduplicates:
                require(len(items) == 1, "a repetition made a second copy")
                require(second.transport_id == first.transport_id, "a repetition got another id")
                require(second.accepted_at == first.accepted_at, "a repetition got another time")
                two.settle(items[0], Settlement.DONE)
                anew.submit(sent, recipients)
                require(not bench.listed(two), "a repetition brought back what was done")

    def test_t15_a_message_id_is_used_once(self) -> None:
        """T15: other content under the same message id is refused by a carrier that recognises repetitions."""
        with self._bench() as (bench, one, two, _):
            if not one.features.deduplicates:
                raise unittest.SkipTest("the carrier does not recognise repetitions")
            recipients = bench.setting.agencies[1:2]
            sent, other = bench.outgoing(recipients), bench.outgoing(recipients)
            one.submit(sent, recipients)
            with own_fault("carrier-message-reused"):
                one.submit(attrs.evolve(other, message_id=sent.message_id), recipients)
            bench.check(two, bench.one(two), sent)

    def test_t16_an_unknown_recipient_is_refused(self) -> None:
        """T16: an unknown recipient is refused by name, and those who are known are served or told of it."""
        with self._bench() as (bench, one, two, _):
            if bench.setting.unknown is None:
                raise unittest.SkipTest("there are no unknown recipients")
            self._refuses(bench, one, two, bench.setting.unknown, "carrier-unknown-recipient")

    def test_t17_a_closed_recipient_is_refused(self) -> None:
        """T17: the same for a recipient that is closed."""
        with self._bench() as (bench, one, two, _):
            if bench.setting.closed is None:
                raise unittest.SkipTest("there are no closed recipients")
            self._refuses(bench, one, two, bench.setting.closed, "carrier-recipient-closed")

    @staticmethod
    def _refuses(bench: Bench, one: Transport, two: Transport, bad: str, code: str) -> None:
        good = bench.setting.agencies[1]
        for recipients in ([bad], [good, bad]):
            sent = bench.outgoing(recipients)
            receipt: Receipt | None = None
            try:
                receipt = one.submit(sent, recipients)
            except OwnFaultError as error:
                require(error.code == code, f"refused as {error.code}")
            if receipt is not None:
                refused = [(refusal.recipient, refusal.code) for refusal in receipt.refused]
                require(refused == [(bad, code)], f"refused: {refused}")
                require([*receipt.accepted] == recipients[:-1], f"accepted: {receipt.accepted}")
            served = receipt is not None and good in receipt.accepted
            items = bench.listed(two, least=int(served))
            require(
                len(items) == served, f"{len(items)} copies for a recipient that was {'' if served else 'not '}served"
            )

    def test_t18_a_stranger_does_not_send(self) -> None:
        """T18: a sender that is not of this system, and an empty list of recipients, are refused."""
        with self._bench() as (bench, one, two, _):
            first, second, third = bench.setting.agencies
            sent = bench.outgoing([second])
            with own_fault("carrier-unknown-sender"):
                one.submit(attrs.evolve(sent, sender=third), [second])
            with own_fault("carrier-recipients-missing"):
                one.submit(sent, [])
            require(not bench.listed(two), "what was refused was delivered")
            one.submit(attrs.evolve(sent, sender=first), [second])
            bench.check(two, bench.one(two), sent)

    def test_t19_what_is_not_whole_is_not_sent(self) -> None:
        """T19: content that cannot be read, or is not what its digest says, is refused and reaches nobody."""
        with self._bench() as (bench, one, two, _):
            recipients = bench.setting.agencies[1:2]
            sent = bench.outgoing(recipients)
            with own_fault("carrier-packet-changed"):
                one.submit(attrs.evolve(sent, sha256=bytes(32)), recipients)
            with own_fault("carrier-packet-unreadable"):
                one.submit(attrs.evolve(sent, content=Unreadable()), recipients)
            require(not bench.listed(two), "what was refused was delivered")
            one.submit(sent, recipients)
            bench.check(two, bench.one(two), sent)

    def test_t20_nothing_is_a_content_or_refused(self) -> None:
        """T20: empty content is carried as it is, or refused; it is never something else."""
        with self._bench() as (bench, one, two, _):
            recipients = bench.setting.agencies[1:2]
            sent = bench.outgoing(recipients, content=MemoryOctets(b""))
            try:
                one.submit(sent, recipients)
            except OwnFaultError:
                require(not bench.listed(two), "what was refused was delivered")
            else:
                bench.check(two, bench.one(two), sent)

    def test_t21_the_limit_is_where_it_is_said_to_be(self) -> None:
        """T21: a packet as large as the stated limit is taken, one octet more is ``carrier-too-big``."""
        with self._bench() as (bench, one, two, _):
            limit = one.features.max_bytes
            recipients = bench.setting.agencies[1:2]
            if limit is None:
                raise unittest.SkipTest("the carrier states no limit")
            with own_fault("carrier-too-big"):
                one.submit(bench.outgoing(recipients, content=PatternOctets(limit + 1)), recipients)
            require(not bench.listed(two), "what was refused was delivered")
            if limit <= 4 * MIB:
                content = self.big_content(limit, bench.setting.agencies[0], recipients)
                sent = bench.outgoing(recipients, content=content)
                require(content.size <= limit, "the contract's own big content exceeds the limit")
                one.submit(sent, recipients)
                bench.check(two, bench.one(two), sent)

    def test_t22_a_big_packet_takes_little_memory(self) -> None:
        """T22: a big packet is carried in pieces, there and back."""
        with self._bench() as (bench, one, two, _):
            if self.big is None:
                raise unittest.SkipTest("no big packet here")
            recipients = bench.setting.agencies[1:2]
            sent = bench.outgoing(recipients, content=self.big_content(self.big, bench.setting.agencies[0], recipients))
            tracemalloc.start()
            try:
                one.submit(sent, recipients)
                with two.fetch(bench.one(two)) as content:
                    require(self.same(sent.content, content), "what came is not what was sent")
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
            require(peak <= self.memory, f"{peak} octets of memory for a packet of {self.big}")

    def test_t23_everything_is_offered_however_much_waits(self) -> None:
        """T23: many items are offered once each and in order, and those settled on the way are gone."""
        with self._bench() as (bench, one, two, _):
            recipients = bench.setting.agencies[1:2]
            sent = [bench.outgoing(recipients, Kind.STATUS) for _ in range(self.many)]
            for packet in sent:
                one.submit(packet, recipients)
            bench.listed(two, Kind.STATUS, least=self.many)
            seen = []
            for place, item in enumerate(two.pending(Kind.STATUS)):
                seen.append(item.id)
                if place % 2:
                    two.settle(item, Settlement.DONE)
            require(len(seen) == len(set(seen)) == self.many, f"{len(set(seen))} of {self.many} were offered")
            left = bench.listed(two, Kind.STATUS)
            require([item.id for item in left] == seen[::2], "what was left is not what was not settled")
            for item, packet in list(zip(left, sent[::2], strict=True))[-3:]:
                bench.check(two, item, packet)

    def test_t24_sending_and_receiving_at_once(self) -> None:
        """T24: with each end in its own thread, or in several, nothing is lost and nothing comes twice."""
        with self._bench() as (bench, one, two, _):
            recipients = bench.setting.agencies[1:2]
            sent = [bench.outgoing(recipients) for _ in range(40)]
            deadline = time.monotonic() + 60
            got: list[str] = []

            def fetch(item: Item) -> str:
                with two.fetch(item) as content:
                    return next(p.message_id for p in sent if self.same(p.content, content))

            def receive() -> None:
                with concurrent.futures.ThreadPoolExecutor(4 if two.features.concurrent else 1) as threads:
                    while len(got) < len(sent) and time.monotonic() < deadline:
                        items = list(two.pending(Kind.DOCUMENT))
                        got.extend(threads.map(fetch, items))
                        list(threads.map(lambda item: two.settle(item, Settlement.DONE), items))

            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                receiving = pool.submit(receive)
                sending = pool.submit(lambda: [one.submit(packet, recipients) for packet in sent])
                sending.result()
                receiving.result()
            require(sorted(got) == [packet.message_id for packet in sent], f"{len(got)} of {len(sent)} came")
            require(not bench.listed(two), "what was done is offered again")

    def test_t25_what_is_not_there(self) -> None:
        """T25: an item that is not there cannot be fetched, and settling it harms nobody."""
        with self._bench() as (bench, one, two, _):
            recipients = bench.setting.agencies[1:2]
            sent = bench.outgoing(recipients)
            one.submit(sent, recipients)
            for kind in Kind:
                for strange in STRANGE:
                    item = Item(id=strange, kind=kind)
                    with own_fault():
                        two.fetch(item).close()
                    for settlement in Settlement:
                        with contextlib.suppress(TransportError):
                            two.settle(item, settlement)
            bench.check(two, bench.one(two), sent)

    def test_t26_strange_codes_and_ids(self) -> None:
        """T26: whatever stands for a recipient or a message id is refused, or carried as it is."""
        with self._bench() as (bench, one, two, _):
            good = bench.setting.agencies[1]
            for strange in STRANGE:
                try:
                    receipt = one.submit(bench.outgoing([good]), [strange])
                except OwnFaultError:
                    continue
                require(receipt.accepted == (), f"{strange!r} was accepted as a recipient")
                require(all(refusal.code in ERRORS for refusal in receipt.refused), "a refusal without a code")
            accepted = 0
            for strange in STRANGE:
                with contextlib.suppress(OwnFaultError):
                    one.submit(attrs.evolve(bench.outgoing([good]), message_id=strange), [good])
                    accepted += 1
            items = bench.listed(two, least=accepted)
            require(len(items) == accepted, f"{accepted} were accepted, {len(items)} wait")

    def test_t27_closing(self) -> None:
        """T27: a carrier can be closed twice, and then answers with errors of its own or not at all."""
        with self._bench() as (bench, one, two, _):
            recipients = bench.setting.agencies[1:2]
            sent = bench.outgoing(recipients)
            one.submit(sent, recipients)
            two.close()
            two.close()
            with contextlib.suppress(TransportError):
                list(two.pending(Kind.DOCUMENT))
            again = bench.connect(recipients[0])
            bench.check(again, bench.one(again), sent)

    def test_t28_secrets_are_not_told(self) -> None:
        """T28: no secret stands in a repr, an error, a receipt or a log."""
        with logs() as told, self._bench() as (bench, one, two, _):
            if not bench.setting.secrets:
                raise unittest.SkipTest("the carrier has no secrets")
            recipients = [*bench.setting.agencies[1:2], bench.setting.unknown or "không-có"]
            sent = bench.outgoing(recipients)
            told += [repr(one), str(one), repr(one.features), repr(sent)]
            try:
                receipt = one.submit(sent, recipients[:1])
                told += [repr(receipt), repr(receipt.raw), receipt.raw.decode("utf-8", "replace")]
                one.submit(attrs.evolve(sent, message_id="khác"), recipients)
            except TransportError as error:
                told += [str(error), repr(error), repr(error.values), error.text("vi")]
            item = bench.listed(two, least=1)[0]
            with two.fetch(item) as content:
                told += [repr(item), repr(item.extra), repr(content)]
            try:
                two.fetch(attrs.evolve(item, id="không-có", extra={})).close()
            except TransportError as error:
                told += [str(error), repr(error), repr(error.values), repr(error.__cause__)]
            for secret in bench.setting.secrets:
                require(not any(secret in text for text in told), "a secret is told")
