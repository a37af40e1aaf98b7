"""Puts the browser verifier together: `python -m voltseal.verifier_page.build [--check]`, the same bytes every time.

Scripts are joined in the order of `SCRIPTS` into one function, so that they share names with each other and with
nobody else. The content security policy allows exactly this style and this script, by their hashes, and no connection.
"""

from __future__ import annotations

import argparse
import json
import sys
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Final

from voltseal.verifier_page import PAGE_NAME
from voltseal.wire.schemas import SCHEMAS
from voltseal_wire.schemas import notes

SOURCES: Final = Path(__file__).parent / "src"
TARGET: Final = Path(__file__).parent / PAGE_NAME
LANGUAGES: Final = ("en", "zh")
SCRIPTS: Final = (
    "bytes", "cbor", "keys", "container", "bundle", "merkle", "trust", "note", "statement", "enrolment", "columns",
    "completeness", "verify", "verdict", "words", "dom", "timeline", "plot", "report", "findings", "app",
)  # fmt: skip
_POLICY: Final = (
    "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; img-src data:; connect-src 'none'; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


def schema_table() -> dict[str, object]:
    """The schemas as the page needs them: names, and how a value becomes one in a unit that people use."""
    return {
        str(number): {"name": schema.name, "fields": [_field(field.name) for field in schema.fields]}
        for number, schema in SCHEMAS.items()
    }


def _field(name: str) -> dict[str, object]:
    unit = notes.unit_of(name)
    return {"name": name, "symbol": unit.symbol, "scale": unit.scale_exponent}


def build() -> bytes:
    """The page's bytes."""
    strings = {language: json.loads(_source(f"strings.{language}.json")) for language in LANGUAGES}
    constants = f"const SCHEMAS = {_constant(schema_table())};\nconst STRINGS = {_constant(strings)};\n"
    body = "\n".join(_source(f"{name}.js") for name in SCRIPTS)
    script = f'\n(() => {{\n"use strict";\n{constants}\n{body}}})();\n'
    style = f"\n{_source('page.css')}"
    if "</" in script or "</" in style:
        raise ValueError("a script or style may not hold '</': it would end early")
    policy = _POLICY.format(script=_hash(script), style=_hash(style))
    page = _source("page.html")
    for place, content in (("@CSP@", policy), ("@STYLE@", style), ("@SCRIPT@", script)):
        if page.count(place) != 1:
            raise ValueError(f"page.html must have {place} once")
        page = page.replace(place, content)
    return page.encode()


def _source(name: str) -> str:
    return (SOURCES / name).read_text(encoding="utf-8")


def _constant(value: object) -> str:
    """A JSON text is a JavaScript expression (ECMA-262, since 2019)."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _hash(text: str) -> str:
    """As a content security policy names inline content (CSP Level 3, section 2.3.1)."""
    return b64encode(sha256(text.encode()).digest()).decode()


def main() -> int:
    """Write the page, or compare it with what is there."""
    parser = argparse.ArgumentParser(prog="python -m voltseal.verifier_page.build", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the file that is there; write nothing")
    check: bool = parser.parse_args().check
    page = build()
    if not check:
        TARGET.write_bytes(page)
        print(f"{TARGET.name}: {len(page)} bytes")
    elif not TARGET.exists() or TARGET.read_bytes() != page:
        print(f"not as built: {TARGET.name}; run python -m voltseal.verifier_page.build", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
