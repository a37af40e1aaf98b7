"""`voltseal trust`: a file that explains itself, and reading it back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.gateway.verifier.conftest import CONTENT

from voltseal.cli import main
from voltseal.verifier import Trust, parse_trust


def test_init_explains_each_line_and_believes_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "new" / "trust.toml"
    assert main(["trust", "init", "-o", str(target)]) == 0
    text = target.read_text()
    assert parse_trust(text) == Trust()
    for table in ("log", "maker", "ledger", "witness", "firmware"):
        assert f"# [[{table}]]" in text
    assert main(["trust", "init", "-o", str(target)]) == 1
    assert "exists already" in capsys.readouterr().err
    assert main(["trust", "init", "-o", str(target), "--force"]) == 0
    assert main(["trust", "init", "-o", "-"]) == 0
    assert capsys.readouterr().out.endswith(text)


def test_examples_in_the_template_need_only_be_uncommented(capsys: pytest.CaptureFixture[str]) -> None:
    from voltseal.cli.trust_template import TrustLines, render_trust

    text = render_trust(TrustLines())
    keys = {
        name: CONTENT["trust"]["witness"].split(f"[[{name}]]")[1].split('key = "')[1].split('"')[0]
        for name in ("log", "maker", "ledger", "witness")
    }
    for line in text.splitlines():
        if line.startswith("# [["):
            table = line[4:-2]
        if line.startswith("# key = "):
            text = text.replace(line, f'# key = "{keys[table]}"', 1)
    origin = keys["log"].split("+")[0]
    text = (
        text.replace('"0x9f86d0..."', f'"0x{"0" * 64}"')
        .replace('"9f86d081..."', f'"{"0" * 64}"')
        .replace('"example.org/site-1"', f'"{origin}"')
    )
    members = (
        "contract = ",
        "blocks = ",
        "[[",
        "key = ",
        "name = ",
        "origin = ",
        "measurement = ",
        "status = ",
    )
    marks = tuple(f"# {member}" for member in members)
    example_lines = [line.removeprefix("# ") if line.startswith(marks) else line for line in text.splitlines()]
    trust = parse_trust("\n".join(example_lines))
    tables = (trust.logs, trust.makers, trust.ledgers, trust.evm, trust.witnesses, trust.firmware)
    assert [len(rows) for rows in tables] == [1] * 6


@pytest.mark.parametrize("name", ["电池厂", "cell \U0001f50b", 'a "quoted" \\ name', "tab\tand \x7f"])
def test_any_name_is_written_as_toml_that_reads_back(name: str) -> None:
    from voltseal.cli.trust_template import TrustLines, render_trust

    maker = parse_trust(CONTENT["trust"]["full"]).makers[0]
    key = CONTENT["trust"]["full"].split("[[maker]]")[1].split('key = "')[1].split('"')[0]
    trust = parse_trust(render_trust(TrustLines(makers=[(name, key)])))
    assert [(one.name, one.key.kid) for one in trust.makers] == [(name, maker.key.kid)]


def test_show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.toml"
    path.write_text(CONTENT["trust"]["firmware-known"])
    assert main(["trust", "show", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "Example Batteries" in shown
    assert "witnesses  none" in shown
    assert main(["trust", "show", str(path), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["trust"]["source"] == "option"
    assert content["firmware"][0]["status"] == "known"
    path.write_text("[[")
    assert main(["trust", "show", str(path)]) == 1
    assert "not TOML" in capsys.readouterr().err


def test_from_gateway(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trust", "init", "-o", str(tmp_path / "t"), "--from-gateway", str(tmp_path / "none")]) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_from_gateway_takes_its_public_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gateway = tmp_path / "site-1"
    assert main(["init", str(gateway), "--origin", "example.org/site-1"]) == 0
    maker = CONTENT["trust"]["full"].split("[[maker]]")[1].split("[[")[0]
    with (gateway / "voltseal.toml").open("a") as file:
        file.write(f"\n[[maker]]{maker}")
    capsys.readouterr()
    assert main(["trust", "init", "-o", "-", "--from-gateway", str(gateway)]) == 0
    shown = capsys.readouterr()
    trust = parse_trust(shown.out)
    assert (trust.logs[0].origin, trust.makers[0].name, trust.ledgers) == (
        "example.org/site-1",
        "Example Batteries",
        (),
    )
    assert "first runs" in shown.err
    (gateway / "anchors.ledger.vkey").write_text(CONTENT["trust"]["full"].split("[[ledger]]")[1].split('"')[1] + "\n")
    assert main(["trust", "init", "-o", "-", "--from-gateway", str(gateway)]) == 0
    assert len(parse_trust(capsys.readouterr().out).ledgers) == 1
