"""docs/spec/voltseal.cddl, read by a CDDL tool: it admits every valid vector, and refuses what CDDL can express."""

from __future__ import annotations

import contextlib
import importlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cbor2
import pytest
from tests.vectors.load import load, vectors

raw = bytes.fromhex
Admits = Callable[[str, bytes], bool]

# What breaks a rule that CDDL, or zcbor's reading of it, does not express: relations between numbers, points on the
# curve, lengths of text in bytes, the one form of a column, and deterministic encoding. Only the decoder refuses these.
BEYOND_CDDL = {
    "boot-bootcount-differs", "boot-lost-own-number", "boot-receipt-key-off-curve", "boot-receipt-key-prefix-4",
    "boot-receipt-key-x-too-large", "boot-swname-65-bytes", "boot-ueid-type-2",
    "loss-descending", "loss-first-after-last", "loss-future", "loss-overlap", "loss-own-number",
    "payload-time-quality-none-but-uncertain",
    "column-all-null", "column-array-of-single-reading", "column-constant-as-array", "column-five-elements",
    "column-late-constant-trailing-zero", "column-late-zero-trailing-zero", "column-sum-2-53", "column-sum-minus-2-53",
    "column-sum-too-large-between", "column-trailing-zero",
    "boot-claims-indefinite", "boot-duplicate-label", "column-bignum", "column-indefinite", "column-long-array-head",
    "column-long-difference", "column-long-integer", "column-long-integer-2-32", "column-long-integer-23",
    "column-long-integer-255", "column-long-integer-65535", "column-long-integer-of-single-reading",
    "payload-boot-count-long", "payload-commitment-chunks",
    "payload-commitment-long-head", "payload-indefinite", "payload-long-head", "payload-record-type-long",
    "payload-sequence-bignum", "payload-sequence-long", "payload-tagged", "payload-trailing",
}  # fmt: skip


def _plain(value: object) -> object:
    """cbor2 6 makes what stands inside a tag immutable; zcbor 0.9 looks for lists and dicts."""
    if isinstance(value, cbor2.CBORTag):
        return cbor2.CBORTag(value.tag, _plain(value.value))
    if isinstance(value, (list, tuple)):
        return [_plain(element) for element in value]
    if isinstance(value, (dict, cbor2.frozendict)):
        return {key: _plain(element) for key, element in value.items()}
    return value


@pytest.fixture(scope="module")
def admits(repository_root: Path) -> Admits:
    """`admits(rule, data)`: whether zcbor finds that `data` is of that rule.

    zcbor 0.9 was written for cbor2 5, which had one more name for an error and no immutable containers.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cbor2, "CBORDecodeValueError", cbor2.CBORDecodeError, raising=False)
        zcbor = importlib.import_module("zcbor.zcbor.zcbor")
    zcbor.loads = lambda data: _plain(cbor2.loads(data))
    text = (repository_root / "docs" / "spec" / "voltseal.cddl").read_text(encoding="utf-8")
    rules: dict[str, Any] = zcbor.DataTranslator.from_cddl(text, 256).my_types

    def admitted(rule: str, data: bytes) -> bool:
        with contextlib.redirect_stdout(io.StringIO()):  # zcbor prints what it does not admit
            try:
                rules[rule].validate_str(data)
            except (zcbor.CddlValidationError, cbor2.CBORDecodeError, RecursionError):  # the last by cyclic references
                return False
        return True

    return admitted


@pytest.mark.parametrize("vector", vectors("statement"))
def test_valid_statements(admits: Admits, vector: dict[str, Any]) -> None:
    made = vector["output"]
    record = ("telemetry", "boot", "loss")[vector["input"]["record_type"] - 1]
    assert admits("statement", raw(made["statement"]))
    assert admits("up-message", raw(made["message"]))
    assert admits(record, raw(made["payload"]))
    assert admits("external-aad", raw(made["external_aad"]))
    assert admits("voltseal", raw(made["statement"]))
    others = {"telemetry", "boot", "loss"} - {record}
    assert not any(admits(other, raw(made["payload"])) for other in others)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("enrolment", "enrolment-request"),
        ("endorsement", "endorsement"),
        ("entry", "registry-event"),
        ("receipt", "down-message"),
    ],
)
def test_other_structures(admits: Admits, name: str, rule: str) -> None:
    """Each valid one is admitted, and each refused one that this rule can tell from it is not."""
    refused = 0
    for vector in load(name)["vectors"]:
        data = raw(vector["input"].get("bytes", vector["input"].get("message")))
        if vector["expect"] == "ok":
            expected = "statement" if data[:1] == b"\xd2" and name == "entry" else rule
            assert admits(expected, data), vector["name"]
            assert admits("voltseal", data), vector["name"]
            if name == "receipt":
                assert admits("receipt-body", cbor2.loads(data)[0])
        else:
            refused += not admits(rule, data)
    assert refused >= 4


def test_keys(admits: Admits) -> None:
    for maker in load("endorsement")["makers"]:
        assert admits("cose-key", raw(maker["cose_key"]))
        assert not admits("cose-key", raw(maker["cose_key"])[:-1])


def test_malformed_messages(admits: Admits) -> None:
    """Of the messages that are malformed in content, the CDDL admits only those that break a rule it cannot express."""
    groups = ("payload-", "boot-", "loss-", "column-")
    admitted = set()
    judged = 0
    for vector in load("message")["vectors"]:
        name = vector["name"]
        if vector["expect"] != "malformed" or not name.startswith(groups):
            continue
        message = raw(vector["input"]["payload"])
        judged += 1
        if admits("up-message", message) and admits("statement", cbor2.loads(message)[0]):
            admitted.add(name)
    assert judged > 100
    assert admitted == BEYOND_CDDL
