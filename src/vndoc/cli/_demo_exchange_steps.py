"""The second half of the story: two agencies exchange the packet over HTTP, to the end and with its proof."""

from __future__ import annotations

import datetime
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Final

import vndoc
from vndoc.cli._demo_story import Step, Story, Told
from vndoc.cli._extras import needs
from vndoc.cli._run import filled
from vndoc.text import Text

if TYPE_CHECKING:
    from vndoc.cli._demo_exchange import Exchange
    from vndoc.signature.evidence_check import EvidenceCheck
    from vndoc.signature.packet import PacketVerdict

__all__ = ["EVIDENCE", "EXCHANGE_STEPS"]

EVIDENCE: Final = "bang-chung"
"""The folder of what proves what happened."""

_HANOI: Final = datetime.timezone(datetime.timedelta(hours=7))


def _world(story: Story) -> Exchange:
    from vndoc.cli._demo_exchange import Exchange  # noqa: PLC0415 - needs extras

    assert isinstance(story.exchange, Exchange)  # noqa: S101 - the step that connects comes first
    return story.exchange


def _connect(story: Story) -> Told:
    """Start the axis on loopback, and a node with a store of its own on either side."""
    needs("store", "http", "web")
    from vndoc.cli._demo_exchange import Exchange  # noqa: PLC0415 - as above
    from vndoc.cli._demo_signing import Signing  # noqa: PLC0415 - as above

    assert isinstance(story.signing, Signing)  # noqa: S101 - made when the packet was sealed
    assert story.packet.from_ is not None  # noqa: S101 - the packet passed its check
    people = [story.packet.from_, *story.packet.to]
    world = Exchange(story.signing, people, story.open)
    story.exchange = world
    lines = [filled(_AXIS, url=world.url)]
    lines += [filled(_AGENCY, code=organ.organ_id, name=organ.organ_name) for organ in people]
    return Told(tuple(lines))


_AXIS = Text("trục mô phỏng, giao thức VXP: {url}", "a simulated axis, speaking VXP: {url}")
_AGENCY = Text("{code}: {name}", "{code}: {name}")


def _send(story: Story) -> Told:
    """Send the sealed packet; the axis writes it anew, delivers it twice, and the receiver verifies what came."""
    from vndoc.node import EventKind  # noqa: PLC0415 - as above

    world = _world(story)
    sealed = world.signing.seal(story.packet)
    sent = world.send(sealed)
    received, twice = world.told(EventKind.RECEIVED), world.told(EventKind.DUPLICATE)
    lines = [filled(_SENT, key=sent.business_key, count=len(sent.messages))]
    lines += [filled(_CAME, code=e.receiver, verdict=e.facts.get("indication", "?")) for e in received]
    lines += [filled(_AGAIN, code=event.receiver) for event in twice]
    passed = {event.facts.get("indication") for event in received} == {"passed"}
    count = len(story.packet.to)
    return Told(tuple(lines), passed=passed and len(received) == count and len(twice) == count)


_SENT = Text("đã giao cho trục: {key}, {count} thông điệp", "handed to the axis: {key}, {count} message(s)")
_CAME = Text("{code} đã nhận, kiểm tra chữ ký: {verdict}", "{code} has received it; its signature: {verdict}")
_AGAIN = Text(
    "{code}: trục giao lần hai, nhận ra và trả lời như lần đầu",
    "{code}: delivered a second time, recognised, answered with the first receipt",
)


def _acknowledge(story: Story) -> Told:
    """01 went out by itself; the first receiver accepts and finishes."""
    from vndoc.exchange import LifeEvent  # noqa: PLC0415 - as above

    world = _world(story)
    receiver = str(story.packet.to[0].organ_id)
    for event in (LifeEvent.ACCEPT, LifeEvent.FINISH):
        world.act(receiver, event)
    found = [heard.code for heard in world.history() if heard.receiver == receiver]
    line = filled(_STATUSES, code=receiver, statuses=" → ".join(found))
    return Told((line,), passed=found == ["01", "03", "06"])


_STATUSES = Text("{code} báo trạng thái {statuses}", "{code} reported the statuses {statuses}")


