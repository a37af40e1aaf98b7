"""Errors of the `evm` backend beyond those of anchoring."""

from __future__ import annotations

from typing import ClassVar

from voltseal.anchor.errors import AnchorError, AnchorUnavailableError


class EvmSettingsError(AnchorError):
    """The configuration of an `evm:` anchor says something impossible."""

    code: ClassVar[str] = "evm-settings"


class EvmKeyError(AnchorError):
    """The key that pays for anchors cannot be had. The message never holds any of it."""

    code: ClassVar[str] = "evm-key"


class NodeUnavailableError(AnchorUnavailableError):
    """No endpoint answered as a node of the chain should. Retryable."""

    code: ClassVar[str] = "evm-node-unavailable"


class NodeRefusedError(AnchorUnavailableError):
    """A node understood the request and refused it. `reason`: its words; `revert`: what a contract returned, if any."""

    code: ClassVar[str] = "evm-node-refused"

    def __init__(self, reason: str, *, number: int = 0, revert: bytes = b"") -> None:
        super().__init__(f"the node refused: {reason}")
        self.reason = reason
        self.number = number
        self.revert = revert


class FeeCapError(AnchorUnavailableError):
    """Anchoring now would cost more than the configuration allows; it is put off. Retryable."""

    code: ClassVar[str] = "evm-fee-cap"


class WalletEmptyError(AnchorUnavailableError):
    """The account cannot pay for a transaction; it goes on when somebody has refilled it. Retryable."""

    code: ClassVar[str] = "evm-wallet-empty"


class NotSubmitterError(AnchorUnavailableError):
    """The contract does not let this account anchor this log. Retryable: its owner can change that."""

    code: ClassVar[str] = "evm-not-submitter"
