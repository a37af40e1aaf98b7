"""The files in gateway/deploy: they say what the how-to says, fit one another, and give nothing away.

No container engine and no running systemd is needed: what is checked is the text, by systemd's own tools where they
are installed. What only a real start can show is listed in docs/how-to/run-on-an-edge-box.md.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from voltseal.config import Config, load

HARDENING = {
    "NoNewPrivileges": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectControlGroups": "yes",
    "ProtectClock": "yes",
    "MemoryDenyWriteExecute": "yes",
    "RestrictNamespaces": "yes",
    "RestrictSUIDSGID": "yes",
    "LockPersonality": "yes",
    "CapabilityBoundingSet": "",
    "AmbientCapabilities": "",
    "UMask": "0077",
}
EXPOSURE = 15  # of 100, by `systemd-analyze security`


@pytest.fixture
def deploy(repository_root: Path) -> Path:
    """The directory under test."""
    return repository_root / "gateway" / "deploy"


@pytest.fixture
def units(deploy: Path) -> dict[str, Path]:
    """Units and drop-ins by the path where they are installed."""
    systemd = deploy / "systemd"
    return {str(path.relative_to(systemd)): path for path in systemd.rglob("*") if path.is_file()}


@pytest.fixture
def sample(deploy: Path) -> Config:
    """The configuration, read by the gateway's own reader."""
    return load(deploy / "voltseal.toml")


@pytest.fixture
def services(deploy: Path) -> dict[str, Any]:
    """The services of compose.yaml."""
    content = yaml.safe_load((deploy / "container" / "compose.yaml").read_text())
    assert set(content["services"]) == {"broker", "gateway"}
    return dict(content["services"])


