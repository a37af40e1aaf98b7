"""Enrolment, revocation, and which key may speak when."""

from __future__ import annotations

from dataclasses import replace

import pytest

from voltseal.registry.errors import (
    AlreadyEnrolledError,
    AlreadyRevokedError,
    FutureRevocationError,
    FutureRotationError,
    HistoryError,
    NotActiveError,
    RegistryError,
    UnknownKeyError,
    UnknownMakerError,
)
from voltseal.registry.key_history import KeyHistory
from voltseal.registry.registry import Registry
from voltseal.wire import enrolment, entry, statement
from voltseal.wire.boot import KeyTier
from voltseal.wire.entry import Enrol, Revoke
from voltseal.wire.errors import WireError
from voltseal.wire.ids import Kid, Ueid, as_ueid
from voltseal.wire.keys import SigningKey
from voltseal.wire.outcome import Outcome
from voltseal.wire.statement import Statement

ORIGIN = "registry.example/log"
MAKER = SigningKey.generate()
MAKERS = {MAKER.public.kid: MAKER.public}
UEID, OTHER_UEID = as_ueid(b"\x01" + bytes(16)), as_ueid(b"\x01" + b"o" * 16)
NOT_BEFORE_MS, REVOKED_MS = 1_000_000, 2_000_000


def endorsed(key: SigningKey, ueid: Ueid = UEID, maker: SigningKey = MAKER) -> bytes:
    request = enrolment.request(
        key, ueid=ueid, device_class="bms", hwmodel=b"m", key_tier=KeyTier.SOFTWARE, nonce=b"", origin=ORIGIN
    )
    return enrolment.endorse(request, maker, not_before_ms=NOT_BEFORE_MS, maker_name="Example", origin=ORIGIN)


def enrol(registry: Registry, key: SigningKey, index: int, ueid: Ueid = UEID) -> None:
    registry.apply(index, entry.parse_event(registry.enrol(endorsed(key, ueid), MAKERS, 5)))


def revoke(registry: Registry, kid: Kid, index: int) -> None:
    raw = registry.revoke(kid, effective_ms=REVOKED_MS, reason="stolen", now_ms=REVOKED_MS)
    registry.apply(index, entry.parse_event(raw))


@pytest.fixture
def key() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture
def registry() -> Registry:
    return Registry(ORIGIN)


@pytest.fixture(scope="module")
def timed() -> Statement:
    """Any statement: key histories look only at its time."""
    from tests.vectors.load import load

    return statement.parse(bytes.fromhex(load("statement")["vectors"][0]["output"]["statement"]))


def outcome(history: KeyHistory, kid: Kid, judged: Statement, leaf_index: int | None = None) -> str:
    try:
        history.judge(kid, judged, leaf_index)
    except WireError as error:
        return error.outcome.value
    return "ok"


def test_enrol_and_look_up(registry: Registry, key: SigningKey) -> None:
    with pytest.raises(WireError) as caught:
        registry.lookup(key.public.kid)
    assert caught.value.outcome is Outcome.UNKNOWN_DEVICE
    enrol(registry, key, 0)
    record = registry.lookup(key.public.kid)
    assert (record.ueid, record.public_key, record.device_class) == (UEID, key.public, "bms")
    assert (record.maker, record.key_tier, record.hwmodel) == ("Example", KeyTier.SOFTWARE, b"m")
    assert record.history.active == record.history.periods[0]
    assert registry.history(UEID) is record.history
    assert [history.ueid for history in registry] == [UEID]


def test_enrol_alone_changes_nothing(registry: Registry, key: SigningKey) -> None:
    registry.enrol(endorsed(key), MAKERS, 5)
    assert len(registry) == 0
    assert registry.find(key.public.kid) is None


def test_strange_makers(registry: Registry, key: SigningKey) -> None:
    with pytest.raises(UnknownMakerError):
        registry.enrol(endorsed(key, maker=SigningKey.generate()), MAKERS, 5)


def test_one_active_key(registry: Registry, key: SigningKey) -> None:
    enrol(registry, key, 0)
    with pytest.raises(AlreadyEnrolledError, match="active key"):
        registry.enrol(endorsed(SigningKey.generate()), MAKERS, 5)
    with pytest.raises(AlreadyEnrolledError, match="before"):
        registry.enrol(endorsed(key, OTHER_UEID), MAKERS, 5)
    revoke(registry, key.public.kid, 1)
    with pytest.raises(AlreadyEnrolledError, match="before"):
        registry.enrol(endorsed(key), MAKERS, 5)
    successor = SigningKey.generate()
    enrol(registry, successor, 2)
    history = registry.history(UEID)
    assert history is not None
    assert [period.kid for period in history.periods] == [key.public.kid, successor.public.kid]
    assert history.active is not None
    assert history.active.kid == successor.public.kid
    # The old key's record sees the new history, too.
    assert registry.lookup(key.public.kid).history is registry.lookup(successor.public.kid).history


