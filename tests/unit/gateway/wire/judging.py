"""The gateway's whole judgement of a message, in process: decode, verify, commitment, continuity."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.vectors.load import load

from voltseal.ingest.arrival import Arrival
from voltseal.ingest.check import Checker, Refused
from voltseal.ingest.continuity import Chain
from voltseal.registry.registry import Registry
from voltseal.store.interface import ChainHead
from voltseal.wire import entry
from voltseal.wire.statement import Statement

SITE = "site-1"


def registry_of(file: dict[str, Any], name: str) -> Registry:
    """The registry that a vector names, from the log's events."""
    origin = file["vectors"][0]["input"]["origin"]
    listed = [
        (one["index"], entry.parse_event(bytes.fromhex(one["entry"]))) for one in file["registries"][name]["events"]
    ]
    return Registry.replay(origin, listed)


def fleet_checker() -> Checker:
    """Orders 1 to 9 of the outcomes, with the vectors' registry."""
    return Checker(registry_of(load("message"), "fleet"), SITE)


class Gateway:
    """One device's view of a gateway: its checks, its chain, and a store of statements in memory."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker
        self._stored: dict[int, list[Statement]] = {}
        self._chain = Chain(ChainHead(1, b"", -1, 0, b"", None, ()))

    def take(self, payload: bytes, topic: str, received_ms: int) -> tuple[str, str]:
        """The outcome and the reason of one message; what is to be stored is stored."""
        judged = self._checker.check(Arrival(topic, payload, received_ms, 0, 0, 1))
        if isinstance(judged, Refused):
            assert "internal error" not in judged.reason, judged.reason
            return judged.outcome.value, judged.reason
        statement = judged.message.statement
        finding = self._chain.examine(statement, lambda number: self._stored.get(number, []))
        if finding.outcome.stored and finding.outcome != "duplicate":
            self._chain.add(statement)
            self._stored.setdefault(statement.sequence, []).append(statement)
        return finding.outcome.value, finding.reason


def outcome_after(
    checker: Checker, payload: bytes, topic: str, received_ms: int, before: Iterable[bytes] = ()
) -> tuple[str, str]:
    """What becomes of `payload` when the messages `before` were stored already."""
    gateway = Gateway(checker)
    for earlier in before:
        outcome, reason = gateway.take(earlier, topic, received_ms)
        assert outcome == "accepted", reason
    return gateway.take(payload, topic, received_ms)
