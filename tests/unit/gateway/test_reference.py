"""The reference pages say what the code says: every key with its default, every command with its options."""

from __future__ import annotations

import argparse
import re
from dataclasses import MISSING, fields
from importlib import import_module
from pathlib import Path

import pytest

from voltseal import config

COMMANDS = ("init", "run", "status", "device", "maker", "log", "quarantine", "doctor", "backup", "restore")
TABLES = {
    "[gateway]": config.GatewayTable, "[broker]": config.BrokerTable, "[store]": config.StoreTable,
    "[ingest]": config.IngestTable, "[log]": config.LogTable, "[receipt]": config.ReceiptTable,
    "[logging]": config.LoggingTable, "[http]": config.HttpTable, "[check]": config.CheckTable,
    "[alert]": config.AlertTable, "[[anchor]]": config.AnchorTable, "[[maker]]": config.MakerTable,
}  # fmt: skip


def shown(default: object) -> str:
    """How the page writes a default."""
    if default is MISSING:
        return "required"
    if default is None:
        return "none"
    return f'`"{default}"`' if isinstance(default, str | Path) else str(default)


@pytest.mark.parametrize("table", TABLES)
def test_every_key_is_described_with_its_default(repository_root: Path, table: str) -> None:
    page = (repository_root / "docs" / "reference" / "configuration.md").read_text()
    section = page.split(f"## {table}\n")[1].split("\n## ")[0]
    rows = {
        name: row.split("|")[2].strip()
        for row in section.splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    assert rows == {key.name: shown(key.default) for key in fields(TABLES[table])}  # type: ignore[arg-type]


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    """The long options of a command and of its actions, but for those every command has."""
    found = {option for action in parser._actions for option in action.option_strings if option.startswith("--")}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found |= {option for child in action.choices.values() for option in options_of(child)}
    return found - {"--help", "--config"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_on_the_page(repository_root: Path, command: str) -> None:
    page = (repository_root / "docs" / "reference" / "cli.md").read_text()
    rows = "\n".join(line for line in page.splitlines() if f"`voltseal {command}" in line)
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers()
    import_module(f"voltseal.cli.{command}").add_parser(commands)
    described = set(re.findall(r"--[a-z-]+", rows))
    assert options_of(commands.choices[command]) == described
