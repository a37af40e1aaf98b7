"""The store and the log in it: opened, not rolled back, the newest checkpoint true, anchored, lately re-read."""

from __future__ import annotations

from collections.abc import Iterator

from voltseal.config import Config
from voltseal.doctor.finding import Finding, failure, ok, warning
from voltseal.errors import VoltsealError
from voltseal.keys import read_log_key
from voltseal.log.checkpoint import open_checkpoint
from voltseal.log.merkle import leaf_hash, verify_inclusion
from voltseal.log.tree import Tree
from voltseal.rollback import check_not_rolled_back
from voltseal.standing import Standing
from voltseal.store.interface import StoreReader
from voltseal.store.lock import is_running

_HOUR_S = 3600


def examine_log(config: Config, store: StoreReader) -> Iterator[Finding]:
    """The newest checkpoint: signed by the log's key, the root of the stored tree, with the last entries under it."""
    newest = store.latest_checkpoint()
    try:
        key = read_log_key(config).verifier
        check_not_rolled_back(store, config.store.path, key, (), accept=False)
        if newest is None:
            yield ok("log", f"{store.entry_count()} entries, no checkpoint yet")
            return
        signed = open_checkpoint(newest.raw, key).checkpoint
        tree = Tree.open(store, store.tree_size())
        if tree.root(signed.tree_size) != signed.root_hash:
            yield failure("log", "the newest checkpoint is not the root of the stored tree", "voltseal log check")
            return
        for index in range(max(0, signed.tree_size - 8), signed.tree_size):
            entry = store.entry(index)
            leaf = leaf_hash(entry.raw if entry else b"")
            path = tree.inclusion_proof(index, signed.tree_size)
            verify_inclusion(leaf, index, signed.tree_size, path, signed.root_hash)
    except VoltsealError as error:
        yield failure("log", str(error), error.hint or "voltseal log check")
        return
    waiting = store.entry_count() - signed.tree_size
    yield ok("log", f"{store.entry_count()} entries; newest checkpoint {signed.tree_size} is true; {waiting} wait")


def examine_standing(config: Config, store: StoreReader, now_ms: int) -> Iterator[Finding]:
    """Anchors, the last whole check, alarms: what the store tells about them."""
    standing = Standing.of(store, config.store.path, now_ms)
    yield from _anchors(config, store, standing, now_ms)
    last = standing.last_check
    if last is not None and not last.is_sound:
        yield failure(
            "log check", f"{last.findings_total} findings: {'; '.join(last.findings[:3])}", "voltseal log check"
        )
    elif last is None:
        yield warning("log check", "never ended yet", "voltseal log check, or leave it to [check] of the gateway")
    elif (
        config.check.every_h and now_ms - last.finished_ms > 2 * config.check.every_h * _HOUR_S * 1000 + _HOUR_S * 1000
    ):
        yield warning("log check", "the scheduled one is late", "is the gateway running? Raise [check] share")
    else:
        yield ok("log check", f"{last.entries} entries were re-read, nothing was altered")
    total = sum(standing.alarms.values())
    if total:
        yield warning("alarms", f"{total} statements contradict others", "voltseal status, voltseal device show")


def _anchors(config: Config, store: StoreReader, standing: Standing, now_ms: int) -> Iterator[Finding]:
    waiting_s = standing.unanchored_s(now_ms)
    anchor = store.latest_anchor()
    if not config.anchors:
        yield warning("anchors", "none: whoever runs the gateway could rewrite its log unnoticed", "add an [[anchor]]")
        return
    if waiting_s > config.alert.anchor_age_h * _HOUR_S > 0:
        text = f"published entries have waited for {waiting_s / _HOUR_S:.0f} h"
        yield failure("anchors", text, "look for `anchor` in the gateway's log; is it running?")
    elif anchor is None:
        yield warning("anchors", "nothing is anchored yet", "start the gateway; the first follows the first checkpoint")
    elif anchor.strength == "weak":
        text = f"size {anchor.tree_size} at {anchor.backend}, which is weak: the operator could have made it alone"
        yield warning("anchors", text, "add an [[anchor]] that others keep, or hand out checkpoints")
    else:
        yield ok("anchors", f"size {anchor.tree_size} at {anchor.backend}")


def examine_process(config: Config) -> Finding:
    """Whether a gateway runs."""
    if is_running(config.store.path):
        return ok("gateway", "running")
    return warning("gateway", "not running", "voltseal run, or systemctl start voltseal-gateway")