def directives(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for line in path.read_text().splitlines():
        if line and line[0] not in "#[":
            name, _, value = line.partition("=")
            found[name].append(value)
    return found


def test_there_are_two_units(units: dict[str, Path]) -> None:
    assert sorted(units) == ["mosquitto.service.d/voltseal.conf", "voltseal-gateway.service"]


@pytest.mark.parametrize("unit", ["mosquitto.service.d/voltseal.conf", "voltseal-gateway.service"])
def test_units_are_hardened_and_not_root(units: dict[str, Path], unit: str) -> None:
    found = directives(units[unit])
    assert {name: found[name][-1] for name in HARDENING if found[name]} == HARDENING
    assert found["User"][-1] not in {"", "root", "0"}
    assert "SetCredential" not in found
    assert "Environment" not in found


def test_systemd_finds_nothing_wrong(units: dict[str, Path], tmp_path: Path) -> None:
    """In a root directory of its own, with stand-ins for the programs."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed: the units' text was checked, but not by systemd")
    system = tmp_path / "etc" / "systemd" / "system"
    for name, path in units.items():
        (system / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, system / name)
    (system / "mosquitto.service").write_text("[Service]\nType=notify\nExecStart=/usr/sbin/mosquitto\n")
    for target in ("network-online", "time-sync", "basic", "sysinit", "shutdown", "multi-user"):
        (system / f"{target}.target").write_text("[Unit]\nDescription=A stand-in\n")
    for executable in ("opt/voltseal/bin/voltseal", "usr/sbin/mosquitto"):
        (tmp_path / executable).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy("/bin/true", tmp_path / executable)
    for unit in ("voltseal-gateway.service", "mosquitto.service"):
        root = f"--root={tmp_path}"
        checked = subprocess.run(
            [program, "verify", root, "--man=no", unit], check=False, capture_output=True, text=True
        )
        assert (checked.returncode, checked.stderr) == (0, "")
        limit = f"--threshold={EXPOSURE}"
        judged = subprocess.run(
            [program, "security", "--offline=yes", root, limit, unit], check=False, capture_output=True, text=True
        )
        assert judged.returncode == 0, judged.stdout + judged.stderr


def test_the_service_can_write_its_store_and_not_its_keys(units: dict[str, Path], sample: Config) -> None:
    found = directives(units["voltseal-gateway.service"])
    home = Path(found["WorkingDirectory"][-1])
    assert home == Path("/var/lib") / found["StateDirectory"][-1]
    read_only = {Path(part.lstrip("-")) for part in found["ReadOnlyPaths"][-1].split()}
    assert read_only == {home / "voltseal.toml", home / "keys"}
    here = sample.path.parent
    secret = (sample.broker.key_file, sample.broker.cert_file, sample.broker.ca_file, sample.log.key_file)
    for path in (*secret, sample.receipt.key_file):
        assert path is not None
        assert path.parent == here / "keys"
    assert sample.store.path.parent == here
    assert f"--config {home / 'voltseal.toml'}" in found["ExecStart"][-1]


def test_the_sample_uses_mutual_tls_and_no_secret(sample: Config) -> None:
    assert sample.broker.address.tls
    assert sample.broker.cert_file is not None
    assert not sample.broker.username
    assert sample.broker.password_file is None


@pytest.mark.parametrize("name", ["broker", "gateway"])
def test_containers_are_not_root_and_write_only_their_volumes(services: dict[str, Any], name: str) -> None:
    service = services[name]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "mem_limit" in service
    assert "pids_limit" in service
    assert not {"environment", "env_file", "privileged", "cap_add", "network_mode", "pid"} & set(service)
    assert all(".sock" not in volume for volume in service["volumes"])


def test_keys_and_configurations_are_mounted_read_only(services: dict[str, Any]) -> None:
    mounts = [volume.split(":") for service in services.values() for volume in service["volumes"]]
    writable = {parts[0] for parts in mounts if parts[2:] != ["ro"]}
    assert writable == {"/etc/voltseal/broker/sessions", "/var/lib/voltseal"}
    assert {parts[0] for parts in mounts} >= {"/var/lib/voltseal/keys", "/var/lib/voltseal/voltseal.toml"}
    assert all(parts[0] == parts[1] for parts in mounts)


def test_only_the_brokers_tls_port_is_open(services: dict[str, Any]) -> None:
    assert services["broker"]["ports"] == ["8883:8883"]
    assert "ports" not in services["gateway"]


def test_the_image_is_built_from_what_is_there_and_runs_as_the_composed_user(
    deploy: Path, repository_root: Path, services: dict[str, Any]
) -> None:
    text = (deploy / "container" / "Dockerfile").read_text()
    stages = text.split("\nFROM ")[1:]
    assert len(stages) == 2
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", stages[0], re.MULTILINE):
        assert all((repository_root / part).exists() for part in source.split()), source
    last = stages[1]
    assert f"USER {services['gateway']['user']}" in last
    assert f"--uid {services['gateway']['user'].split(':')[0]} " in last
    assert not re.search(r"^(ADD|EXPOSE|VOLUME)\b", text, re.MULTILINE)
    assert not re.search(r"(?i)(password|secret|token|passphrase)", text)
    assert last.index("\nUSER ") < last.index("\nENTRYPOINT ")
    build = services["gateway"]["build"]
    assert (deploy / "container" / build["context"]).resolve() == repository_root
    assert (repository_root / build["dockerfile"]).exists()


def test_nothing_private_gets_into_the_build(deploy: Path) -> None:
    lines = [
        line
        for line in (deploy / "container" / "Dockerfile.dockerignore").read_text().splitlines()
        if not line.startswith("#")
    ]
    assert lines[0] == "*"
    allowed = [line for line in lines if line.startswith("!")]
    assert lines.index(allowed[-1]) < lines.index("**/*.key")  # the last match decides
    assert {"**/*.key", "**/*.pem", "**/*.db"} <= set(lines)


def test_no_file_here_holds_a_key(deploy: Path) -> None:
    for path in deploy.rglob("*"):
        if path.is_file():
            assert "PRIVATE KEY" not in path.read_text(), path
