"""Node, compiler and contract test runner of the chain tests: `python -m tests.chain.toolchain` installs them.

From npm, at the versions of `package-lock.json`, below the toolchain directory. Nothing of them is shipped, and no
install script is run: the programs are in the packages.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from voltseal_sim.toolchain import UnsupportedPlatformError, locations, packages
from voltseal_sim.toolchain.provision import locked

HERE = Path(__file__).resolve().parent
CONTRACT = HERE.parents[1] / "gateway" / "contracts" / "AnchorRegistry.sol"
_MANIFEST = ("package.json", "package-lock.json", ".npmrc")
_PLATFORM = ("Linux", "x86_64")  # the packages of `package.json` are for this one
_COMPILE_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class ChainTools:
    """Where they are: a directory with `node_modules`."""

    root: Path

    @property
    def anvil(self) -> Path:
        """An Ethereum node for tests."""
        return self._program("anvil")

    @property
    def forge(self) -> Path:
        """A runner of tests written in Solidity."""
        return self._program("forge")

    def compile(self, source: Path) -> str:
        """The artefact of a contract, as it is committed: JSON with ABI and bytecode."""
        command = ["node", str(HERE / "compile.cjs"), str(self.root), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_COMPILE_TIMEOUT_S, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _program(self, name: str) -> Path:
        return self.root / "node_modules" / "@foundry-rs" / f"{name}-linux-amd64" / "bin" / name


def provide() -> ChainTools:
    """Install what is missing; instant when all is there.

    Raises UnsupportedPlatformError without npm or off Linux, and ToolchainError when installing failed.
    """
    if shutil.which("npm") is None or (platform.system(), platform.machine()) != _PLATFORM:
        raise UnsupportedPlatformError("the chain tests need npm, and Linux on x86-64")
    pinned = sha256(b"".join((HERE / name).read_bytes() for name in _MANIFEST)).hexdigest()[:16]
    root = locations.toolchain_root() / "chain"
    with locked(root):
        target = root / pinned
        if not target.is_dir():
            _install(root, target)
    return ChainTools(target)


def _install(root: Path, target: Path) -> None:
    """All or nothing: the directory gets its name when everything is in it."""
    print("chain: installing anvil, forge and solc from npm (about 130 MB)", flush=True)
    with tempfile.TemporaryDirectory(prefix="staging-", dir=root) as staging:
        made = Path(staging) / "made"
        made.mkdir()
        for name in _MANIFEST:
            shutil.copy(HERE / name, made / name)
        flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        packages.run_command(["npm", "ci", "--prefix", str(made), *flags])
        made.rename(target)


def main() -> None:
    """For `make test`: install, or say why not."""
    try:
        provide()
    except UnsupportedPlatformError as error:
        if os.environ.get("CI"):
            raise
        print(f"chain: {error}; the chain tests will be skipped")


if __name__ == "__main__":
    main()
