"""Whether a device has been silent for longer than it said is normal. Reads the store only."""

from __future__ import annotations

from voltseal.store.interface import EntryKind, StoredDevice, StoreReader
from voltseal.wire import statement
from voltseal.wire.boot import Boot


def cadence_ms_of(store: StoreReader, ueid: bytes) -> int | None:
    """The longest normal silence that the device's newest boot statement declares; None while none is stored.

    Raises `WireError` if that entry is damaged. Its cost grows with the number of boot and loss statements.
    """
    newest = None
    for entry in store.declarations_of(ueid):
        if entry.kind is EntryKind.BOOT:
            newest = entry
    if newest is None:
        return None
    body = statement.parse(newest.raw).body
    assert isinstance(body, Boot), "the store's kind is that of the statement"
    return body.claims.cadence_ms


def is_silent(device: StoredDevice, cadence_ms: int | None, now_ms: int) -> bool:
    """Whether the last statement came longer ago than the cadence. One that never reported is not silent."""
    if device.last_received_ms is None or cadence_ms is None:
        return False
    return now_ms - device.last_received_ms > cadence_ms
