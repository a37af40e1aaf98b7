"""Metrics as Prometheus reads them: figures of the running gateway and of its store, taken when they are asked for.

Nothing is counted here: the gateway's own counters are shown, so a scrape costs what it reads and ingest pays nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from voltseal import __version__
from voltseal.standing import Standing
from voltseal.store.interface import StoreReader
from voltseal.vitals import COMMIT_BUCKETS_S, Live

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MAX_DEVICES = 1000
"""Devices with a series of their own; the number of series must not grow with the fleet without bound."""

_SEEN_WITHIN_S = {"1m": 60, "1h": 3600, "1d": 86_400}


@dataclass(frozen=True, slots=True)
class Scrape:
    """One moment, to be rendered: what it is of, and when."""

    origin: str
    site: str
    store_path: Path
    live: Live
    now_ms: int


def render(scrape: Scrape, store: StoreReader) -> bytes:
    """The exposition text, format 0.0.4."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Moment(scrape, store))
    return generate_latest(registry)


class _Moment(Collector):
    def __init__(self, scrape: Scrape, store: StoreReader) -> None:
        self._scrape = scrape
        self._store = store

    def collect(self) -> Iterable[Metric]:
        scrape, store = self._scrape, self._store
        info = {"version": __version__, "origin": scrape.origin, "site": scrape.site}
        yield InfoMetricFamily("voltseal", "What is running.", value=info)
        yield from _of_live(scrape.live)
        with store.snapshot():
            standing = Standing.of(store, scrape.store_path, scrape.now_ms)
            yield from _of_log(standing, scrape.now_ms)
            yield from _of_quarantine(store)
            yield from _of_devices(store, scrape.now_ms)
        yield from _of_disk(scrape.store_path)


def _of_live(live: Live) -> Iterator[Metric]:
    yield _gauge("voltseal_uptime_seconds", "Since the gateway started.", live.uptime_s)
    yield _gauge("voltseal_broker_connected", "1 while the broker's session is up.", live.is_connected)
    yield _gauge("voltseal_commit_failing", "1 while the newest commit did not succeed.", live.is_commit_failing)
    yield _gauge(
        "voltseal_lag_seconds", "From arrival to durable commit, oldest message of the last group.", live.lag_s
    )
    messages = CounterMetricFamily("voltseal_messages", "Messages by outcome, since the start.", labels=["outcome"])
    for outcome, count in sorted(live.outcomes.items()):
        messages.add_metric([outcome], count)
    yield messages
    yield _labelled("voltseal_queue_messages", "Messages that wait in a queue.", "queue", live.queues)
    yield _labelled("voltseal_queue_limit_messages", "What the queue holds at most.", "queue", live.limits)
    bounds = [*(str(bound) for bound in COMMIT_BUCKETS_S), "+Inf"]
    commits = HistogramMetricFamily("voltseal_commit_seconds", "Duration of the durable group commits.")
    counts = accumulate(live.commit_counts)
    commits.add_metric([], list(zip(bounds, map(float, counts), strict=True)), sum_value=live.commit_sum_s)
    yield commits


def _of_log(standing: Standing, now_ms: int) -> Iterator[Metric]:
    yield _gauge("voltseal_log_entries", "Entries stored.", standing.entries)
    yield _gauge("voltseal_log_tree_size", "Entries integrated in the tree.", standing.tree_size)
    if standing.checkpoint_ms is not None:
        yield _gauge("voltseal_checkpoint_size", "Entries under the newest checkpoint.", standing.checkpoint_size)
        age_s = _age_s(standing.checkpoint_ms, now_ms)
        yield _gauge("voltseal_checkpoint_age_seconds", "Since the newest checkpoint was cut.", age_s)
    if standing.anchor_ms is not None:
        yield _gauge("voltseal_anchor_size", "Entries under the newest anchored checkpoint.", standing.anchor_size)
        yield _gauge(
            "voltseal_anchor_age_seconds", "Since the newest anchor's time.", _age_s(standing.anchor_ms, now_ms)
        )
    waiting_s = standing.unanchored_s(now_ms)
    yield _gauge("voltseal_anchor_waiting_seconds", "How long published entries wait for an anchor.", waiting_s)
    alarms = {kind.name.lower().replace("_", "-"): count for kind, count in standing.alarms.items()}
    yield _labelled("voltseal_alarms", "Alarms in the store, by kind.", "kind", alarms)
    check = standing.last_check
    if check is not None:
        yield _gauge("voltseal_log_check_sound", "1 if the last whole check found nothing altered.", check.is_sound)
        yield _gauge("voltseal_log_check_age_seconds", "Since it ended.", _age_s(check.finished_ms, now_ms))


def _of_quarantine(store: StoreReader) -> Iterator[Metric]:
    totals = store.quarantine_totals()
    yield _gauge("voltseal_quarantine_messages", "Refused messages that are kept.", totals.messages)
    yield _gauge("voltseal_quarantine_bytes", "Their payloads.", totals.payload_bytes)
    dropped = CounterMetricFamily("voltseal_quarantine_dropped", "Refused messages that had to make room.")
    dropped.add_metric([], totals.dropped)
    yield dropped


def _of_devices(store: StoreReader, now_ms: int) -> Iterator[Metric]:
    devices = store.devices()
    yield _gauge("voltseal_devices", "Devices ever enrolled.", len(devices))
    ages_s = [_age_s(one.last_received_ms, now_ms) for one in devices if one.last_received_ms is not None]
    seen = {name: sum(age <= within for age in ages_s) for name, within in _SEEN_WITHIN_S.items()}
    yield _labelled("voltseal_devices_seen", "Devices that sent something within the time.", "within", seen)
    last = GaugeMetricFamily(
        "voltseal_device_last_seen_seconds",
        f"Since the device's newest statement came in; the first {MAX_DEVICES} devices only.",
        labels=["device", "label"],
    )
    for one in devices[:MAX_DEVICES]:
        if one.last_received_ms is not None:
            last.add_metric([one.ueid.hex(), one.label], _age_s(one.last_received_ms, now_ms))
    yield last


def _of_disk(store_path: Path) -> Iterator[Metric]:
    files = [store_path, store_path.with_name(store_path.name + "-wal")]
    size = sum(path.stat().st_size for path in files if path.exists())
    yield _gauge("voltseal_store_bytes", "The store's files.", size)
    yield _gauge("voltseal_disk_free_bytes", "Free on the store's disk.", shutil.disk_usage(store_path.parent).free)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=float(value))


def _labelled(name: str, text: str, label: str, values: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family


def _age_s(time_ms: int, now_ms: int) -> float:
    """A clock that was set back shows as age 0, not as a negative one."""
    return max(0, now_ms - time_ms) / 1000
