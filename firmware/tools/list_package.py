"""Write `firmware/package.json`, which mip reads: every file that a board needs. A test checks it."""

import json
from pathlib import Path

TREE = Path(__file__).resolve().parents[1]
PACKAGES = ("voltseal_wire", "voltseal_device", "drivers", "modules")


def listed() -> list[str]:
    """Paths from the tree's root, sorted."""
    found = [path for name in PACKAGES for path in (TREE / name).rglob("*.py")]
    found += [TREE / "main.py", *(TREE / "boards").glob("*.json")]
    return sorted(str(path.relative_to(TREE)) for path in found)


def main() -> None:
    """Rewrite the list; the rest of the file stays."""
    target = TREE / "package.json"
    package = json.loads(target.read_text()) if target.exists() else {"version": "0.1.0"}
    package["urls"] = [[name, name] for name in listed()]
    target.write_text(json.dumps(package, indent=1) + "\n")


if __name__ == "__main__":
    main()
