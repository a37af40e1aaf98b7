"""Reads the machine's own apt sources to learn which mirror it uses (sources.list(5), both formats). No I/O but `read`.

No host is named here: a machine behind a company mirror must be provisioned from that mirror.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_OPTION = re.compile(r"([A-Za-z-]+)=(\S+)")
_ONE_LINE = re.compile(r"^deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)(?P<components>.*)$")
_FETCHABLE = ("http:", "https:", "mirror:", "mirror+", "file:", "copy:", "tor+")


@dataclass(frozen=True, slots=True)
class AptSource:
    """One (mirror, suite) pair of the machine's configuration."""

    uri: str
    suite: str
    components: tuple[str, ...]
    trusted: bool = False
    """The administrator accepts this mirror without signatures (`trusted=yes`)."""


def parse_one_line(text: str) -> Iterator[AptSource]:
    """Yield the binary sources of a classic `sources.list` file; other lines are passed over."""
    for line in text.splitlines():
        match = _ONE_LINE.match(line.split("#", 1)[0].strip())
        if match is None:
            continue
        options = dict(_OPTION.findall(match["options"] or ""))
        trusted = _is_yes(options.get("trusted", "no"))
        yield AptSource(match["uri"], match["suite"], tuple(match["components"].split()), trusted)


def parse_deb822(text: str) -> Iterator[AptSource]:
    """Yield the enabled binary sources of a `.sources` file, one for every (URI, suite) of every stanza."""
    for stanza in re.split(r"\n[ \t]*\n", text):
        fields = _deb822_fields(stanza)
        if "deb" not in fields.get("types", "").split() or not _is_yes(fields.get("enabled", "yes")):
            continue
        components = tuple(fields.get("components", "").split())
        trusted = _is_yes(fields.get("trusted", "no"))
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield AptSource(uri, suite, components, trusted)


def _deb822_fields(stanza: str) -> Mapping[str, str]:
    """Return the stanza's fields by lower-case name; continuation lines are joined, comment lines dropped."""
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1].isspace():
            if name:
                fields[name] += " " + line.strip()
        elif ":" in line:
            key, value = line.split(":", 1)
            name = key.strip().lower()
            fields[name] = value.strip()
    return fields


def _is_yes(value: str) -> bool:
    """Apt's boolean words (apt.conf(5)); anything else means no."""
    return value.strip().lower() in {"yes", "true", "with", "on", "enable", "1"}


def read(etc_apt: Path = Path("/etc/apt")) -> tuple[AptSource, ...]:
    """Return every binary source configured under `etc_apt`, in apt's order; empty when there is none."""
    parts = etc_apt / "sources.list.d"
    paths = [etc_apt / "sources.list", *(sorted(parts.iterdir()) if parts.is_dir() else ())]
    found: list[AptSource] = []
    for path in paths:
        # Files that carry a private mirror's password may be root's alone; apt run by this user skips them as well.
        if path.suffix not in _PARSERS or not path.is_file() or not os.access(path, os.R_OK):
            continue
        found += _PARSERS[path.suffix](path.read_text(encoding="utf-8", errors="replace"))
    return tuple(found)


_PARSERS: Mapping[str, Callable[[str], Iterable[AptSource]]] = {".list": parse_one_line, ".sources": parse_deb822}


def archive_mirrors(sources: Iterable[AptSource], suites: frozenset[str]) -> tuple[AptSource, ...]:
    """Return, without repeats, the sources that mirror the distribution's main archive.

    `suites` are the names a main-archive source may carry (the release's codename and its aliases): a third party's
    repository or the security archive uses others, and does not hold the suites we ask for.
    """
    by_uri: dict[str, AptSource] = {}
    for source in sources:
        is_archive = source.suite in suites and "main" in source.components and source.uri.startswith(_FETCHABLE)
        if is_archive:
            by_uri.setdefault(source.uri.rstrip("/"), source)
    return tuple(by_uri.values())
