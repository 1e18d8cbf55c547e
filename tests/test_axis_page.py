"""The page of the simulated axis: what it shows, that it is safe and accessible, and that a real browser shows it."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import html

import vndoc
from axis_support import NORTH, SOUTH, Clock, Reply, Vxp, call, running
from cli_support import document
from vndoc.envelope.octets import MemoryOctets
from vndoc.testing.axis import Agency, AxisServer, AxisSimulator, FaultKind, Happening
from vndoc.testing.axis._words import PAGE_WORDS
from vndoc.transport.base import ItemState, Kind

EVIL = "<script>document.title='evil'</script><img src=x onerror=alert(1)> & \"'"


def get(server: AxisServer, path: str = "/", **headers: str) -> Reply:
    return call(server.port, "GET", path, {name.replace("_", "-"): value for name, value in headers.items()})


def page(server: AxisServer, path: str = "/?lang=en") -> Any:
    reply = get(server, path)
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    return html.fromstring(reply.body.decode())


def text(node: Any) -> str:
    return " ".join(node.text_content().split())


def send(server: AxisServer, subject: str = "Trích yếu", number: str = "07", to: tuple[str, ...] = ("H14",)) -> str:
    packet = document(
        subject=subject,
        code=vndoc.DocumentCode(number, "TB-UBND"),
        to=tuple(vndoc.Organization(organ_id=code, organ_name="x") for code in to),
    )
    return str(Vxp(server.port, NORTH).send(vndoc.write_packet(packet), "H41").json["DocId"])


def settled(server: AxisServer, *words: str) -> None:
    south = Vxp(server.port, SOUTH)
    for row, word in zip(south.waiting(), words, strict=False):
        south.ask("getEdoc", docId=row["docId"])
        south.ask("updateStatus", docId=row["docId"], status=word)


# -- what it shows -----------------------------------------------------------------------------------


def test_an_empty_axis() -> None:
    with running() as server:
        found = page(server)
        assert "No packets yet." in text(found)
        assert "the axis does what it should" in text(found)
        assert [text(figure) for figure in found.xpath("//dl[@class='figures']//dd")] == ["4", "0", "0", "0", "0"]
        agencies = found.xpath("//table[@aria-labelledby='agencies']/tbody/tr")
        assert [text(row.find("th")) for row in agencies] == ["H41", "H41.12", "H14", "H14.12"]


def test_agencies_queues_and_packets() -> None:
    with running(faults=["receipt-before-commit@send,nth=3"]) as server:
        send(server, to=("H14", "H14.12", "H41.12"))
        settled(server, "done", "fail")
        send(server, "Việc khác", "08")
        send(server, "Mất", "09")
        server.axis.core.set_closed("H41", closed=True, at=Clock().now)
        server.axis.core.remove(NORTH.id, "H41.12", Clock().now)
        found = page(server)
        figures = [text(figure) for figure in found.xpath("//dl[@class='figures']//dd")]
        assert figures == ["3", "3", "2", "1", "1"]
        rows = [[text(cell) for cell in row] for row in found.xpath("//table[@aria-labelledby='packets']/tbody/tr")]
        assert [row[0] for row in rows] == ["3", "2", "1"]
        assert rows[0][5] == "Lost"
        assert rows[1][1:5] == ["04/03/2026 08:02:03", "Document", "08/TB-UBND Việc khác", "H41"]
        assert rows[2][5] == "H14 · Received H14.12 · Failed H41.12 · Waiting"
        agencies = {row[0].text: row for row in found.xpath("//table[@aria-labelledby='agencies']/tbody/tr")}
        assert [text(cell) for cell in agencies["H14"]][4:] == ["1", "0", "1", "Open"]
        assert text(agencies["H41"][7]) == "Closed"
        assert text(agencies["H41.12"][7]) == "Deleted"
        faults = [[text(cell) for cell in row] for row in found.xpath("//table[@aria-labelledby='faults']/tbody/tr")]
        assert faults[0][0] == "receipt-before-commit"
        assert faults[0][2:] == ["operation=send, nth=3", "1"]


def test_the_life_of_a_packet_and_its_files() -> None:
    with running() as server:
        id_ = send(server)
        settled(server, "processing")
        settled(server, "fail")
        settled(server, "done")
        found = page(server, f"/sim/packets/{id_}?lang=en")
        life = [text(item) for item in found.xpath("//ol[@class='life']/li")]
        assert [line.partition("04/03")[0].strip() for line in life] == [
            "Taken over by the axis",
            "Put into the queue H14",
            "Fetched by the recipient H14",
            "Recipient says: in progress H14",
            "Recipient says: failed; offered again H14",
            "Fetched by the recipient H14",
            "Recipient says: received H14",
        ]
        assert [text(cell) for cell in found.xpath("//table[@aria-labelledby='copies']/tbody/tr")[0]][:3] == [
            "H14", "Received", "3",
        ]  # fmt: skip
        assert "written anew by the axis" in text(found)
        files = {which: get(server, f"/sim/packets/{id_}/{which}.edxml") for which in ("received", "delivered")}
        for which, reply in files.items():
            assert reply.headers["content-disposition"] == f'attachment; filename="{id_}.{which}.edxml"'
            assert reply.headers["content-type"] == "application/octet-stream"
            assert int(reply.headers["content-length"]) == len(reply.body)
        assert files["received"].body != files["delivered"].body
        assert vndoc.content_digest(vndoc.read_packet(files["received"].body)) == vndoc.content_digest(
            vndoc.read_packet(files["delivered"].body)
        )


def test_octets_that_passed_through_are_told() -> None:
    with running(rewriting=None) as server:
        assert "the same, octet by octet" in text(page(server, f"/sim/packets/{send(server)}?lang=en"))


def test_what_is_not_there() -> None:
    with running() as server:
        id_ = send(server)
        for path in ("/sim/packets/x", "/sim/packets/x/received.edxml", f"/sim/packets/{id_}/other.edxml", "/sim"):
            assert get(server, path).status == 404
        assert "There is no such page" in text(page(server, "/sim/packets/x?lang=en"))


def test_many_packets_in_pages_and_many_agencies() -> None:
    many = tuple(Agency(code=f"Z{n}", name="x") for n in range(300))
    with running(systems=(NORTH, SOUTH.__class__(id="many", secret="s", agencies=many))) as server:
        for _ in range(230):
            server.axis.core.submit(
                NORTH.id,
                kind=Kind.STATUS,
                sender="H41",
                recipients=["Z299"],
                content=MemoryOctets(b"x"),
                at=Clock().now,
            )
        seen: list[str] = []
        path = "/?lang=en"
        while path:
            found = page(server, path)
            seen += [text(row[0]) for row in found.xpath("//table[@aria-labelledby='packets']/tbody/tr")]
            links = found.xpath("//a[@id='older']/@href")
            path = links[0] if links else ""
        assert seen == [str(n) for n in range(230, 0, -1)]
        assert found.xpath("//a[@id='newest']")
        agencies = found.xpath("//table[@aria-labelledby='agencies']/tbody/tr")
        assert (len(agencies), agencies[0][0].text) == (200, "Z299")
        assert "and 102 more agencies" in text(found)
        for odd in ("before=x", "before=-1", "before=" + "9" * 40, "before=%D9%A3"):
            assert get(server, f"/?{odd}").status == 200


def test_a_packet_with_very_many_recipients_is_cut_short() -> None:
    codes = [f"Z{n}" for n in range(1_001)]
    many = tuple(Agency(code=code, name="x") for code in codes)
    with running(systems=(NORTH, SOUTH.__class__(id="many", secret="s", agencies=many))) as server:
        made = server.axis.core.submit(
            NORTH.id, kind=Kind.STATUS, sender="H41", recipients=codes, content=MemoryOctets(b"x"), at=Clock().now
        )
        (row,) = page(server).xpath("//table[@aria-labelledby='packets']/tbody/tr")
        assert text(row[5]).endswith("Z7 · Waiting and 993 more")
        found = page(server, f"/sim/packets/{made.id}?lang=en")
        assert len(found.xpath("//table[@aria-labelledby='copies']/tbody/tr")) == 200
        assert text(found).count("and 801 more") == 2
        life = found.xpath("//ol[@class='life']/li")
        assert (len(life), text(life[-1])) == (1_001, "and 2 more")


# -- languages, freshness ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "accept", "lang"),
    [("/", "", "vi"), ("/", "en-US,en;q=0.9", "en"), ("/", "fr, vi;q=0.5, en;q=0.1", "vi"), ("/?lang=en", "vi", "en"),
     ("/?lang=xx", "", "vi")],
)  # fmt: skip
def test_languages(path: str, accept: str, lang: str) -> None:
    with running() as server:
        reply = get(server, path, accept_language=accept)
        assert reply.headers["content-language"] == lang
        found = html.fromstring(reply.body.decode())
        assert found.get("lang") == lang
        assert text(found.find(".//h1")) == PAGE_WORDS["title"].render(lang)  # type: ignore[arg-type]
        assert found.xpath("//a[@aria-current='true']/@hreflang") == [lang]


def test_words_are_in_two_languages_and_every_state_and_happening_has_one() -> None:
    assert [key for key, words in PAGE_WORDS.items() if not words.vi or words.vi == words.en] == []
    for one in ItemState:
        assert f"state-{one.value}" in PAGE_WORDS
    for what in Happening:
        assert f"event-{what.value}" in PAGE_WORDS
    for kind in Kind:
        assert f"kind-{kind.value}" in PAGE_WORDS


def test_a_page_that_has_not_changed_is_not_sent_again() -> None:
    with running() as server:
        first = get(server)
        assert html.fromstring(first.body.decode()).get("data-version") == first.headers["etag"].strip('"')
        again = get(server, if_none_match=first.headers["etag"])
        assert (again.status, again.body) == (304, b"")
        send(server)
        assert get(server, if_none_match=first.headers["etag"]).status == 200


# -- safe, accessible --------------------------------------------------------------------------------


def test_what_came_from_outside_is_text() -> None:
    with running() as server:
        body = f'{{"pcode":"H41","code":"H41.9","name":{EVIL!r}}}'.replace("'<", '"<').encode()
        del body
        server.axis.core.register(NORTH.id, Agency(code="H41.9", name=EVIL, mail=EVIL), Clock().now)
        id_ = send(server, EVIL + " CCCD 012345678901")
        for path in ("/?lang=en", f"/sim/packets/{id_}"):
            found = page(server, path)
            assert EVIL in text(found)
            assert len(found.xpath("//script")) == 1
            assert found.xpath("//img | //*[@onerror]") == []
            assert "012345678901" not in text(found)
            assert "*********901" in text(found)


def test_nothing_may_be_loaded_and_only_our_own_script_runs() -> None:
    with running() as server:
        reply = get(server)
        policy = dict(part.strip().split(" ", 1) for part in reply.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["frame-ancestors"] == policy["form-action"] == policy["base-uri"] == "'none'"
        for name in ("script", "style"):
            (inner,) = re.findall(rf"<{name}>(.*?)</{name}>", reply.body.decode(), re.DOTALL)
            digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
            assert policy[f"{name}-src"] == f"'sha256-{digest}'"
        assert not re.search(r'(?:src|href)="(?!/|\?|#|data:)', reply.body.decode())
        assert NORTH.secret not in reply.body.decode()


def test_it_can_be_used_without_eyes_mouse_or_scripts() -> None:
    with running(faults=["delay,seconds=0"]) as server:
        id_ = send(server)
        for path in ("/", f"/sim/packets/{id_}", "/sim/packets/none"):
            found = page(server, path)
            assert (
                len(found.xpath("//h1")) == len(found.xpath("//main")) == len(found.xpath("//*[@role='status']")) == 1
            )
            assert found.xpath("//a[@class='skip']/@href") == ["#content"]
            assert found.xpath("//noscript/meta/@http-equiv") == ["refresh"]
            ids = Counter(found.xpath("//@id"))
            assert [name for name, count in ids.items() if count > 1] == []
            assert all(name in ids for value in found.xpath("//@aria-labelledby") for name in value.split())
            assert all(text(link) for link in found.xpath("//a"))
            assert found.xpath("//table[not(@aria-labelledby)] | //th[not(@scope)] | //time[not(@datetime)]") == []
            levels = [int(heading.tag[1]) for heading in found.xpath("//h1 | //h2 | //h3")]
            assert levels[0] == 1
            assert set(levels[1:]) == {2}


def test_colours_can_be_told_apart() -> None:
    css = (Path(vndoc.__file__).parent / "testing" / "axis" / "templates" / "page.css").read_text(encoding="utf-8")
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#\w{6})", block)) for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    )
    assert light.keys() == dark.keys()
    for colours in (light, dark):
        pairs = [(one, f"{one}-g") for one in ("wait", "work", "done", "fail", "off")]
        pairs += [(one, ground) for one in ("ink", "soft", "link") for ground in ("card", "ground")]
        for one, ground in pairs:
            assert contrast(colours[one], colours[ground]) >= 4.5, (one, ground)  # WCAG 2.2, 1.4.3


def contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def test_every_kind_of_fault_is_shown() -> None:
    with running(faults=[f"{kind.value}@deleteAgency" for kind in FaultKind]) as server:
        found = page(server)
        rows = found.xpath("//table[@aria-labelledby='faults']/tbody/tr")
        assert [text(row[0]) for row in rows] == [kind.value for kind in FaultKind]


def test_a_page_is_new_when_a_fault_was_met_that_did_nothing_else() -> None:
    with running(faults=["failure@count"]) as server:
        first = get(server)
        assert get(server, if_none_match=first.headers["etag"]).status == 304
        Vxp(server.port, NORTH).ask("countReceiveEdoc")
        assert get(server, if_none_match=first.headers["etag"]).status == 200


# -- in a browser ------------------------------------------------------------------------------------

Browse = Callable[..., str]


@pytest.fixture
def browse(program: Callable[[str], str], tmp_path: Path) -> Browse:
    chromium = program("chromium")

    def run(*arguments: str) -> str:
        quiet = (
            "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
            "--disable-component-update --disable-sync --hide-scrollbars --disable-dev-shm-usage"
        )
        found = subprocess.run(
            [chromium, *quiet.split(), f"--user-data-dir={tmp_path / 'profile'}", *arguments],
            capture_output=True,
            check=True,
            timeout=120,
        )
        return found.stdout.decode()

    return run


class Moving(AxisSimulator):
    """An axis on which something happens just when the page asks whether something has."""

    asked = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if any(name == b"if-none-match" for name, _ in scope["headers"]):
            self.asked += 1
            if self.asked == 2:
                self.core.submit(
                    NORTH.id, kind=Kind.DOCUMENT, sender="H41", recipients=["H14"], content=MemoryOctets(b"x"),
                    at=Clock().now, subject=f"MỚI ĐẾN {EVIL}", notation="99/TB",
                )  # fmt: skip
        await super().__call__(scope, receive, send)


def test_chromium_shows_it_and_it_updates_itself(browse: Browse) -> None:
    with Moving((NORTH, SOUTH)) as axis, AxisServer(axis) as server:
        found = html.fromstring(browse("--virtual-time-budget=8000", "--dump-dom", f"{server.url}/?lang=vi"))
        assert axis.asked >= 2
        assert "MỚI ĐẾN" in text(found.find(".//main"))
        assert text(found.xpath("//*[@role='status']")[0]) == "1 bản chờ nhận"
        assert found.findtext(".//title") == "Trục liên thông mô phỏng"  # no script of others ran
        assert found.get("lang") == "vi"


def test_chromium_draws_it_on_a_narrow_screen(browse: Browse, tmp_path: Path) -> None:
    with running() as server:
        id_ = send(server)
        picture = tmp_path / "page.png"
        browse("--window-size=500,1300", f"--screenshot={picture}", f"{server.url}/sim/packets/{id_}")
        data = picture.read_bytes()
        assert data.startswith(b"\x89PNG")
        assert len(data) > 10_000  # something is drawn: a blank page takes some 4 KB