def test_revocations_that_make_no_sense(registry: Registry, key: SigningKey) -> None:
    with pytest.raises(UnknownKeyError):
        registry.revoke(key.public.kid, effective_ms=1, reason="x", now_ms=1)
    enrol(registry, key, 0)
    for reason in ("", "x" * 65):
        with pytest.raises(WireError):
            registry.revoke(key.public.kid, effective_ms=1, reason=reason, now_ms=1)
    revoke(registry, key.public.kid, 1)
    with pytest.raises(AlreadyRevokedError):
        registry.revoke(key.public.kid, effective_ms=1, reason="x", now_ms=1)


def test_a_revocation_in_the_future_is_refused(registry: Registry, key: SigningKey) -> None:
    """Until then the gateway would take statements that no verifier counts."""
    enrol(registry, key, 0)
    with pytest.raises(FutureRevocationError, match="cannot take effect in the future"):
        registry.revoke(key.public.kid, effective_ms=1001, reason="x", now_ms=1000)
    registry.revoke(key.public.kid, effective_ms=1000, reason="x", now_ms=1000)


def test_replay_gives_the_same(registry: Registry, key: SigningKey) -> None:
    successor, other = SigningKey.generate(), SigningKey.generate()
    events: list[Enrol | Revoke] = [
        Enrol(1, UEID, endorsed(key)),
        Enrol(2, OTHER_UEID, endorsed(other, OTHER_UEID)),
        Revoke(3, UEID, key.public.kid, REVOKED_MS, "rotated"),
        Enrol(4, UEID, endorsed(successor)),
    ]
    again = Registry.replay(ORIGIN, enumerate(events))
    for index, event in enumerate(events):
        registry.apply(index, entry.parse_event(entry.encode_event(event)))
    assert list(again) == list(registry)
    assert len(again) == 2


def test_replay_of_damaged_events(registry: Registry, key: SigningKey) -> None:
    enrol(registry, key, 0)
    before = registry.history(UEID)
    good = endorsed(SigningKey.generate(), OTHER_UEID)
    damaged: list[tuple[Enrol | Revoke, type[Exception]]] = [
        (Enrol(1, UEID, endorsed(key)), HistoryError),
        (Enrol(1, UEID, good), HistoryError),
        (Enrol(1, OTHER_UEID, good[:-1]), WireError),
        (Enrol(1, OTHER_UEID, b"\xd2"), WireError),
        (Revoke(1, UEID, Kid(bytes(8)), 1, "x"), HistoryError),
        (Revoke(1, OTHER_UEID, key.public.kid, 1, "x"), HistoryError),
    ]
    for event, error in damaged:
        with pytest.raises(error):
            registry.apply(1, event)
    assert registry.history(UEID) is before
    assert len(registry) == 1


def test_events_of_other_devices(registry: Registry, key: SigningKey) -> None:
    enrol(registry, key, 0)
    history = registry.history(UEID)
    assert history is not None
    with pytest.raises(HistoryError, match="another device"):
        history.revoked(1, Revoke(1, OTHER_UEID, key.public.kid, 1, "x"))
    revoked = history.revoked(1, Revoke(1, UEID, key.public.kid, 1, "x"))
    with pytest.raises(HistoryError, match="twice"):
        revoked.revoked(2, Revoke(1, UEID, key.public.kid, 1, "x"))
    assert history.active is not None  # histories do not change


def test_validity_in_time(registry: Registry, key: SigningKey, timed: Statement) -> None:
    enrol(registry, key, 3)
    kid = key.public.kid
    history = registry.lookup(kid).history
    assert outcome(history, Kid(bytes(8)), timed) == "unknown-device"
    assert outcome(history, kid, replace(timed, time_ms=NOT_BEFORE_MS - 1)) == "not-yet-valid-key"
    assert outcome(history, kid, replace(timed, time_ms=NOT_BEFORE_MS)) == "ok"
    assert outcome(history, kid, replace(timed, time_ms=REVOKED_MS)) == "ok"
    revoke(registry, kid, 9)
    history = registry.lookup(kid).history
    assert outcome(history, kid, replace(timed, time_ms=REVOKED_MS - 1), leaf_index=99) == "ok"
    assert outcome(history, kid, replace(timed, time_ms=REVOKED_MS)) == "revoked-key"