def _recall(story: Story) -> Told:
    """Take the document back from the other receiver, which agrees."""
    world = _world(story)
    receiver = str(story.packet.to[-1].organ_id)
    change = world.sender.take_back(world.key, reason="Gửi nhầm nơi nhận", recipients=[receiver])
    world.settle()
    with world.receiver.store.reading() as unit:
        asked = unit.lives.sagas("in", world.key)
    for request in asked:
        world.receiver.answer(request.id, agree=True, reason="Đồng ý")
    world.settle()
    with world.sender.store.reading() as unit:
        saga = unit.lives.saga(change.id)
    found = [heard.code for heard in world.history() if heard.receiver == receiver]
    lines = (
        filled(_RECALLED, code=receiver, statuses=" → ".join(found)),
        *(filled(_STATE, code=code, state=state) for code, state in world.states().items()),
    )
    return Told(lines, passed=saga is not None and saga.state == "agreed" and world.states()[receiver] == "recalled")


_RECALLED = Text("thu hồi từ {code}: {statuses}", "taken back from {code}: {statuses}")
_STATE = Text("{code}: {state}", "{code}: {state}")


def _timeline(story: Story) -> Told:
    """Tell what happened, as the two office systems were told, in the order of time."""
    from vndoc.node import EVENT_KINDS  # noqa: PLC0415 - as above

    lines = []
    for side, event in sorted(_world(story).heard, key=lambda heard: heard[1].at):
        at = event.at.astimezone(_HANOI).strftime("%H:%M:%S")
        about = " ".join(filter(None, (event.receiver, event.code)))
        values = {"at": at, "about": f" ({about})" if about else ""}
        who, what = _SIDES[side], EVENT_KINDS[event.kind]
        lines.append(
            filled(Text(f"{{at}}  {who.vi}: {what.vi}{{about}}", f"{{at}}  {who.en}: {what.en}{{about}}"), **values)
        )
    return Told(tuple(lines), passed=bool(lines))


_SIDES: Final = {"sender": Text("bên gửi", "sender"), "receiver": Text("bên nhận", "receiver")}


def _keep(story: Story) -> Told:
    """Keep what proves it: the packet that came, its record, and the trust it was judged by; then verify the folder."""
    world = _world(story)
    files = {_PACKET: world.received(), _RECORD: world.evidence().to_bytes(), **world.signing.trust_files()}
    folder = story.folder.path / EVIDENCE
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        story.save(f"{EVIDENCE}/{name}", data)
    at = world.clock().replace(microsecond=0) + datetime.timedelta(minutes=1)
    verdict, check = _verified(folder, at)
    lines = (
        *(filled(Text("{name}: {size} byte", "{name}: {size} bytes"), name=n, size=len(d)) for n, d in files.items()),
        filled(_COMMAND, folder=EVIDENCE, at=at.isoformat()),
        filled(_VERDICT, packet=verdict.indication.value, record=check.indication.value),
    )
    return Told(lines, passed=verdict.passed and check.passed)


_PACKET: Final = "goi-tin.edxml"
_RECORD: Final = "bang-chung.json"
_COMMAND = Text(*("vndoc verify {folder} --trust {folder}/trust --policy vn_default --at {at}",) * 2)
_VERDICT = Text("gói tin: {packet}; hồ sơ bằng chứng: {record}", "packet: {packet}; record: {record}")


def _verified(folder: Path, at: datetime.datetime) -> tuple[PacketVerdict, EvidenceCheck]:
    """Judge what was kept, as ``vndoc verify`` and ``vndoc evidence check`` do: by the files alone."""
    from vndoc.cli._trust import trust_of  # noqa: PLC0415 - cryptography is slow to load
    from vndoc.signature.evidence import EvidenceRecord  # noqa: PLC0415 - as above
    from vndoc.signature.evidence_check import check_evidence  # noqa: PLC0415 - as above

    trust = trust_of(folder / "trust")
    packet = (folder / _PACKET).read_bytes()
    record = EvidenceRecord.load((folder / _RECORD).read_bytes())
    with vndoc.read(packet) as reading:
        verify = functools.partial(vndoc.verify, reading)
        verdict = verify(policy="vn_default", trust=trust.store, at=at, revocation=trust.revocation)
        return verdict, check_evidence(record, verify, packet, trust=trust.store, at=at)


EXCHANGE_STEPS: Final = (
    Step(Text("Nối hai hệ thống qua trục", "Connect two systems by an axis"), _connect),
    Step(Text("Gửi, nhận và kiểm tra", "Send, receive and verify"), _send),
    Step(Text("Báo nhận và xử lý xong", "Acknowledge and finish"), _acknowledge),
    Step(Text("Thu hồi khỏi một nơi nhận", "Take it back from one receiver"), _recall),
    Step(Text("Diễn biến", "What happened, in order"), _timeline),
    Step(Text("Hồ sơ bằng chứng", "The folder of evidence"), _keep),
)
"""The second half of the story, in order."""
