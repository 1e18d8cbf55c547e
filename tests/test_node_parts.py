"""Parts of the node by themselves: breaker, metrics, logs, events, policy."""

from __future__ import annotations

import datetime
import json
import logging
import re

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vndoc.errors import StoreError
from vndoc.node import EVENT_KINDS, METRICS, Breaker, Event, EventKind, JsonFormatter, NodePolicy
from vndoc.node.logs import log
from vndoc.node.metrics import Metrics, exposition

NOW = datetime.datetime(2026, 3, 2, 1, 0, tzinfo=datetime.UTC)
SECOND = datetime.timedelta(seconds=1)
POLICY = NodePolicy(breaker_after=3, breaker_rest=10 * SECOND, breaker_longest=35 * SECOND)


def test_the_breaker_opens_at_the_limit_and_closes_with_success() -> None:
    breaker = Breaker(POLICY)
    for _ in range(2):
        breaker.failed(NOW)
    assert breaker.rests(NOW) is None
    breaker.failed(NOW)
    assert breaker.rests(NOW) == NOW + 10 * SECOND
    assert breaker.rests(NOW + 10 * SECOND - datetime.timedelta(microseconds=1)) is not None
    assert breaker.rests(NOW + 10 * SECOND) is None
    breaker.failed(NOW)
    assert breaker.rests(NOW) == NOW + 20 * SECOND
    for _ in range(40):
        breaker.failed(NOW)
    assert breaker.rests(NOW) == NOW + 35 * SECOND
    breaker.worked()
    assert breaker.rests(NOW) is None
    breaker.failed(NOW)
    assert breaker.rests(NOW) is None


SAMPLE = re.compile(r'vndoc_\w+(\{\w+="(\\.|[^"\\\n])*"(,\w+="(\\.|[^"\\\n])*")*\})? -?[0-9.e+-]+')


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20), st.integers(0, 10**6)), max_size=10))
def test_metrics_are_what_prometheus_reads(found: list[tuple[str, str, int]]) -> None:
    metrics = Metrics()
    expected: dict[tuple[str, str], int] = {}
    for carrier, kind, count in found:
        metrics.add("sent_total", carrier, kind, by=count)
        expected[carrier, kind] = expected.get((carrier, kind), 0) + count
    metrics.set("up", to=1)
    text = exposition([metrics.samples()])
    lines = text.split("\n")
    assert text.endswith("\n")
    samples = [line for line in lines if line and not line.startswith("#")]
    assert all(SAMPLE.fullmatch(line) for line in samples), samples
    assert len(samples) == len(expected) + 1
    assert lines[-3:-1] == ["# TYPE vndoc_up gauge", "vndoc_up 1"]


def test_every_metric_says_what_it_is() -> None:
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.type in {"counter", "gauge"}
        assert name.endswith("_total") == (metric.type == "counter")
        assert metric.help.endswith(".")


def test_later_samples_go_before_earlier_ones() -> None:
    assert "vndoc_up 0" in exposition([{("up", ()): 1.0}, {("up", ()): 0.0}])


def formatted(caplog: pytest.LogCaptureFixture) -> dict[str, object]:
    return json.loads(JsonFormatter().format(caplog.records[-1]))  # type: ignore[no-any-return]


def test_logs_are_json_without_citizen_numbers_or_foreign_messages(caplog) -> None:
    logger = logging.getLogger("vndoc.node.test")
    with caplog.at_level(logging.INFO, logger="vndoc.node.test"):
        log(
            logger,
            logging.INFO,
            "copy taken in",
            number=3,
            none=None,
            when=NOW,
            text="CCCD 012345678901",
            error=StoreError("store-busy", detail="CCCD 012345678901"),
            foreign=ValueError("mật khẩu hunter2"),
            message="never",
        )
    line = formatted(caplog)
    assert line["message"] == "copy taken in"
    assert (line["number"], line["none"], line["when"]) == (3, None, NOW.isoformat())
    assert line["text"] == "CCCD *********901"
    assert str(line["error"]).startswith("store-busy: ")
    assert line["foreign"] == "ValueError"
    assert "hunter2" not in json.dumps(line)
    assert "012345678901" not in json.dumps(line)


def test_the_id_of_a_row_is_whole_in_a_log(caplog) -> None:
    """An operator takes it from there for ``vndoc node dead --retry``."""
    own, other = "01a21931d78c000000714e245574a9de", "012345678901"
    with caplog.at_level(logging.INFO, logger="vndoc.node.test"):
        log(logging.getLogger("vndoc.node.test"), logging.INFO, "x", message_id=own, inbox=other, item=own)
    line = formatted(caplog)
    assert line["message_id"] == own
    assert line["inbox"] == "*********901"
    assert line["item"] != own


def fail(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    ("error", "told"), [(StoreError("store-busy", detail="x"), "store-busy"), (KeyError("x"), "KeyError")]
)
def test_logs_of_exceptions_tell_their_kind(caplog, error: Exception, told: str) -> None:
    logger = logging.getLogger("vndoc.node.test")
    with caplog.at_level(logging.ERROR, logger="vndoc.node.test"):
        try:
            fail(error)
        except Exception:
            logger.exception("it failed")
    assert formatted(caplog)["error"] == told


@given(
    st.builds(
        Event,
        id=st.text(),
        kind=st.sampled_from(EventKind),
        at=st.datetimes(timezones=st.just(datetime.UTC)),
        business_key=st.text(),
        document=st.text(),
        version=st.integers(0, 9),
        sender=st.text(),
        receiver=st.text(),
        code=st.text(),
        reason=st.text(),
        packet=st.none() | st.binary(min_size=32, max_size=32),
        facts=st.dictionaries(st.text(), st.text(), max_size=3),
    )
)
def test_events_are_kept_as_they_are(event: Event) -> None:
    again = Event.from_dict(json.loads(json.dumps(event.to_dict())))
    assert attrs.evolve(again, facts=dict(again.facts)) == event


def test_every_event_has_a_text() -> None:
    assert set(EVENT_KINDS) == set(EventKind)


@pytest.mark.parametrize("batch", [0, 1001])
def test_batches_have_limits(batch: int) -> None:
    NodePolicy(batch=1)
    NodePolicy(batch=1000)
    with pytest.raises(ValueError, match="batch"):
        NodePolicy(batch=batch)


@pytest.mark.parametrize("ahead", [-1, 65])
def test_so_much_is_fetched_ahead(ahead: int) -> None:
    NodePolicy(ahead=0)
    NodePolicy(ahead=64)
    with pytest.raises(ValueError, match="ahead"):
        NodePolicy(ahead=ahead)