def test_validity_without_time(registry: Registry, key: SigningKey, timed: Statement) -> None:
    """By the order of the log: what is not in it yet (gateway) comes after the revocation, whatever the clock says."""
    enrol(registry, key, 3)
    revoke(registry, key.public.kid, 9)
    history = registry.lookup(key.public.kid).history
    untimed = replace(timed, time_ms=10, time_quality=0)
    assert outcome(history, key.public.kid, untimed) == "revoked-key"
    assert outcome(history, key.public.kid, untimed, leaf_index=8) == "ok"
    assert outcome(history, key.public.kid, untimed, leaf_index=10) == "revoked-key"


def consented(new: SigningKey, old: SigningKey, not_before_ms: int = NOT_BEFORE_MS) -> tuple[bytes, bytes]:
    """The new key's endorsement, and the old one's consent to it."""
    request = enrolment.request(
        new, ueid=UEID, device_class="bms", hwmodel=b"m", key_tier=KeyTier.SOFTWARE, nonce=b"", origin=ORIGIN
    )
    endorsement = enrolment.endorse(request, MAKER, not_before_ms=not_before_ms, maker_name="Example", origin=ORIGIN)
    return endorsement, enrolment.consent(request, old, origin=ORIGIN)


def test_rotation(registry: Registry, key: SigningKey, timed: Statement) -> None:
    enrol(registry, key, 3)
    new = SigningKey.generate()
    raw = registry.rotate(*consented(new, key, REVOKED_MS), MAKERS, REVOKED_MS)
    registry.apply(9, entry.parse_event(raw))
    history = registry.lookup(new.public.kid).history
    assert history.active is not None
    assert history.active.kid == new.public.kid
    assert registry.lookup(key.public.kid).history is history
    old, late, untimed = key.public.kid, replace(timed, time_ms=REVOKED_MS), replace(timed, time_ms=1, time_quality=0)
    early = replace(timed, time_ms=REVOKED_MS - 1)
    assert [outcome(history, old, one, 8) for one in (early, late, untimed)] == ["ok", "ok", "ok"]
    assert [outcome(history, old, one, 10) for one in (early, late, untimed)] == ["ok", "revoked-key", "revoked-key"]
    assert [outcome(history, old, one) for one in (early, late, untimed)] == ["ok", "revoked-key", "revoked-key"]
    assert outcome(history, new.public.kid, late) == "ok"
    assert outcome(history, new.public.kid, early) == "not-yet-valid-key"
    again = Registry.replay(ORIGIN, [(3, Enrol(5, UEID, endorsed(key))), (9, entry.parse_event(raw))])
    assert again.history(UEID) == history
    revoke(registry, old, 11)
    with pytest.raises(AlreadyEnrolledError, match="active key"):
        registry.enrol(endorsed(SigningKey.generate()), MAKERS, 5)


def test_rotations_that_make_no_sense(registry: Registry, key: SigningKey) -> None:
    new, stranger = SigningKey.generate(), SigningKey.generate()
    with pytest.raises(UnknownKeyError):
        registry.rotate(*consented(new, key), MAKERS, REVOKED_MS)
    enrol(registry, key, 0)
    enrol(registry, stranger, 1, OTHER_UEID)
    with pytest.raises(UnknownKeyError):
        registry.rotate(*consented(new, stranger), MAKERS, REVOKED_MS)
    with pytest.raises(UnknownMakerError):
        registry.rotate(*consented(new, key), {}, REVOKED_MS)
    with pytest.raises(AlreadyEnrolledError, match="before"):
        registry.rotate(*consented(stranger, key), MAKERS, REVOKED_MS)
    with pytest.raises(FutureRotationError):
        registry.rotate(*consented(new, key), MAKERS, NOT_BEFORE_MS - 1)
    with pytest.raises(WireError) as caught:
        registry.rotate(consented(new, key)[0], consented(SigningKey.generate(), key)[1], MAKERS, REVOKED_MS)
    assert caught.value.outcome is Outcome.BAD_SIGNATURE
    revoke(registry, key.public.kid, 2)
    with pytest.raises(NotActiveError):
        registry.rotate(*consented(new, key), MAKERS, REVOKED_MS)
    assert registry.find(new.public.kid) is None


def test_codes_are_distinct() -> None:
    kinds = [RegistryError, *RegistryError.__subclasses__()]
    assert len({kind.code for kind in kinds}) == len(kinds) == 9
