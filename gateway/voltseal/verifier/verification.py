"""One verification under way: what the steps have found so far, and the walks over the bundle that they share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from voltseal.evidence.bundle import Entry, Header
from voltseal.evidence.container import Opener
from voltseal.evidence.errors import BundleDigestError, MalformedBundleError
from voltseal.evidence.layout import BundleReader, parse_entry
from voltseal.log.checkpoint import Checkpoint
from voltseal.log.cosignature import Cosignature
from voltseal.registry.key_history import KeyHistory
from voltseal.verifier.checkpoints import CheckpointFinding
from voltseal.verifier.errors import CouldNotCheck, Invalid
from voltseal.verifier.tally import Tally
from voltseal.verifier.trust import Trust
from voltseal.verifier.verdict import AnchorFinding, CompletenessFinding
from voltseal.wire.continuity import Link


@dataclass(frozen=True, slots=True)
class Outline:
    """What step 1 learnt from the whole text. `ascending`: whether the entries' indexes strictly ascend."""

    header: Header
    entry_count: int
    first_index: int
    last_index: int
    ascending: bool
    text_bytes: int


@dataclass(slots=True)
class Verification:
    """Filled step by step; each step may rely on what those before it have set.

    `lacking` collects what could not be checked for want of trust; `progress` is told how many entries are judged;
    `links` holds every statement, by index, only where statements contradict each other.
    """

    opener: Opener
    trust: Trust
    workers: int = 1
    progress: Callable[[int, int], None] | None = None
    lacking: list[CouldNotCheck] = field(default_factory=list)
    digest: bytes = b""
    digest_fault: BundleDigestError | None = None
    outline: Outline = field(init=False)
    checkpoint: Checkpoint = field(init=False)
    log_key: str = ""
    cosignatures: tuple[Cosignature, ...] = ()
    newer: CheckpointFinding | None = None
    events: list[tuple[int, bytes]] = field(default_factory=list)
    history: KeyHistory = field(init=False)
    tally: Tally = field(init=False)
    links: list[tuple[int, Link]] = field(default_factory=list)
    disclosure_fault: Invalid | None = None
    completeness: CompletenessFinding = field(init=False)
    anchors: tuple[AnchorFinding, ...] = ()

    @property
    def header(self) -> Header:
        """The bundle's small members."""
        return self.outline.header

    @contextmanager
    def reading(self) -> Iterator[BundleReader]:
        """Read the text from its start again. Raises `Invalid` (step 1) if it is not what step 1 read."""
        try:
            with self.opener() as stream:
                yield BundleReader(stream)
        except MalformedBundleError as error:
            raise Invalid(1, error.code, str(error)) from error

    def entry_lines(self) -> Iterator[bytes]:
        """All entries' lines once more; at their end the digest must be that of the first reading."""
        with self.reading() as reader:
            reader.skip_inclusion()
            for _, line in reader.entry_lines():
                yield line
            try:
                unchanged = reader.finish() == self.digest
            except BundleDigestError:
                unchanged = False
            if not unchanged:
                raise Invalid(1, MalformedBundleError.code, "the file changed while it was read")

    def entries(self) -> Iterator[Entry]:
        """All entries once more."""
        return (parse_entry(line, "entry") for line in self.entry_lines())

    def nodes(self) -> Iterator[bytes]:
        """The multi-proof's nodes once more."""
        with self.reading() as reader:
            yield from reader.inclusion()
