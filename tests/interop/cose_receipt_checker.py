"""Run with cwt and pycose, outside the project's environment: checks one COSE Receipt as RFC 9942 describes it.

    python cose_receipt_checker.py RECEIPT ENTRY COSE_KEY

The root is computed as RFC 9162 section 2.1.3.2 says; each library then verifies the signature over it as a detached
payload, with the key as a COSE_Key. Prints `<library>: accepted` or `<library>: refused: <why>`; ends with 0 if both
accept, 1 otherwise.
"""

import hashlib
import sys
from pathlib import Path

import cbor2
import cwt
from pycose.exceptions import CoseException
from pycose.keys import CoseKey
from pycose.messages import CoseMessage


def root_of(entry: bytes, leaf_index: int, tree_size: int, path: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.3.2, steps 1 to 5, without the comparison."""
    if leaf_index >= tree_size:
        raise ValueError("leaf index beyond the tree")
    fn, sn = leaf_index, tree_size - 1
    r = hashlib.sha256(b"\0" + entry).digest()
    for p in path:
        if sn == 0:
            raise ValueError("path is too long")
        if fn & 1 or fn == sn:
            r = hashlib.sha256(b"\1" + p + r).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = hashlib.sha256(b"\1" + r + p).digest()
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise ValueError("path is too short")
    return r


def detached_payload(receipt: bytes, entry: bytes) -> bytes:
    """The root that the receipt's proof leads to for `entry`."""
    message = cbor2.loads(receipt)
    if message.tag != 18:
        raise ValueError("not a COSE_Sign1")
    protected, unprotected, payload, _signature = message.value
    header = cbor2.loads(protected)
    if header[395] != 1 or payload is not None:
        raise ValueError("not RFC9162_SHA256 with a detached payload")
    (proof,) = unprotected[396][-1]
    tree_size, leaf_index, path = cbor2.loads(proof)
    return root_of(entry, leaf_index, tree_size, path)


def check_with_cwt(receipt: bytes, root: bytes, key: bytes) -> None:
    cwt.COSE.new().decode(receipt, cwt.COSEKey.from_bytes(key), detached_payload=root)


def check_with_pycose(receipt: bytes, root: bytes, key: bytes) -> None:
    message = CoseMessage.decode(receipt)
    message.key = CoseKey.decode(key)
    if not message.verify_signature(detached_payload=root):
        raise ValueError("signature does not verify")


def main(receipt_path: str, entry_path: str, key_path: str) -> int:
    receipt, entry, key = (Path(path).read_bytes() for path in (receipt_path, entry_path, key_path))
    status = 0
    for name, check in (("cwt", check_with_cwt), ("pycose", check_with_pycose)):
        try:
            check(receipt, detached_payload(receipt, entry), key)
            print(f"{name}: accepted")
        except (ValueError, KeyError, TypeError, cwt.CWTError, CoseException) as error:
            print(f"{name}: refused: {type(error).__name__}: {error}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
