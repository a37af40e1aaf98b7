"""What there is to alert of: new alarms in the store, and troubles that begin, last or end. Owner: the alert thread."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from voltseal.alert.message import Alert, Kind, State, StatementAlarms
from voltseal.config import Config
from voltseal.standing import Standing
from voltseal.store.interface import AlarmKind, StoredAlarm, StoreReader
from voltseal.vitals import Live

_PAGE = 500
_PAGES = 20
_HOUR_MS = 3_600_000
_SHOWN_STATEMENTS = 4
_KINDS = {
    AlarmKind.EQUIVOCATION: Kind.EQUIVOCATION,
    AlarmKind.BROKEN_CHAIN: Kind.BROKEN_CHAIN,
    AlarmKind.BOOT_REGRESSION: Kind.BOOT_REGRESSION,
}


def new_alarms(store: StoreReader, after_leaf: int, now_ms: int) -> tuple[list[Alert], int]:
    """Alerts of alarms about entries after `after_leaf`, one for each kind and device, and the leaf to go on after.

    A flood of them makes few alerts: their number is bounded by devices and kinds, and each has a count.
    """
    found: dict[tuple[AlarmKind, int], list[StoredAlarm]] = {}
    counts: dict[tuple[AlarmKind, int], int] = {}
    for _ in range(_PAGES):
        page = store.alarms_after(after_leaf, _PAGE)
        for alarm in page:
            key = alarm.kind, alarm.device_no
            counts[key] = counts.get(key, 0) + 1
            found[key] = [*found.get(key, ())[:1], alarm]  # the first and the last
            after_leaf = alarm.leaf_index
        if len(page) < _PAGE:
            break
    ueids = {device.device_no: device.ueid for device in store.devices()} if found else {}
    alerts = [
        _alarm(store, ueids.get(device_no, b""), alarms, counts[kind, device_no], now_ms)
        for (kind, device_no), alarms in found.items()
    ]
    return alerts, after_leaf


def _alarm(store: StoreReader, ueid: bytes, alarms: Sequence[StoredAlarm], count: int, now_ms: int) -> Alert:
    first = alarms[0]
    same_number = islice(store.statements_of(ueid, first.sequence, first.sequence), _SHOWN_STATEMENTS)
    about = StatementAlarms(
        device=ueid.hex(),
        count=count,
        first_leaf_index=first.leaf_index,
        last_leaf_index=alarms[-1].leaf_index,
        sequence=first.sequence,
        reason=first.reason,
        statements=tuple(b64encode(entry.raw).decode() for entry in same_number),
    )
    kind = _KINDS[first.kind]
    text = f"{kind} of device {ueid.hex()} at statement {first.sequence}: {first.reason}"
    return Alert(kind, State.FIRING, now_ms, text, about)


@dataclass(slots=True)
class _Trouble:
    """One that has begun: said last at `said_ms`."""

    said_ms: int


class Troubles:
    """Remembers what lasts, so that it is said when it begins, again after `repeat_h`, and when it is over."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._firing: dict[Kind, _Trouble] = {}

    def look(self, standing: Standing, live: Live, now_ms: int) -> list[Alert]:
        """What is to be said now."""
        current = dict(self._current(standing, live, now_ms))
        alerts = [
            Alert(kind, State.RESOLVED, now_ms, f"{kind} is over") for kind in self._firing if kind not in current
        ]
        self._firing = {kind: trouble for kind, trouble in self._firing.items() if kind in current}
        for kind, text in current.items():
            trouble = self._firing.get(kind)
            if trouble is None or self._is_due(trouble, now_ms):
                self._firing[kind] = _Trouble(now_ms)
                alerts.append(Alert(kind, State.FIRING, now_ms, text))
        return alerts

    def _is_due(self, trouble: _Trouble, now_ms: int) -> bool:
        every_ms = self._config.alert.repeat_h * _HOUR_MS
        return bool(every_ms) and not trouble.said_ms <= now_ms < trouble.said_ms + every_ms

    def _current(self, standing: Standing, live: Live, now_ms: int) -> Iterator[tuple[Kind, str]]:
        check = standing.last_check
        if check is not None and not check.is_sound:
            first = "; ".join(check.findings[:1])
            yield Kind.LOG_ALTERED, f"the check of the log has {check.findings_total} findings: {first}"
        limit_h, waiting_s = self._config.alert.anchor_age_h, standing.unanchored_s(now_ms)
        if self._config.anchors and 0 < limit_h * 3600 < waiting_s:
            yield Kind.ANCHOR_OLD, f"published entries have waited for an anchor for {waiting_s / 3600:.1f} h"
        if live.is_commit_failing:
            yield Kind.COMMIT_FAILING, "statements cannot be stored; none is receipted until they can"
