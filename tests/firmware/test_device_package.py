"""What is installed on a board is the tree: mip's package.json and the freezing manifest name every file that runs."""

from __future__ import annotations

import json
from pathlib import Path

import voltseal

PACKAGES = ("voltseal_wire", "voltseal_device", "drivers", "modules")


def test_mip_installs_the_whole_tree(firmware_tree: Path) -> None:
    package = json.loads((firmware_tree / "package.json").read_text())
    expected = sorted(
        [str(path.relative_to(firmware_tree)) for name in PACKAGES for path in (firmware_tree / name).rglob("*.py")]
        + ["main.py"]
        + [str(path.relative_to(firmware_tree)) for path in (firmware_tree / "boards").glob("*.json")]
    )
    assert package["urls"] == [[name, name] for name in expected], "run: python firmware/tools/list_package.py"
    assert package["version"] == voltseal.__version__


def test_the_manifest_freezes_the_packages(firmware_tree: Path) -> None:
    frozen: list[str] = []
    manifest = (firmware_tree / "manifests" / "esp32.py").read_text()
    names = {
        "include": frozen.append,
        "package": lambda name, base_path: frozen.append(f"{base_path}/{name}"),
        "module": lambda name, base_path: frozen.append(f"{base_path}/{name}"),
    }
    exec(compile(manifest, "esp32.py", "exec"), names)
    assert frozen[1:] == [f"../{name}" for name in (*PACKAGES, "main.py")]
    assert all((firmware_tree / "manifests" / path).exists() for path in frozen[1:])
