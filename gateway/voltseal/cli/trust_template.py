"""The trust file that `voltseal trust init` writes: every line explained, ready to be filled in by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from voltseal.verifier.trust import FORMAT

_HEAD = f"""\
# Whom I believe when I check evidence. `voltseal verify` takes trust from this file and from nowhere else:
# a bundle brings proofs, never keys. So get each key from its owner, by a way the bundle's sender does not control
# (their web page over https, a letter, a contract), and compare it before you write it here.
#
# Every table may be left out or stand several times. Lines that begin with '#' do nothing.

# The version of this file's form.
format = "{FORMAT}"
"""

_SECTIONS = {
    "log": (
        """\
# Logs: whose signed checkpoints I believe. Ask the gateway's operator for the verifier key ("vkey").
# origin: the log's name, the first line of its checkpoints. key: its vkey, name+key ID+base64.""",
        (("origin", "example.org/site-1"), ("key", "example.org/site-1+5a1c0f3e+AT...")),
    ),
    "maker": (
        """\
# Makers: whose endorsement makes a key a device's key. Ask the manufacturer.
# name: what I call them; verdicts use this name. key: base64 of their COSE_Key, 75 bytes.""",
        (("name", "Example Batteries"), ("key", "pAECIAEhWCA...")),
    ),
    "ledger": (
        """\
# Ledgers: whose blocks I believe as anchors. An anchor in a ledger is weak: it helps only as far as the
# ledger is kept by somebody other than the log's operator. key: the ledger's vkey.""",
        (("key", "ledger.example.org+1b2c3d4e+AX..."),),
    ),
    "evm": (
        """\
# Contracts: which AnchorRegistry on which chain I believe. An anchor counts if its block is one of `blocks`: look the
# block's hash up at a node or explorer that you trust, or let `voltseal verify --rpc URL` ask a node.
# contract: chain id and the contract's address. blocks: hashes with a space between two, or nothing.""",
        (("contract", "11155111/0x5fbdb2315678afecb367f032d93f642f64180aa3"), ("blocks", "0x9f86d0...")),
    ),
    "witness": (
        """\
# Witnesses: whose cosignatures on checkpoints I believe. With one, a log cannot show me another tree than
# it shows others. key: the witness's vkey.""",
        (("key", "witness.example.net+0a1b2c3d+BB..."),),
    ),
    "firmware": (
        """\
# Firmware: measurements I know. Others are reported as unknown, which is no fault.
# measurement: SHA-256 of the firmware manifest, hex. status: "known" or "revoked".""",
        (("name", "bms 1.2.0"), ("measurement", "9f86d081..."), ("status", "known")),
    ),
}


@dataclass(frozen=True, slots=True)
class TrustLines:
    """What to write into the tables; each row's values in the order of its table's members. Empty: examples only."""

    logs: Sequence[tuple[str, str]] = ()
    makers: Sequence[tuple[str, str]] = ()
    ledgers: Sequence[str] = ()
    evm: Sequence[str] = ()


def render_trust(lines: TrustLines) -> str:
    """The file's text. Tables without rows show an example that is commented out."""
    rows: dict[str, Sequence[Sequence[str]]] = {
        "log": lines.logs,
        "maker": lines.makers,
        "ledger": [(key,) for key in lines.ledgers],
        "evm": [(contract, "") for contract in lines.evm],
    }
    sections = [_HEAD]
    for table, (text, example) in _SECTIONS.items():
        names = [name for name, _ in example]
        given = rows.get(table, ())
        if given:
            tables = [_table(table, zip(names, row, strict=True)) for row in given]
        else:
            tables = [_table(table, example, prefix="# ")]
        sections.append("\n\n".join([text + "\n" + tables[0], *tables[1:]]) + "\n")
    return "\n".join(sections)


def _table(table: str, members: Iterable[tuple[str, str]], prefix: str = "") -> str:
    return "\n".join([f"{prefix}[[{table}]]", *(f"{prefix}{name} = {_toml_string(value)}" for name, value in members)])


def _toml_string(text: str) -> str:
    """A JSON string is also a TOML basic string, if it escapes no surrogates (so: not ASCII) and DEL is escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
