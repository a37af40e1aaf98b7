"""The lines of a bundle (docs/spec/bundle.md, "Layout"): one writer and one reader, both streaming. No other I/O.

    {"format":"voltseal-evidence/1",
    "origin":…,  "made_by":…,  "claim":…,  "checkpoint":…,  "anchors":…,  "newer":…,      (a line each)
    "inclusion":[
    <node>,                                                                   (a line each, comma but for the last)
    ],
    "entries":[
    <entry>,                                                                  (a line each, comma but for the last)
    ],
    "digest":…}

Every line's value is canonical JSON, so there is exactly one text for one content; and neither side needs more memory
than the longest line. The digest is over all lines before its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import BinaryIO, Final

from voltseal.evidence import jcs
from voltseal.evidence.bundle import (
    FORMAT,
    AnchorProof,
    Bundle,
    Claim,
    Entry,
    FullDisclosure,
    Header,
    MadeBy,
    origin_from_json,
)
from voltseal.evidence.errors import BundleDigestError, MalformedBundleError
from voltseal.evidence.newer import NewerCheckpoint
from voltseal.wire.limits import HASH_BYTES, MAX_COLUMNS_BYTES, MAX_ENTRY_BYTES, SEED_BYTES

MAX_LINE_BYTES: Final = 16 * 2**20
MAX_TEXT_BYTES: Final = 4 * 2**30

_OPENING = f'{{"format":{jcs.encode(FORMAT)},\n'.encode()
_LIST_END = b"],\n"


def write_bundle(
    header: Header, inclusion: Iterable[bytes], entries: Iterable[Entry], write: Callable[[bytes], object]
) -> bytes:
    """Write a bundle piece by piece through `write` and return its digest (32 bytes). Nothing is kept in memory.

    Precondition: `entries` ascend by index, and `inclusion` are the nodes of their multi-proof.
    """
    digest = sha256()

    def put(line: bytes) -> None:
        digest.update(line)
        write(line)

    put(_OPENING)
    for name, value in (
        ("origin", header.origin),
        ("made_by", header.made_by.to_json()),
        ("claim", header.claim.to_json()),
        ("checkpoint", header.checkpoint),
        ("anchors", [anchor.to_json() for anchor in header.anchors]),
        ("newer", None if header.newer is None else header.newer.to_json()),
    ):
        put(f'"{name}":{jcs.encode(value)},\n'.encode())
    _write_list("inclusion", (jcs.octets_text(node) for node in inclusion), put)
    _write_list("entries", (entry.to_json() for entry in entries), put)
    write(f'"digest":"{jcs.octets_text(digest.digest())}"}}\n'.encode())
    return digest.digest()


def _write_list(name: str, values: Iterable[object], put: Callable[[bytes], None]) -> None:
    put(f'"{name}":[\n'.encode())
    previous: object = None
    for value in values:
        if previous is not None:
            put(f"{jcs.encode(previous)},\n".encode())
        previous = value
    if previous is not None:
        put(f"{jcs.encode(previous)}\n".encode())
    put(_LIST_END)


def bundle_bytes(bundle: Bundle) -> bytes:
    """The whole text of a bundle held in memory."""
    lines: list[bytes] = []
    write_bundle(bundle.header, bundle.inclusion, bundle.entries, lines.append)
    return b"".join(lines)


class BundleReader:
    """Reads one bundle from the start of `stream`, in order: `header`, `inclusion()`, `entry_lines()`, `finish()`.

    Each must be exhausted before the next. Whatever is not the one way to write a bundle raises `MalformedBundleError`
    with the line's number; `finish` raises `BundleDigestError` when the text is well-formed but not what was digested.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = sha256()
        self._line_number = 0
        self._text_bytes = 0
        if self._line("the bundle") != _OPENING:
            raise MalformedBundleError(f"line 1: not {_OPENING.decode()!r}: this is no evidence bundle of version 1")
        self.header = self._header()

    @property
    def line_number(self) -> int:
        """The number of the line read last, from 1."""
        return self._line_number

    @property
    def text_bytes(self) -> int:
        """How many bytes were read so far."""
        return self._text_bytes

    def inclusion(self) -> Iterator[bytes]:
        """The multi-proof nodes, 32 bytes each."""
        for where, line in self._list("inclusion"):
            yield jcs.quoted_octets(line, where, HASH_BYTES)

    def skip_inclusion(self) -> None:
        """Pass over the nodes. Only for a text whose nodes were read before."""
        for _ in self._list("inclusion"):
            pass

    def entry_lines(self) -> Iterator[tuple[str, bytes]]:
        """Where each entry stands (for messages), and its text, unread: `parse_entry` reads it."""
        return self._list("entries")

    def finish(self) -> bytes:
        """Read the last line and the end; the digest (32 bytes), found to be right."""
        computed = self._digest.digest()
        where = "digest"
        value = self._member("digest", last=True)
        stated = jcs.octets(value, where, length=HASH_BYTES)
        if self._stream.read(1):
            raise MalformedBundleError("there are bytes after the bundle's end")
        if stated != computed:
            raise BundleDigestError("the file is damaged: its lines do not have the digest it states")
        return computed

    def _header(self) -> Header:
        origin = origin_from_json(self._member("origin"))
        made_by = MadeBy.from_json(self._member("made_by"))
        claim = Claim.from_json(self._member("claim"))
        checkpoint = jcs.note_text(self._member("checkpoint"), "checkpoint")
        anchors = tuple(AnchorProof.from_json(item) for item in jcs.items(self._member("anchors"), "anchors"))
        newer = NewerCheckpoint.from_json(self._member("newer"))
        return Header(origin, made_by, claim, checkpoint, anchors, newer)

    def _line(self, where: str) -> bytes:
        line = self._stream.readline(MAX_LINE_BYTES + 1)
        self._line_number += 1
        self._text_bytes += len(line)
        if len(line) > MAX_LINE_BYTES or not line.endswith(b"\n"):
            fault = f"longer than {MAX_LINE_BYTES} bytes" if len(line) > MAX_LINE_BYTES else "cut off"
            raise MalformedBundleError(f"line {self._line_number}: {where} is {fault}")
        if self._text_bytes > MAX_TEXT_BYTES:
            raise MalformedBundleError(f"the bundle is longer than {MAX_TEXT_BYTES} bytes")
        self._digest.update(line)
        return line

    def _member(self, name: str, *, last: bool = False) -> object:
        """The value of the line `"name":value,` (the last one ends in `}`)."""
        line = self._line(name)
        begin, end = f'"{name}":'.encode(), b"}\n" if last else b",\n"
        if not (line.startswith(begin) and line.endswith(end)):
            raise MalformedBundleError(f"line {self._line_number}: not the member {name!r}, which must stand here")
        return jcs.decode(line[len(begin) : -len(end)], name)

    def _list(self, name: str) -> Iterator[tuple[str, bytes]]:
        """The lines of one list without their commas. A comma must stand after each item but the last."""
        if self._line(name) != f'"{name}":[\n'.encode():
            raise MalformedBundleError(f"line {self._line_number}: the list {name!r} must open here")
        line = self._line(name)
        while line != _LIST_END:
            where = f"line {self._line_number}"
            following = self._line(name)
            is_last = following == _LIST_END
            if line.endswith(b",\n") == is_last:
                raise MalformedBundleError(f"{where}: an item must end in a comma, and only the last must not")
            yield where, line[:-1] if is_last else line[:-2]
            line = following


