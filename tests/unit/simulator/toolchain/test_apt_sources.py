"""The machine's apt sources, in both formats of sources.list(5)."""

from __future__ import annotations

from pathlib import Path

import pytest

from voltseal_sim.toolchain.apt_sources import AptSource, archive_mirrors, parse_deb822, parse_one_line, read

SUITES = frozenset({"bookworm", "trixie", "stable"})

DEB822 = """\
# a comment
Types: deb deb-src
# http://snapshot.test/debian/20250520T000000Z
URIs: http://mirror.test/debian
  https://second.test/debian/
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF: not a field
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: http://mirror.test/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://disabled.test/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://sources-only.test/debian
Suites: bookworm
Components: main
"""

ONE_LINE = """\
# deb http://commented.test/debian bookworm main
deb http://mirror.test/debian bookworm main contrib  # with a comment
deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] https://vendor.test/linux bookworm stable
deb [ trusted=yes ] http://unsigned.test/debian trixie main
deb-src http://mirror.test/debian bookworm main
deb cdrom:[Debian GNU/Linux 12]/ bookworm main
deb http://flat.test/repository ./
nonsense
"""


def test_deb822_yields_every_uri_and_suite_of_enabled_binary_stanzas() -> None:
    found = list(parse_deb822(DEB822))
    assert [(source.uri, source.suite) for source in found] == [
        ("http://mirror.test/debian", "bookworm"),
        ("http://mirror.test/debian", "bookworm-updates"),
        ("https://second.test/debian/", "bookworm"),
        ("https://second.test/debian/", "bookworm-updates"),
        ("http://mirror.test/debian-security", "bookworm-security"),
    ]
    assert found[0].components == ("main", "contrib")


def test_one_line_format_reads_options_and_skips_what_is_no_binary_source() -> None:
    found = list(parse_one_line(ONE_LINE))
    assert AptSource("http://mirror.test/debian", "bookworm", ("main", "contrib")) in found
    assert AptSource("http://unsigned.test/debian", "trixie", ("main",), trusted=True) in found
    assert not any("commented" in source.uri for source in found)
    assert sum(source.uri == "http://mirror.test/debian" for source in found) == 1


@pytest.mark.parametrize("text", ["", "\n\n", "Types", ": :\n", " continuation first\nTypes: deb", "deb", "deb [", "#"])
def test_damaged_files_yield_nothing_and_raise_nothing(text: str) -> None:
    assert list(parse_deb822(text)) == []
    assert list(parse_one_line(text)) == []


def test_mirrors_are_the_main_archive_once_each_in_order() -> None:
    sources = [*parse_one_line(ONE_LINE), *parse_deb822(DEB822)]
    assert [source.uri for source in archive_mirrors(sources, SUITES)] == [
        "http://mirror.test/debian",
        "http://unsigned.test/debian",
        "https://second.test/debian/",
    ]


def test_cloud_image_mirror_lists_are_fetchable() -> None:
    text = "Types: deb\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nSuites: bookworm\nComponents: main\n"
    assert len(archive_mirrors(parse_deb822(text), SUITES)) == 1


def test_read_merges_the_main_list_and_the_parts_directory(tmp_path: Path) -> None:
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (tmp_path / "sources.list").write_text("deb http://first.test/debian bookworm main\n")
    (parts / "debian.sources").write_text(DEB822)
    (parts / "extra.list").write_text("deb http://extra.test/debian bookworm main\n")
    (parts / "old.list.disabled").write_text("deb http://disabled.test/debian bookworm main\n")
    uris = [source.uri for source in read(tmp_path)]
    assert uris[0] == "http://first.test/debian"
    assert uris[-1] == "http://extra.test/debian"
    assert "http://disabled.test/debian" not in uris


def test_read_of_a_machine_without_apt_is_empty(tmp_path: Path) -> None:
    assert read(tmp_path / "absent") == ()
