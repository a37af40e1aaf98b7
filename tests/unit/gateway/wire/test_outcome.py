"""The outcomes are those of the specification's page, in its order, and so are the limits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from voltseal.wire import limits, message
from voltseal.wire.errors import WireError
from voltseal.wire.outcome import Outcome


def test_outcomes_are_the_pages(repository_root: Path) -> None:
    page = (repository_root / "docs" / "spec" / "outcomes.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| `([a-z-]+)` \| (\S+) \| (yes|no) \|", page, re.MULTILINE)
    assert [int(order) for order, *_ in rows] == list(range(1, len(Outcome) + 1))
    assert [code for _, code, *_ in rows] == [outcome.value for outcome in Outcome]
    for outcome, (_, _, stored, receipted) in zip(Outcome, rows, strict=True):
        assert outcome.stored == (stored != "no") == (receipted == "yes")
    alarms = re.findall(r"^\| \d+ \| `([a-z-]+)` .* alarm \|$", page, re.MULTILINE)
    assert alarms == [outcome.value for outcome in Outcome if outcome.alarming]


def test_limits_are_the_pages(repository_root: Path) -> None:
    page = (repository_root / "docs" / "spec" / "limits.md").read_text(encoding="utf-8")

    def row(what: str) -> str:
        found = re.search(rf"^\| {re.escape(what)} \| (.*) \|$", page, re.MULTILINE)
        assert found, what
        return found[1].replace(",", "")

    for what, limit in (
        ("MQTT payload on `up`", limits.MAX_UP_BYTES),
        ("MQTT payload on `down`", limits.MAX_DOWN_BYTES),
        ("statement", limits.MAX_STATEMENT_BYTES),
        ("nesting of arrays, maps and tags", limits.MAX_DEPTH),
        ("columns in a schema", f"1 to {limits.MAX_COLUMNS}"),
        ("readings in a statement", f"1 to {limits.MAX_READINGS}"),
        ("encoded columns array", limits.MAX_COLUMNS_BYTES),
        ("lost ranges in one boot or loss statement", limits.MAX_LOST_RANGES),
        ("ranges in one receipt", limits.MAX_RECEIPT_RANGES),
    ):
        assert row(what).removesuffix(" bytes") == str(limit), what
    assert row("log entry").startswith(f"{limits.MAX_ENTRY_BYTES} bytes")
    assert (limits.MAX_BOOT_COUNT, limits.MAX_SEQUENCE, limits.MAX_INT) == (2**32 - 1, 2**48 - 1, 2**53 - 1)


def test_topics() -> None:
    ueid = message.parse_up_topic(f"voltseal/1/site-1/01{'ab' * 16}/up").ueid
    assert message.parse_up_topic(message.up_topic("a-9", ueid)) == message.UpTopic("a-9", ueid)
    assert message.down_topic("a-9", ueid) == f"voltseal/1/a-9/01{'ab' * 16}/down"
    assert message.up_filter() == "voltseal/1/+/+/up"
    assert message.up_filter("s") == "voltseal/1/s/+/up"


@pytest.mark.parametrize(
    "topic", ["", "voltseal/1/S/01/up", f"voltseal/1/s/02{'ab' * 16}/up", f"voltseal/1/s/01{'ab' * 16}/up\n"]
)
def test_other_topics(topic: str) -> None:
    with pytest.raises(WireError) as caught:
        message.parse_up_topic(topic)
    assert caught.value.outcome is Outcome.WRONG_TOPIC


@pytest.mark.parametrize("site", ["", "A", "a/b", "a" * 33, "+", "ä"])
def test_other_sites(site: str) -> None:
    with pytest.raises(WireError):
        message.check_site(site)