_COMMON_ENTRY = re.compile(
    rb'\{"bytes":"([^"]*)",(?:"disclosure":\{"columns":"([^"]*)","seed":"([^"]*)"\},)?"index":(0|[1-9][0-9]{0,15})\}'
)
"""The canonical text of an entry that shows all columns or none: nearly every entry there is."""


def parse_entry(line: bytes, where: str) -> Entry:
    """One entry from its line; raises `MalformedBundleError`."""
    common = _COMMON_ENTRY.fullmatch(line)
    if common is None:
        return Entry.from_json(jcs.decode(line, where), where)
    raw, columns, seed, index = common.groups()
    disclosure = None
    if seed is not None:
        disclosure = FullDisclosure(
            jcs.quick_octets(seed, f"{where}.disclosure.seed", length=SEED_BYTES),
            jcs.quick_octets(columns, f"{where}.disclosure.columns", maximum=MAX_COLUMNS_BYTES),
        )
    entry = jcs.quick_octets(raw, f"{where}.bytes", maximum=MAX_ENTRY_BYTES)
    return Entry(jcs.integer(int(index), f"{where}.index"), entry, disclosure)


def read_bundle(stream: BinaryIO) -> Bundle:
    """A whole bundle into memory. Raises `MalformedBundleError` or `BundleDigestError`."""
    reader = BundleReader(stream)
    inclusion = tuple(reader.inclusion())
    entries = tuple(parse_entry(line, where) for where, line in reader.entry_lines())
    reader.finish()
    return Bundle(reader.header, inclusion, entries)
