"""Other people's programs that judge our output, provided without root: `python -m tests.interop.checkers`.

- Go tools from Debian packages: torchwood (`spicy-torchwood`, `age-keylookup`) and sigsum-go (`sigsum-verify`);
- COSE libraries from PyPI: cwt and pycose, in a virtual environment of their own.

Both are cached below the toolchain directory. Nothing of them is part of Voltseal, or needed to run it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from voltseal_sim.toolchain import UnsupportedPlatformError, distribution, locations, packages
from voltseal_sim.toolchain.provision import locked, write_wrapper

# Debian 13 has the older torchwood without age-keylookup; what is in testing stays in the release it becomes.
_SUITE = "forky"
_PACKAGES = ("torchwood", "sigsum-go")
_PROGRAMS = ("spicy-torchwood", "age-keylookup", "sigsum-verify")
_REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a checker ended. `said`: standard output and standard error together."""

    status: int
    said: str


@dataclass(frozen=True, slots=True)
class Checkers:
    """Where the checkers are."""

    programs: Path
    cose_python: Path

    def run(self, program: str, *arguments: str | Path, stdin: bytes = b"", **environment: str) -> Outcome:
        """Run one of the Go tools."""
        return _run([self.programs / program, *arguments], stdin, environment)

    def run_cose(self, *arguments: str | Path) -> Outcome:
        """Run a Python script with cwt and pycose."""
        return _run([self.cose_python, *arguments], b"", {})


def provide() -> Checkers:
    """Provide what is missing; instant when all is there.

    Raises UnsupportedPlatformError where there are no Debian packages, and ToolchainError when providing failed.
    """
    root = locations.toolchain_root() / "checkers"
    with locked(root):
        return Checkers(_provide_programs(root), _provide_cose(root))


def _provide_programs(root: Path) -> Path:
    target = root / f"debian-{_SUITE}"
    if target.is_dir():
        return target
    packages.require_commands()
    system = distribution.current()
    if _SUITE not in system.archive_suites:
        raise UnsupportedPlatformError("the checkers come from Debian's packages, and this is not Debian")
    with tempfile.TemporaryDirectory(prefix="staging-", dir=root) as staging:
        print(f"checkers: downloading {' and '.join(_PACKAGES)} (Debian {_SUITE}, about 25 MB)", flush=True)
        unpacked = Path(staging) / "unpacked"
        debs = packages.download_from_mirrors(Path(staging) / "apt", replace(system, suite=_SUITE), *_PACKAGES)
        packages.unpack(debs, unpacked / "root")
        for program in _PROGRAMS:
            write_wrapper(unpacked, program)
        unpacked.rename(target)
    return target


def _provide_cose(root: Path) -> Path:
    pinned = sha256(_REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:16]
    target = root / f"cose-{pinned}"
    python = target / "bin" / "python"
    stamp = target / "complete"
    if not stamp.exists():
        print("checkers: installing COSE libraries from PyPI (about 20 MB)", flush=True)
        shutil.rmtree(target, ignore_errors=True)
        packages.run_command([sys.executable, "-m", "venv", str(target)])
        # The project's constraints must not reach this environment: `env -u` and not a cleaned os.environ, because
        # `run_command` inherits the environment, and with it the machine's own package mirror.
        without = ["env", "-u", "PIP_CONSTRAINT", "-u", "PIP_BUILD_CONSTRAINT"]
        packages.run_command([*without, str(python), "-m", "pip", "install", "--quiet", "-r", str(_REQUIREMENTS)])
        stamp.touch()
    return python


def _run(command: list[str | Path], stdin: bytes, environment: dict[str, str]) -> Outcome:
    done = subprocess.run(
        command,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **environment},
        timeout=_TIMEOUT_S,
        check=False,
    )
    return Outcome(done.returncode, done.stdout.decode(errors="replace"))


if __name__ == "__main__":
    provide()
