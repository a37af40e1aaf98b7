"""Somebody outside who keeps every checkpoint they have seen, and asks whether the log still contains them."""

from __future__ import annotations

from voltseal.log.errors import LogError
from voltseal.log.merkle import RootHash
from voltseal.log.tree import Tree
from voltseal.store.interface import StoreReader


class Monitor:
    """Owns what it has seen: one root for each tree size."""

    def __init__(self) -> None:
        self._seen: dict[int, RootHash] = {}
        self._contradicted = False

    def look(self, reader: StoreReader) -> None:
        """Keep the newest checkpoint."""
        published = reader.latest_checkpoint()
        if published is None:
            return
        size, root = published.checkpoint.tree_size, published.checkpoint.root_hash
        # Two roots for one size need no proof: the log has shown two trees.
        self._contradicted |= self._seen.setdefault(size, root) != root

    def history(self, reader: StoreReader) -> str:
        """`consistent`, if each checkpoint seen is a prefix of the log as it stands now; else `forked`.

        The roots come from the log's stored nodes, of which its consistency proofs are made.
        """
        if self._contradicted:
            return "forked"
        size = reader.tree_size()
        try:
            tree = Tree.open(reader, size)
            sound = all(seen <= size and tree.root(seen) == root for seen, root in self._seen.items())
        except LogError:
            return "forked"
        return "consistent" if sound else "forked"
