"""Whether a store is older than what its gateway published: then going on would sign a second history of one log.

Who knows what was published: the anchors; a copy of the newest checkpoint beside the store, which an older store put in
its place does not match; and the mark that `voltseal restore` leaves, because a restored store cannot know what came
after its backup. Each of them speaks for itself; none of them can prove that nothing else was published.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from voltseal.anchor.newest import KnownCheckpoint
from voltseal.log.checkpoint import open_checkpoint
from voltseal.log.errors import LogError
from voltseal.log.note_key import Ed25519Verifier
from voltseal.log.tree import Tree
from voltseal.store.interface import StoreError, StoreReader

_logger = logging.getLogger(__name__)


class RolledBackError(StoreError):
    """The store may lack, or lacks, what its gateway published."""

    code: ClassVar[str] = "rolled-back"


def published_path(store_path: Path) -> Path:
    """The copy of the newest published checkpoint."""
    return store_path.with_name(store_path.name + ".published")


def restored_path(store_path: Path) -> Path:
    """The mark of a restored store."""
    return store_path.with_name(store_path.name + ".restored")


def mark_restored(store_path: Path, made_ms: int, tree_size: int) -> None:
    """Mark a store as restored from a backup that was made at `made_ms`. Raises `OSError`."""
    descriptor = os.open(restored_path(store_path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(json.dumps({"made_ms": made_ms, "tree_size": tree_size}) + "\n")


def note_published(store_path: Path, note: bytes) -> None:
    """Keep the newest checkpoint beside the store. Not fsynced: an older copy is no lie, and the next one comes soon.

    Raises `OSError`.
    """
    path = published_path(store_path)
    partial = path.with_name(path.name + ".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(note)
    partial.replace(path)


def check_not_rolled_back(
    store: StoreReader,
    store_path: Path,
    log_key: Ed25519Verifier,
    anchored: Iterable[KnownCheckpoint],
    *,
    accept: bool,
) -> None:
    """Return if nothing tells of another history than the store's; else raise `RolledBackError`.

    With `accept` it is logged and not raised, and what told of it beside the store is removed.
    """
    try:
        _check(store, store_path, log_key, anchored)
    except RolledBackError as error:
        if not accept:
            raise
        _logger.error("rollback accepted store=%s reason=%r", store_path, str(error))
        for path in (restored_path(store_path), published_path(store_path)):
            path.unlink(missing_ok=True)


def _check(store: StoreReader, store_path: Path, log_key: Ed25519Verifier, anchored: Iterable[KnownCheckpoint]) -> None:
    tree = Tree.open(store, store.tree_size())
    for known in [*_beside(store_path, log_key), *anchored]:
        if known.tree_size > tree.tree_size:
            raise RolledBackError(
                f"{known.source} has a checkpoint of size {known.tree_size}; the store holds {tree.tree_size} entries",
                hint="put back the newest copy of the store. Only where there is none: voltseal run --accept-rollback",
            )
        if known.root_hash is not None and tree.root(known.tree_size) != known.root_hash:
            raise RolledBackError(
                f"{known.source} has another checkpoint of size {known.tree_size} than the store leads to",
                hint="two histories of one log were signed: keep both stores, and find out which one is in use",
            )
    if restored_path(store_path).exists():
        raise RolledBackError(
            f"{store_path} was restored from a backup; what was published after that would be contradicted",
            hint="if nothing was, or all of it is lost: voltseal run --accept-rollback",
        )


def _beside(store_path: Path, log_key: Ed25519Verifier) -> list[KnownCheckpoint]:
    path = published_path(store_path)
    try:
        checkpoint = open_checkpoint(path.read_bytes(), log_key).checkpoint
    except FileNotFoundError:
        return []
    except (OSError, LogError) as error:  # it is not the log's own truth: a torn file must not stop the gateway
        _logger.warning("published checkpoint unreadable path=%s error=%r", path, str(error))
        return []
    return [KnownCheckpoint(str(path), checkpoint.tree_size, checkpoint.root_hash)]
