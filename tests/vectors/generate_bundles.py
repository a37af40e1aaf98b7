#!/usr/bin/env python3
"""Writes bundle.json beside this file, the same bytes every time. `--check` compares instead, and fails if it differs.

Shares no code with the gateway: its verifier shall not judge itself.
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import chain
from pathlib import Path
from typing import Any

from maker import (
    bundle_forged_checkpoints,
    bundle_forged_claims,
    bundle_forged_log,
    bundle_forged_statements,
    bundle_keys,
    bundle_malformed,
    bundle_newer,
    bundle_rotations,
    bundle_valid,
)
from maker.bundle_case import trust_files

TARGET = Path(__file__).resolve().parent / "bundle.json"
ABOUT = """
evidence bundles, as text (`bundle`) or as bytes (`bundle_base64`), each judged with one of the trust files in `trust`.
`expect` is valid, invalid or could-not-check; the latter two end in `step` with `code`. Of a valid one, `verdict` holds
some of: completeness; statements (how many lie in the claim); gaps; conflicts [about, first number, second number];
keys [kid, statements, of these logged after its revocation], in order of enrolment, idle ones left out; anchors
[backend, strength, status]; not_after_ms; witnesses (how many); newer [tree size,
witnesses] of the newer checkpoint; disagreement (of the clocks); firmware (statuses);
disclosed [statements that show all, some, no columns]; shown and hidden (how many columns)
"""


def content() -> dict[str, Any]:
    """What the file holds."""
    modules = (
        bundle_valid,
        bundle_keys,
        bundle_rotations,
        bundle_malformed,
        bundle_newer,
        bundle_forged_checkpoints,
        bundle_forged_log,
        bundle_forged_statements,
        bundle_forged_claims,
    )
    cases = list(chain.from_iterable(module.cases() for module in modules))
    names = [case.name for case in cases]
    twice = {name for name in names if names.count(name) > 1}
    assert not twice, f"names used twice: {sorted(twice)}"
    return {
        "about": ABOUT.replace("\n", " ").strip(),
        "trust": trust_files(),
        "vectors": [case.as_json() for case in cases],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the file that is there; write nothing")
    check: bool = parser.parse_args().check
    made = content()
    text = json.dumps(made, indent=1, ensure_ascii=False) + "\n"
    if not check:
        TARGET.write_text(text, encoding="utf-8")
        print(f"{TARGET.name}: {len(made['vectors'])} vectors")
    elif not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
        print(f"not as generated: {TARGET.name}; run tests/vectors/generate_bundles.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
