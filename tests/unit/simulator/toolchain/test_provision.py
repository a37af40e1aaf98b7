"""Finding and provisioning MicroPython, the latter for real: from this machine's mirror into an empty directory."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from voltseal_sim.toolchain import (
    MicroPython,
    ToolchainError,
    UnsupportedPlatformError,
    distribution,
    find_micropython,
    install,
    packages,
    provision,
)
from voltseal_sim.toolchain.errors import UnusableInterpreterError

pytestmark = pytest.mark.micropython


def test_provisions_a_working_interpreter_from_nothing(micropython: MicroPython, tmp_path: Path) -> None:
    del micropython  # skips where the platform cannot provision
    lines: list[str] = []
    made = install(lines.append, root=tmp_path)
    assert made.path.is_relative_to(tmp_path)
    assert any("downloading" in line for line in lines)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "micropython"]  # no staging left behind

    lines.clear()
    assert install(lines.append, root=tmp_path) == made
    assert lines == [f"{made} is ready"]  # the second time downloads nothing


def test_a_damaged_cache_is_provisioned_again(micropython: MicroPython, tmp_path: Path) -> None:
    del micropython
    made = install(lambda _line: None, root=tmp_path)
    made.path.write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "staging-of-a-killed-run").mkdir()
    assert install(lambda _line: None, root=tmp_path) == made
    assert not list(tmp_path.glob("staging-*"))


def test_the_wrapper_works_through_a_symbolic_link_and_passes_arguments(
    micropython: MicroPython, tmp_path: Path
) -> None:
    link = tmp_path / "linked"
    link.symlink_to(micropython.path)
    script = tmp_path / "echo.py"
    script.write_text("import sys\nprint(sys.argv[1:])\nsys.exit(7)\n")
    result = subprocess.run([link, script, "a b", "$HOME"], capture_output=True, text=True, check=False)
    assert result.stdout == "['a b', '$HOME']\n"
    assert result.returncode == 7


def test_the_variable_decides_and_a_mistake_in_it_is_not_hidden(
    micropython: MicroPython, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(provision.ENVIRONMENT_VARIABLE, str(micropython.path))
    assert find_micropython() == micropython.path
    monkeypatch.setenv(provision.ENVIRONMENT_VARIABLE, str(tmp_path / "absent"))
    with pytest.raises(UnusableInterpreterError):
        find_micropython()


def test_an_unusable_interpreter_on_path_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "micropython"
    old.write_text("#!/bin/sh\necho micropython 1 19 1\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(provision.locations, "toolchain_root", lambda: tmp_path / "empty")
    assert find_micropython() is None


def test_a_mirror_that_does_not_answer_is_a_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = packages.apt_sources.AptSource(f"file:{tmp_path}/no-mirror", "bookworm", ("main",))
    monkeypatch.setattr(packages.apt_sources, "read", lambda: (source,))
    with pytest.raises(ToolchainError, match="apt-get ended with status") as caught:
        install(lambda _line: None, root=tmp_path / "cache")
    assert caught.value.hint is not None
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["lock"]


def test_sources_without_a_mirror_are_a_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(packages.apt_sources, "read", tuple)
    with pytest.raises(ToolchainError, match="name no mirror"):
        install(lambda _line: None, root=tmp_path)


def test_an_unpacked_tree_without_a_loader_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match="no program loader"):
        provision.write_wrapper(tmp_path, "micropython")


def test_the_loader_of_another_architecture_is_found(tmp_path: Path) -> None:
    libraries = tmp_path / "root/usr/lib/aarch64-linux-gnu"
    libraries.mkdir(parents=True)
    (libraries / "ld-linux-aarch64.so.1").touch()
    wrapper = provision.write_wrapper(tmp_path, "micropython").read_text()
    assert '"$root/usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1" --library-path' in wrapper


@pytest.mark.parametrize(
    ("os_release", "suite"),
    [
        ({"ID": "debian"}, "trixie"),
        ({"ID": "raspbian", "ID_LIKE": "debian"}, "trixie"),
        ({"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}, "resolute"),
    ],
)
def test_derivatives_are_provisioned_as_what_they_derive_from(os_release: dict[str, str], suite: str) -> None:
    assert distribution.of_release(os_release).suite == suite


@pytest.mark.parametrize("os_release", [{}, {"ID": "fedora"}, {"ID": "rocky", "ID_LIKE": "rhel centos fedora"}])
def test_other_systems_are_unsupported_and_told_what_to_do(os_release: dict[str, str]) -> None:
    with pytest.raises(UnsupportedPlatformError) as caught:
        distribution.of_release(os_release)
    assert caught.value.hint is not None
    assert "VOLTSEAL_MICROPYTHON" in caught.value.hint


def test_missing_commands_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnsupportedPlatformError, match="apt-get and dpkg-deb"):
        packages.require_commands()
