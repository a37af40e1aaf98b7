"""What the decoder makes of the vectors of single structures."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.vectors.load import load, vectors

from voltseal.log.errors import InclusionProofError
from voltseal.log.multiproof import multi_inclusion_path, verify_multi_inclusion
from voltseal.registry.errors import RegistryError
from voltseal.registry.registry import Registry
from voltseal.wire import cbor, columns, commitment, enrolment, entry, message, receipt, statement
from voltseal.wire.errors import WireError
from voltseal.wire.ids import as_ueid
from voltseal.wire.keys import PublicKey, SigningKey, cose_key_bytes, external_aad
from voltseal.wire.receipt import ReceiptKey

Vector = dict[str, Any]
raw = bytes.fromhex


def result_of(judge: Callable[[], object]) -> str:
    """`ok`, an outcome, or the code of another error."""
    try:
        judge()
    except WireError as error:
        return error.outcome.value
    except RegistryError as error:
        return error.code
    return "ok"


def private_key(hexed: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int(hexed, 16), ec.SECP256R1())


def test_files_are_as_generated(repository_root: Path) -> None:
    """Only the generator writes vectors."""
    script = repository_root / "tests" / "vectors" / "generate.py"
    result = subprocess.run([sys.executable, script, "--check"], check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("vector", vectors("statement"))
def test_statement_is_read_as_it_was_made(vector: Vector) -> None:
    given, made = vector["input"], vector["output"]
    up = message.parse_up(raw(made["message"]))
    found = up.statement
    key = SigningKey.from_private(private_key(given["private_key"]))
    statement.verify(found, key.public, given["origin"])
    message.check_commitment(up)
    assert found.raw == raw(made["statement"])
    assert found.digest == raw(made["digest"])
    assert found.kid == raw(made["kid"])
    assert found.sign1.payload == raw(made["payload"])
    assert external_aad("voltseal/1 statement", given["origin"]) == raw(made["external_aad"])
    for name in ("record_type", "schema", "boot_count", "sequence", "time_ms", "time_quality", "time_uncertainty_ms"):
        assert getattr(found, name) == given[name]
    assert found.prev == raw(given["prev"])
    assert _body(up) == {name: given[name] for name in ("seed", "readings", "claims", "lost") if name in given}


def _body(up: message.UpMessage) -> Vector:
    """What the message says beyond the common elements, in the form of the vectors."""
    body = up.statement.body
    lost = [[one.first, one.last, one.reason] for one in up.statement.lost]
    if isinstance(body, statement.Telemetry):
        assert up.seed is not None
        assert up.columns is not None
        values = [columns.decode_column(column, body.reading_count) for column in up.columns]
        return {"seed": up.seed.hex(), "readings": [list(reading) for reading in zip(*values, strict=True)]}
    if isinstance(body, statement.Loss):
        return {"lost": lost}
    claims = body.claims
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), claims.receipt_key).public_numbers()
    assert claims.bootcount == up.statement.boot_count
    return {
        "claims": {
            "nonce": None if claims.nonce is None else claims.nonce.hex(),
            "ueid": claims.ueid.hex(),
            "hwmodel": claims.hwmodel.hex(),
            "bootseed": claims.bootseed.hex(),
            "swname": claims.swname,
            "swversion": claims.swversion,
            "measurement": claims.measurement.hex(),
            "reset_cause": claims.reset_cause,
            "key_tier": claims.key_tier,
            "lost": lost,
            "cadence_ms": claims.cadence_ms,
            "receipt_key": (point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")).hex(),
        }
    }


@pytest.mark.parametrize("vector", vectors("cbor"))
def test_cbor_item(vector: Vector) -> None:
    item = raw(vector["input"]["item"])
    assert result_of(lambda: cbor.decode(item)) == vector["expect"]
    if vector["expect"] == "ok":
        assert cbor.encode(cbor.decode(item)) == item


@pytest.mark.parametrize("vector", vectors("column"))
def test_column_decodes_to_its_values(vector: Vector) -> None:
    values = vector["input"]["values"]
    assert columns.decode_column(raw(vector["output"]["column"]), len(values)) == tuple(values)


@pytest.mark.parametrize("vector", vectors("commitment"))
def test_commitment(vector: Vector) -> None:
    seed, encoded = raw(vector["input"]["seed"]), [raw(column) for column in vector["input"]["columns"]]
    assert commitment.commitment(seed, encoded) == raw(vector["output"]["commitment"])
    assert [commitment.salt(seed, index).hex() for index in range(len(encoded))] == vector["output"]["salts"]
    commitment.check(raw(vector["output"]["commitment"]), seed, encoded)


@pytest.mark.parametrize("vector", vectors("disclosure"))
def test_partial_disclosure(vector: Vector) -> None:
    given = vector["input"]
    leaves = [(one["index"], commitment.leaf_hash(raw(one["salt"]), raw(one["column"]))) for one in given["shown"]]
    nodes = [raw(node) for node in given["nodes"]]
    try:
        verify_multi_inclusion(leaves, given["column_count"], nodes, raw(given["commitment"]))
        result = "ok"
    except InclusionProofError:
        result = "bad-commitment"
    assert result == vector["expect"]


def test_partial_disclosure_nodes_are_the_logs() -> None:
    """The generator's nodes and the log's multi-proof are the same, in the same order."""
    base = load("commitment")["vectors"][11]
    seed, encoded = raw(base["input"]["seed"]), [raw(column) for column in base["input"]["columns"]]
    leaves = [commitment.leaf_hash(commitment.salt(seed, index), column) for index, column in enumerate(encoded)]
    nodes = multi_inclusion_path(leaves, [3, 17])
    shown = [(index, leaves[index]) for index in (3, 17)]
    verify_multi_inclusion(shown, len(leaves), nodes, raw(base["output"]["commitment"]))


@pytest.mark.parametrize("vector", vectors("enrolment"))
def test_enrolment_request(vector: Vector) -> None:
    request = raw(vector["input"]["bytes"])
    assert result_of(lambda: enrolment.parse_request(request, load("enrolment")["origin"])) == vector["expect"]


@pytest.mark.parametrize("vector", vectors("endorsement"))
def test_endorsement(vector: Vector) -> None:
    file = load("endorsement")
    keys = [PublicKey.from_cose_key(raw(maker["cose_key"])) for maker in file["makers"]]
    makers = {key.kid: key for key in keys}
    endorsed = raw(vector["input"]["bytes"])
    assert result_of(lambda: Registry(file["origin"]).enrol(endorsed, makers, 1)) == vector["expect"]


@pytest.mark.parametrize("vector", vectors("entry"))
def test_log_entry(vector: Vector) -> None:
    content = raw(vector["input"]["bytes"])
    assert result_of(lambda: entry.parse_entry(content)) == vector["expect"]
    if vector["expect"] == "ok" and content[0] == 0x84:
        assert entry.encode_event(entry.parse_event(content)) == content


@pytest.mark.parametrize("vector", vectors("receipt"))
def test_receipt(vector: Vector) -> None:
    session = load("receipt")["session"]
    boot_count = vector["input"]["boot_count"]
    key = raw(session["key"])

    def take() -> receipt.Receipt:
        taken = receipt.decode(key, raw(vector["input"]["message"]))
        if taken.boot_count != boot_count:
            raise RegistryError("of another boot")
        return taken

    if vector["expect"] == "ok":
        taken = take()
        assert [list(pair) for pair in taken.ranges] == vector["output"]["ranges"]
        assert receipt.encode(key, boot_count, taken.ranges) == raw(vector["input"]["message"])
    else:
        assert result_of(take) != "ok"


def test_session_key() -> None:
    session = load("receipt")["session"]
    gateway = ReceiptKey.from_private(private_key(session["gateway_private"]))
    assert gateway.public_xy == raw(session["gateway_public"])
    ueid, bootseed = as_ueid(raw(session["ueid"])), raw(session["bootseed"])
    made = gateway.session_key(raw(session["receipt_key"]), bootseed, session["origin"], ueid)
    assert made == raw(session["key"])
    numbers = private_key(session["boot_private"]).public_key().public_numbers()
    assert cose_key_bytes(numbers.x, numbers.y)[8:40] == raw(session["receipt_key"])[1:]
