"""The firmware image: MicroPython mounts it and reads it back; it is rebuilt when, and only when, a source changed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from voltseal_sim.toolchain import MicroPython, ToolchainError
from voltseal_sim.toolchain.rom_image import rom_image, romfs

LIST = """
import sys, vfs, os
vfs.mount(vfs.VfsRom(open(sys.argv[1], 'rb').read()), '/rom')
def walk(path):
    for name, kind, *_ in sorted(os.ilistdir(path)):
        if kind == 0x4000:
            walk(path + '/' + name)
        else:
            print(path + '/' + name, len(open(path + '/' + name, 'rb').read()))
walk('/rom')
sys.path.insert(0, '/rom')
import voltseal_device
print(voltseal_device.__file__)
"""


def tree(directory: Path) -> Path:
    for name, content in {
        "voltseal_device/__init__.py": "ANSWER = 42\n",
        "boards/mine.json": "{}",
        "boards/unix_rom.py": "not for the image",
        "tools/x.py": "not for the image",
    }.items():
        path = directory / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return directory / "tree"


@pytest.mark.micropython
def test_micropython_mounts_it(tmp_path: Path, micropython: MicroPython) -> None:
    image = rom_image(tree(tmp_path), tmp_path / "cache")
    result = subprocess.run(
        [str(micropython.path), "-c", LIST, str(image)], check=False, capture_output=True, text=True, timeout=20
    )
    lines = result.stdout.splitlines()
    assert lines[0] == "/rom/boards/mine.json 2", result.stderr
    assert lines[1].startswith("/rom/voltseal_device/__init__.mpy ")
    assert lines[2:] == ["/rom/voltseal_device/__init__.mpy"]


def test_it_is_built_once_for_the_same_sources(tmp_path: Path) -> None:
    source = tree(tmp_path)
    image = rom_image(source, tmp_path / "cache")
    written = image.stat().st_mtime_ns
    assert rom_image(source, tmp_path / "cache") == image
    assert image.stat().st_mtime_ns == written
    (source / "voltseal_device" / "__init__.py").write_text("ANSWER = 43\n")
    changed = rom_image(source, tmp_path / "cache")
    assert changed != image
    assert changed.read_bytes() != image.read_bytes()
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == sorted([image.name, changed.name])


def test_what_does_not_compile_is_named(tmp_path: Path) -> None:
    source = tree(tmp_path)
    (source / "voltseal_device" / "__init__.py").write_text("def (:\n")
    with pytest.raises(ToolchainError, match=r"__init__\.py does not compile"):
        rom_image(source, tmp_path / "cache")


def test_the_format_is_romfs() -> None:
    """A header, an even offset of the first record, then kind | length | payload as in MicroPython's documentation."""
    file = "050b" + "06" + b"a.json".hex() + "0202" + b"xy".hex()
    assert romfs({Path("a.json"): b"xy"}).hex() == "d2cd31" + "0d" + file
    assert romfs({Path("d/a.json"): b"xy"}).hex() == "d2cd31" + "11" + "040f" + "01" + b"d".hex() + file
    long = romfs({Path("a.json"): bytes(200)}).hex()
    data = "02" + "8148" + bytes(200).hex()
    assert long == "d2cd31" + "808155" + "058152" + "06" + b"a.json".hex() + data
