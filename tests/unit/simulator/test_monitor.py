"""The outside monitor: a log that goes on is consistent, one that was set back and goes on differently is forked."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from voltseal.log.merkle import leaf_hash
from voltseal.log.tree import MemoryNodeStore, Tree
from voltseal_sim.monitor import Monitor


@dataclass
class Log:
    """As much of a store as a monitor reads."""

    nodes: MemoryNodeStore = field(default_factory=MemoryNodeStore)
    size: int = 0

    @classmethod
    def of(cls, *entries: bytes) -> Log:
        log = cls()
        log.append(*entries)
        return log

    def append(self, *entries: bytes) -> None:
        staged = Tree.open(self.nodes, self.size).stage(leaf_hash(entry) for entry in entries)
        self.nodes.commit(staged)
        self.size = staged.new_size

    def latest_checkpoint(self) -> Any:
        if not self.size:
            return None
        root = Tree.open(self.nodes, self.size).root()
        return SimpleNamespace(checkpoint=SimpleNamespace(tree_size=self.size, root_hash=root))

    def tree_size(self) -> int:
        return self.size

    def read_tile(self, level: int, index: int) -> bytes | None:
        return self.nodes.read_tile(level, index)


def history(*seen: Log, now: Log) -> str:
    monitor = Monitor()
    for log in seen:
        monitor.look(log)  # type: ignore[arg-type]
    return monitor.history(now)  # type: ignore[arg-type]


def test_an_empty_log_says_nothing() -> None:
    assert history(Log(), now=Log()) == "consistent"


def test_a_log_that_grows_contains_what_was_seen() -> None:
    assert history(Log.of(b"a"), Log.of(b"a", b"b"), now=Log.of(b"a", b"b", b"c")) == "consistent"


@pytest.mark.parametrize(
    "now",
    [
        Log.of(b"a", b"x"),  # another entry in the same place
        Log.of(b"a", b"x", b"c", b"d"),  # and the log has grown since
        Log.of(b"a"),  # set back, and not grown again
        Log.of(b"b", b"a", b"c"),  # reordered
        Log(),
    ],
)
def test_a_log_that_lost_what_was_seen_is_forked(now: Log) -> None:
    assert history(Log.of(b"a", b"b"), now=now) == "forked"


def test_two_roots_for_one_size_are_a_fork_whatever_comes_later() -> None:
    log = Log.of(b"a", b"b", b"c")
    assert history(Log.of(b"a", b"x"), Log.of(b"a", b"b"), now=log) == "forked"
