"""The contract AnchorRegistry (gateway/contracts/AnchorRegistry.sol): calls, answers, refusals. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from voltseal.anchor.evm.rpc import UnusableAnswerError
from voltseal.log.evm.keccak import keccak256
from voltseal.log.evm.proof import log_id
from voltseal.log.merkle import RootHash

_WORD: Final = 32
_ROOT_START_BYTES: Final = 16


def _selector(signature: str) -> bytes:
    return keccak256(signature.encode())[:4]


_ANCHOR: Final = _selector("anchor(bytes32,uint64,bytes32)")
_HEAD: Final = _selector("head(bytes32)")
_SET_SUBMITTER: Final = _selector("setSubmitter(string,address,bool)")
_IS_SUBMITTER: Final = _selector("isSubmitter(bytes32,address)")
OWNER_CALL: Final = _selector("owner()")
NOT_SUBMITTER: Final = _selector("NotSubmitter(bytes32,address)")
NOT_LARGER: Final = _selector("NotLarger(uint64)")


@dataclass(frozen=True, slots=True)
class Head:
    """A log's newest anchor. `root_start`: the first 16 bytes of its root. `tree_size` 0: there is none."""

    tree_size: int
    block_number: int
    root_start: bytes

    @classmethod
    def parse(cls, raw: bytes) -> Head:
        """What `head` returned; raises `UnusableAnswerError`, also where there is no such contract."""
        if len(raw) != 3 * _WORD:
            raise UnusableAnswerError("there is no AnchorRegistry at this address")
        size, number = (int.from_bytes(raw[at : at + _WORD], "big") for at in (0, _WORD))
        return cls(size, number, raw[2 * _WORD : 2 * _WORD + _ROOT_START_BYTES])

    def fits(self, root_hash: RootHash) -> bool:
        """Whether the root may be the anchored one."""
        return self.root_start == root_hash[:_ROOT_START_BYTES]


def artefact() -> dict[str, Any]:
    """The compiled contract: `abi`, `bytecode` (0x...), `compiler`, `settings`."""
    content: dict[str, Any] = json.loads(files(__package__).joinpath("AnchorRegistry.json").read_text("utf-8"))
    return content


def creation_code() -> bytes:
    """What a transaction that creates the contract carries."""
    return bytes.fromhex(str(artefact()["bytecode"]).removeprefix("0x"))


def anchor_call(origin: str, tree_size: int, root_hash: RootHash) -> bytes:
    """Anchor a checkpoint."""
    return _ANCHOR + log_id(origin) + _word(tree_size) + root_hash


def head_call(origin: str) -> bytes:
    """Ask for the log's newest anchor."""
    return _HEAD + log_id(origin)


def is_submitter_call(origin: str, account: bytes) -> bytes:
    """Ask whether the account may anchor the log."""
    return _IS_SUBMITTER + log_id(origin) + _address_word(account)


def set_submitter_call(origin: str, account: bytes, *, allowed: bool) -> bytes:
    """Let an account anchor the log, or no longer."""
    text = origin.encode()
    padded = text + bytes(-len(text) % _WORD)
    return _SET_SUBMITTER + _word(3 * _WORD) + _address_word(account) + _word(allowed) + _word(len(text)) + padded


def _word(value: int) -> bytes:
    return value.to_bytes(_WORD, "big")


def _address_word(account: bytes) -> bytes:
    return bytes(_WORD - len(account)) + account
