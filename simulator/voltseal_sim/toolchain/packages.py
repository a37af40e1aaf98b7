"""Fetches packages with apt into a private directory and unpacks them there: no root, the system stays as it is."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from voltseal_sim.toolchain import apt_sources
from voltseal_sim.toolchain.apt_sources import AptSource
from voltseal_sim.toolchain.distribution import Distribution
from voltseal_sim.toolchain.errors import ToolchainError, UnsupportedPlatformError

_REQUIRED_COMMANDS = ("apt-get", "dpkg-deb")
_TIMEOUT_S = 300

# `#clear` removes what the machine's own apt configuration runs after an update (package caches, desktop notices):
# those belong to the system's lists, not to ours. An empty status file makes apt resolve the whole dependency closure,
# so that the packages run on any glibc. The sandbox user could not write into a private directory.
_APT_CONF = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets::deb::DEP-11;
#clear Acquire::IndexTargets::deb::Contents-deb;
APT::Sandbox::User "";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Retries "2";
Debug::NoLocking "true";
Dir::Etc::sourcelist "{root}/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferences "-";
Dir::Etc::preferencesparts "-";
Dir::State "{root}/state";
Dir::State::Lists "{root}/lists";
Dir::State::status "{root}/status";
Dir::Cache "{root}/cache";
"""


@dataclass(frozen=True, slots=True)
class PrivateApt:
    """An apt that knows one suite of one mirror and keeps all its state under `root` (existing, writable)."""

    root: Path
    mirror: AptSource
    distribution: Distribution

    def download(self, *packages: str) -> tuple[Path, ...]:
        """Download `packages` with everything they depend on; return the .deb files, sorted by name.

        Raises ToolchainError when the mirror does not answer, does not carry the suite, or lacks a package.
        """
        self._prepare()
        self._apt_get("update", "-qq", "--error-on=any")
        self._apt_get("install", "-qq", "--yes", "--download-only", *packages)
        return tuple(sorted((self.root / "cache" / "archives").glob("*.deb")))

    def _prepare(self) -> None:
        for directory in ("lists/partial", "cache/archives/partial", "state"):
            (self.root / directory).mkdir(parents=True, exist_ok=True)
        (self.root / "status").touch()
        (self.root / "apt.conf").write_text(_APT_CONF.format(root=self.root), encoding="utf-8")
        (self.root / "sources.list").write_text(self._source_line(), encoding="utf-8")

    def _source_line(self) -> str:
        options = []
        if self.mirror.trusted:
            options.append("trusted=yes")
        if self.distribution.keyring.is_file():
            options.append(f"signed-by={self.distribution.keyring}")
        bracket = f"[{' '.join(options)}] " if options else ""
        return f"deb {bracket}{self.mirror.uri} {self.distribution.suite} {self.distribution.components}\n"

    def _apt_get(self, *arguments: str) -> None:
        run_command(["apt-get", "-c", str(self.root / "apt.conf"), *arguments])


def download_from_mirrors(directory: Path, distribution: Distribution, *packages: str) -> tuple[Path, ...]:
    """Try the machine's own mirrors in order; return the packages from the first that has them, below `directory`.

    Raises ToolchainError when there is no mirror, or with the first one's reason when all fail.
    """
    mirrors = apt_sources.archive_mirrors(apt_sources.read(), distribution.archive_suites)
    if not mirrors:
        raise ToolchainError(
            "the machine's apt sources name no mirror of its distribution's main archive",
            hint=f"add one under /etc/apt/sources.list.d, or put {' and '.join(packages)} on PATH",
        )
    refusals: list[ToolchainError] = []
    for number, mirror in enumerate(mirrors):
        own = directory / str(number)
        own.mkdir(parents=True)
        try:
            return PrivateApt(own, mirror, distribution).download(*packages)
        except ToolchainError as error:
            refusals.append(error)
    raise refusals[0]


def unpack(debs: Sequence[Path], target: Path) -> None:
    """Unpack the files of each package into `target` (made if absent); maintainer scripts are not run.

    Raises ToolchainError when a package is damaged.
    """
    target.mkdir(parents=True, exist_ok=True)
    for deb in debs:
        run_command(["dpkg-deb", "--extract", str(deb), str(target)])


def require_commands() -> None:
    """Raise UnsupportedPlatformError unless the commands that provisioning runs are on PATH."""
    missing = [name for name in _REQUIRED_COMMANDS if shutil.which(name) is None]
    if missing:
        raise UnsupportedPlatformError(
            f"cannot provision MicroPython without {' and '.join(missing)}",
            hint="put a MicroPython >= 1.24 (unix port) on PATH, or use the simulator's 'host' runtime",
        )


def run_command(command: Sequence[str]) -> None:
    """Run `command` silently; raise ToolchainError with its last words when it fails or takes too long."""
    try:
        subprocess.run(
            command,
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
        )
    except subprocess.CalledProcessError as error:
        last_words = "; ".join((error.stderr or error.stdout or "").strip().splitlines()[-3:])
        raise ToolchainError(
            f"{command[0]} ended with status {error.returncode}: {last_words or 'no message'}",
            hint="check that this machine reaches its package mirror (try: apt-get update), then run it again",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise ToolchainError(
            f"{command[0]} did not finish within {_TIMEOUT_S} s",
            hint="check that this machine reaches its package mirror, then run it again",
        ) from error
