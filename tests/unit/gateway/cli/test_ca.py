"""`voltseal ca` and `voltseal broker` as a person or a program uses them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from voltseal.certificates import index
from voltseal.cli import ca, main

DEVICE = "01" + "a1" * 16


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command in an empty directory: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)

    def call(line: str) -> tuple[int, str, str]:
        code = main(line.split())
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_the_words_for_reasons_are_those_of_the_index() -> None:
    """They stand twice so that the parser needs no certificate library."""
    assert index.REASONS == ca._REASONS


def test_from_nothing_to_a_revocation(run: Any, tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text("correct horse\n")
    (tmp_path / "passphrase").chmod(0o600)
    opened = "--passphrase-file passphrase --json"
    code, out, _ = run(f"ca init ca {opened}")
    assert code == 0
    assert len(json.loads(out)["fingerprint_sha256"]) == 64
    code, out, _ = run(f"ca issue device {DEVICE} --days 10 {opened}")
    (issued,) = json.loads(out)
    assert (code, issued["name"], issued["status"]) == (0, DEVICE, "valid")
    assert Path(issued["key_file"]).stat().st_mode & 0o777 == 0o600
    assert "correct horse" not in out
    assert json.loads(run("ca list --within 9 --json")[1])["certificates"] == []
    assert [c["name"] for c in json.loads(run("ca list --within 11 --json")[1])["certificates"]] == [DEVICE]
    code, out, _ = run(f"ca renew --within 11 {opened}")
    assert (code, [c["key_file"] for c in json.loads(out)]) == (0, [None])
    assert json.loads(run(f"ca renew --within 11 {opened}")[1]) == []  # renewed in time: nothing is left to do
    code, out, _ = run(f"ca revoke {issued['serial']} --reason superseded {opened}")
    assert (code, json.loads(out)["revoked"][0]["reason"]) == (0, "superseded")
    assert [c["status"] for c in json.loads(run("ca list --json")[1])["certificates"]] == ["revoked", "valid"]
    assert DEVICE in run("ca list")[1]
    assert run(f"ca crl --days 30 {opened}")[0] == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ca list", "holds no certificate authority"),
        ("ca issue device 42 --ca made", "is not a device's name"),
        (f"ca issue device {DEVICE} {DEVICE} --ca made", "one name only"),
        ("ca issue gateway gateway --csr missing.csr --ca made", "cannot be read"),
        ("ca issue gateway gateway --passphrase-file missing --ca made", "cannot be read"),
        ("ca renew --ca made", "name certificates"),
        ("ca renew nobody --ca made", "never had a certificate"),
        ("ca revoke nobody --ca made", "nothing issued here"),
        ("ca init made", "holds a certificate authority already"),
        ("broker init b --site s", "whose certificates?"),
        ("broker init b --site s --ca made", "by what name"),
        ("broker init b --site s --ca made --host h --crl-file f", "exclude each other"),
        ("broker init b --site S --ca made --host h", "a site is 1 to 32"),
        ("broker init b --ca made --host h", "voltseal.toml"),
        ("broker init b --site s --ca-file x --cert-file x --key-file x", "is not there"),
    ],
)
def test_a_mistake_is_one_line_and_no_traceback(run: Any, line: str, said: str) -> None:
    assert run("ca init made")[0] == 0
    code, out, err = run(line)
    assert code == 1
    assert said in err
    assert "Traceback" not in err
    assert not out
    assert not Path("b/mosquitto.conf").exists()


@pytest.mark.parametrize("line", ["ca issue person someone", "ca issue device", "ca revoke x --reason because"])
def test_an_unknown_word_is_a_usage_error(run: Any, line: str) -> None:
    with pytest.raises(SystemExit) as caught:
        run(line)
    assert caught.value.code == 2


@pytest.mark.parametrize("days", ["0", "-1", "36526", "soon"])
def test_lifetimes_are_days(run: Any, days: str) -> None:
    with pytest.raises(SystemExit):
        run(f"ca init made --days {days}")


def test_a_brokers_directory_from_an_authority(run: Any, tmp_path: Path) -> None:
    run("ca init ca")
    code, out, _ = run("broker init broker --site depot-7 --ca ca --host broker.lan --host 10.0.0.1 --json")
    made = json.loads(out)
    assert (code, made["site"], made["port"]) == (0, "depot-7", 8883)
    for name, mode in (("ca_file", 0o644), ("cert_file", 0o644), ("key_file", 0o600), ("crl_file", 0o644)):
        assert Path(made[name]).stat().st_mode & 0o777 == mode
        assert Path(made[name]).is_relative_to(tmp_path / "broker")
    before = Path(made["cert_file"]).read_bytes()
    assert run("broker init broker --site depot-7 --ca ca --host broker.lan --host 10.0.0.1")[0] == 1
    assert run("broker init broker --site depot-7 --ca ca --host broker.lan --host 10.0.0.1 --force")[0] == 0
    assert Path(made["cert_file"]).read_bytes() == before  # a certificate that is good is used again
    assert len(json.loads(run("ca list --json")[1])["certificates"]) == 1


def test_another_authoritys_files_stay_where_they_are(run: Any, tmp_path: Path) -> None:
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).touch()
    code, out, _ = run("broker init b --site s --ca-file ca.pem --cert-file cert.pem --key-file key.pem --json")
    made = json.loads(out)
    assert (code, made["cert_file"], made["crl_file"]) == (0, str(tmp_path / "cert.pem"), None)
    assert "crlfile" not in (tmp_path / "b" / "mosquitto.conf").read_text()


def test_the_site_comes_from_the_gateways_configuration(run: Any) -> None:
    run("ca init ca")
    assert run("init gateway --origin example.org/site-9 --site site-9")[0] == 0
    code, out, _ = run("broker init b --config gateway/voltseal.toml --ca ca --host h --json")
    assert (code, json.loads(out)["site"]) == (0, "site-9")
