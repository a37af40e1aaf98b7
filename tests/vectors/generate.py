#!/usr/bin/env python3
"""Writes the test vectors beside this file, the same bytes every time. `--check` compares instead.

Keys come from labelled seeds and signatures from RFC 6979, so there is no randomness. The encoder is this directory's
own: neither the gateway's decoder nor the device's encoder judges itself.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from maker import (
    case,
    committed,
    enrolled,
    items,
    mutated_boot,
    mutated_content,
    mutated_standing,
    mutated_structure,
    valid,
)
from maker.cast import DEVICE_UEID, ORIGIN, topic_of

HERE = Path(__file__).resolve().parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the files that are there; write nothing")
    check: bool = parser.parse_args().check
    different = []
    for name, content in files().items():
        path = HERE / name
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        if check:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                different.append(name)
        else:
            path.write_text(text, encoding="utf-8")
            print(f"{name}: {len(content['vectors'])} vectors")
    if different:
        print(f"not as generated: {', '.join(different)}; run tests/vectors/generate.py", file=sys.stderr)
    return 1 if different else 0


def files() -> dict[str, dict[str, Any]]:
    """What each file holds."""
    return {
        "cbor.json": {"about": "items of the CBOR subset, or not", "vectors": items.items()},
        "statement.json": {
            "about": "valid statements: made from `input`, encoders must give `output` byte for byte",
            "vectors": [one.as_json() for one in valid.all_valid()],
        },
        "message.json": {
            "about": "messages on `up`: judged by `registry`, after the messages of `before`, they end with `expect`",
            "registries": {"fleet": enrolled.fleet()},
            "vectors": messages(),
        },
        "column.json": {"about": "values of a field, and their one encoding", "vectors": committed.column_vectors()},
        "commitment.json": {"about": "roots over salted columns", "vectors": committed.commitment_vectors()},
        "disclosure.json": {
            "about": "some columns shown under a commitment",
            "vectors": committed.disclosure_vectors(),
        },
        "enrolment.json": {"about": "enrolment requests", "origin": ORIGIN, "vectors": rows(enrolled.requests())},
        "endorsement.json": {
            "about": "endorsements, judged with one trusted maker",
            "origin": ORIGIN,
            "makers": enrolled.fleet()["makers"],
            "vectors": rows(enrolled.endorsements()),
        },
        "entry.json": {"about": "log entries, for their form", "vectors": rows(enrolled.entries())},
        "receipt.json": {"about": "receipts on `down`, as the device of `session` takes them"} | committed.receipts(),
    }


def messages() -> list[dict[str, Any]]:
    """The messages of all valid statements, and the mutations."""
    accepted = [
        case.Case(one.name, one.description, one.message, "accepted", topic_of(DEVICE_UEID))
        for one in valid.all_valid()
    ]
    mutated = [
        *mutated_structure.structure_cases(),
        *mutated_content.content_cases(),
        *mutated_boot.boot_and_loss_cases(),
        *mutated_standing.standing_cases(),
    ]
    everything = [*accepted, *mutated]
    names = [one.name for one in everything]
    twice = {name for name in names if names.count(name) > 1}
    assert not twice, f"names used twice: {sorted(twice)}"
    return [one.as_json() for one in everything]


def rows(listed: Iterable[enrolled.Row]) -> list[dict[str, Any]]:
    """Rows of single structures."""
    return [
        {"name": name, "description": description, "input": {"bytes": content.hex()}, "expect": expect}
        for name, description, content, expect in listed
    ]


if __name__ == "__main__":
    raise SystemExit(main())
