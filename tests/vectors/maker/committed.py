"""Columns, commitments and partial disclosures, and receipts."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from . import parts
from .base import COLUMNS
from .cast import BOOT_RECEIPT, DEVICE_UEID, GATEWAY_RECEIPT, NEIGHBOUR_UEID, ORIGIN, OTHER_ORIGIN, Key, some_bytes
from .encoding import MAX_INT, NULL, array, bstr, integer, tstr

SEED = parts.SEED


def column_vectors() -> list[dict[str, Any]]:
    """Values and their one encoding."""
    rows: list[tuple[str, list[int | None]]] = [
        ("one value", [5]),
        ("one absent value", [None]),
        ("zero", [0]),
        ("constant", [5, 5, 5]),
        ("all absent", [None, None, None]),
        ("one step", [5, 6, 6]),
        ("late step", [5, 5, 7]),
        ("absent, then zero", [None, 0, 0]),
        ("absent between", [5, None, 5]),
        ("absent after", [5, None, None]),
        ("absent between, then a step", [5, None, 9]),
        ("back to the start", [5, 6, 5]),
        ("down to zero", [5, 0, 0]),
        ("zero, then up", [0, 0, 5]),
        ("absent twice", [None, 3, None, 3, 4]),
        ("extremes", [MAX_INT, 0, -MAX_INT, 0]),
        ("largest difference down", [0, -MAX_INT]),
        ("long array head", list(range(24))),
        ("constant after 24", [*range(24), *[23] * 100]),
    ]
    return [
        {"name": name, "input": {"values": values}, "expect": "ok", "output": {"column": parts.column(values).hex()}}
        for name, values in rows
    ]


def commitment_vectors() -> list[dict[str, Any]]:
    """Roots over 1 to 64 columns: every shape of the tree."""
    vectors = []
    for count in (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 30, 31, 32, 33, 63, 64):
        columns = [integer(index * 37) for index in range(count)]
        vectors.append(
            {
                "name": f"{count} columns",
                "input": {"seed": SEED.hex(), "columns": [column.hex() for column in columns]},
                "expect": "ok",
                "output": {
                    "salts": [parts.salt(SEED, index).hex() for index in range(count)],
                    "commitment": parts.commitment(SEED, columns).hex(),
                },
            }
        )
    return vectors


def proof_nodes(leaves: list[bytes], begin: int, end: int, shown: set[int]) -> list[bytes]:
    """Roots of the largest subtrees without a shown leaf, left to right."""
    if not shown & set(range(begin, end)):
        return [parts.tree_hash(leaves[begin:end])]
    if end - begin == 1:
        return []
    split = 1
    while split * 2 < end - begin:
        split *= 2
    middle = begin + split
    return proof_nodes(leaves, begin, middle, shown) + proof_nodes(leaves, middle, end, shown)


def disclosure_vectors() -> list[dict[str, Any]]:
    """Some columns shown; mutations are refused as `bad-commitment`."""
    leaves = [parts.leaf_hash(SEED, index, column) for index, column in enumerate(COLUMNS)]
    vectors = [
        _disclosure(f"shows {', '.join(map(str, shown))}", leaves, shown, "ok")
        for shown in ([0], [29], [5], [0, 5], [1, 2, 3], [5, 16, 28], [14, 15, 16, 17], list(range(29)))
    ]
    shown = [5, 16]
    wrong_column = _disclosure("another value in column 5", leaves, shown, "bad-commitment")
    wrong_column["input"]["shown"][0]["column"] = integer(999).hex()
    wrong_salt = _disclosure("a bit of a salt changed", leaves, shown, "bad-commitment")
    wrong_salt["input"]["shown"][0]["salt"] = bytes([parts.salt(SEED, 5)[0] ^ 1, *parts.salt(SEED, 5)[1:]]).hex()
    wrong_index = _disclosure("shown under the index of the column after", leaves, shown, "bad-commitment")
    wrong_index["input"]["shown"][0]["index"] = 6
    wrong_node = _disclosure("a node changed", leaves, shown, "bad-commitment")
    wrong_node["input"]["nodes"][0] = bytes(32).hex()
    node_missing = _disclosure("last node missing", leaves, shown, "bad-commitment")
    node_missing["input"]["nodes"].pop()
    node_too_many = _disclosure("a node too many", leaves, shown, "bad-commitment")
    node_too_many["input"]["nodes"].append(bytes(32).hex())
    return [*vectors, wrong_column, wrong_salt, wrong_index, wrong_node, node_missing, node_too_many]


def _disclosure(name: str, leaves: list[bytes], shown: list[int], expect: str) -> dict[str, Any]:
    nodes = proof_nodes(leaves, 0, len(leaves), set(shown))
    columns = [{"index": at, "salt": parts.salt(SEED, at).hex(), "column": COLUMNS[at].hex()} for at in shown]
    return {
        "name": name,
        "input": {
            "commitment": parts.tree_hash(leaves).hex(),
            "column_count": len(leaves),
            "shown": columns,
            "nodes": [node.hex() for node in nodes],
        },
        "expect": expect,
    }


def session_key(private: Key, public: Key, *, origin: str = ORIGIN, ueid: bytes = DEVICE_UEID) -> tuple[bytes, bytes]:
    """The shared secret and the MAC key; HKDF written out (RFC 5869: one block is enough for 32 bytes)."""
    peer = ec.derive_private_key(public.scalar, ec.SECP256R1()).public_key()
    shared = ec.derive_private_key(private.scalar, ec.SECP256R1()).exchange(ec.ECDH(), peer)
    info = array([tstr("voltseal/1 receipt"), tstr(origin), bstr(ueid)])
    extracted = hmac.digest(parts.BOOTSEED, shared, sha256)
    return shared, hmac.digest(extracted, info + b"\x01", sha256)


def receipt_body(listed: list[tuple[int, int]], boot_count: int = parts.BOOT_COUNT) -> bytes:
    pairs = array([array([integer(first), integer(last)]) for first, last in listed])
    return array([integer(1), integer(boot_count), pairs])


def down(body: bytes, key: bytes) -> bytes:
    return array([bstr(body), bstr(hmac.digest(key, body, sha256)[:16])])


def receipts() -> dict[str, Any]:
    shared, key = session_key(GATEWAY_RECEIPT, BOOT_RECEIPT)
    keys = {
        "gateway_private": GATEWAY_RECEIPT.private.hex(),
        "gateway_public": GATEWAY_RECEIPT.xy.hex(),
        "boot_private": BOOT_RECEIPT.private.hex(),
        "receipt_key": BOOT_RECEIPT.compressed.hex(),
        "bootseed": parts.BOOTSEED.hex(),
        "origin": ORIGIN,
        "ueid": DEVICE_UEID.hex(),
        "shared": shared.hex(),
        "key": key.hex(),
    }
    return {"session": keys, "vectors": [*_valid_receipts(key), *_refused_receipts(key)]}


def _valid_receipts(key: bytes) -> list[dict[str, Any]]:
    largest = (1 << 48) - 1
    rows = [
        ("one number", [(0, 0)]),
        ("one range", [(0, 41)]),
        ("two ranges", [(0, 41), (43, 60)]),
        ("sixteen ranges", [(10 * index, 10 * index + 8) for index in range(16)]),
        ("largest numbers", [(1 << 40, largest)]),
    ]
    return [
        {
            "name": name,
            "input": {"message": down(receipt_body(listed), key).hex(), "boot_count": parts.BOOT_COUNT},
            "expect": "ok",
            "output": {"ranges": [list(pair) for pair in listed]},
        }
        for name, listed in rows
    ]


def _refused_receipts(key: bytes) -> list[dict[str, Any]]:
    body = receipt_body([(0, 41)])
    good = down(body, key)
    other_origin = session_key(GATEWAY_RECEIPT, BOOT_RECEIPT, origin=OTHER_ORIGIN)[1]
    other_device = session_key(GATEWAY_RECEIPT, BOOT_RECEIPT, ueid=NEIGHBOUR_UEID)[1]
    forged = session_key(Key.of("voltseal vectors: forger"), BOOT_RECEIPT)[1]
    mac = good[-16:]
    rows = [
        ("mac bit", "a bit of the MAC changed", good[:-1] + bytes([good[-1] ^ 1])),
        ("mac zero", "MAC of zero bytes", good[:-16] + bytes(16)),
        ("mac 15 bytes", "MAC of 15 bytes", array([bstr(body), bstr(mac[:15])])),
        ("mac 32 bytes", "MAC not truncated", array([bstr(body), bstr(hmac.digest(key, body, sha256))])),
        ("body bit", "a range reaches further than was said", array([bstr(receipt_body([(0, 42)])), bstr(mac)])),
        ("other log", "key of another log", down(body, other_origin)),
        ("other device", "key of another device", down(body, other_device)),
        ("forged", "key of another gateway", down(body, forged)),
        ("other boot", "boot_count of the boot before", down(receipt_body([(0, 41)], parts.BOOT_COUNT - 1), key)),
        ("no range", "no range", down(receipt_body([]), key)),
        ("seventeen ranges", "17 ranges", down(receipt_body([(10 * index, 10 * index) for index in range(17)]), key)),
        ("touching", "ranges that touch", down(receipt_body([(0, 4), (5, 9)]), key)),
        ("descending", "ranges not ascending", down(receipt_body([(7, 9), (0, 4)]), key)),
        ("first after last", "first greater than last", down(receipt_body([(4, 3)]), key)),
        ("negative", "negative number", down(receipt_body([(-1, 3)]), key)),
        ("null range", "null as ranges", down(array([integer(1), integer(parts.BOOT_COUNT), NULL]), key)),
        ("four elements", "an element too many in the body", down(body.replace(b"\x83", b"\x84", 1) + NULL, key)),
        ("trailing in body", "a byte after the body's item", down(body + b"\x00", key)),
        ("trailing", "a byte after the message", good + b"\x00"),
        ("cut", "last byte missing", good[:-1]),
        ("empty", "no bytes", b""),
        ("body text", "body is no CBOR", down(some_bytes("garbage", 20), key)),
    ]
    return [
        {
            "name": name,
            "description": breaks,
            "input": {"message": message.hex(), "boot_count": parts.BOOT_COUNT},
            "expect": "ignored",
        }
        for name, breaks, message in rows
    ]
