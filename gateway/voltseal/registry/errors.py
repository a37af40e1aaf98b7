"""Errors of the registry, each with a stable code."""

from __future__ import annotations

from typing import ClassVar

from voltseal.errors import VoltsealError


class RegistryError(VoltsealError):
    """Root of what the registry raises."""

    code: ClassVar[str] = "registry-error"


class HistoryError(RegistryError):
    """Registry events contradict each other, or are not of the device they are counted for."""

    code: ClassVar[str] = "bad-key-history"


class UnknownMakerError(RegistryError):
    """No maker that is trusted here has the key that an endorsement names."""

    code: ClassVar[str] = "unknown-maker"


class AlreadyEnrolledError(RegistryError):
    """The device has a key that is not revoked, or the key was enrolled before."""

    code: ClassVar[str] = "already-enrolled"


class UnknownKeyError(RegistryError):
    """No device has the key or ueid."""

    code: ClassVar[str] = "unknown-key"


class AlreadyRevokedError(RegistryError):
    """The key is revoked already."""

    code: ClassVar[str] = "already-revoked"


class FutureRevocationError(RegistryError):
    """A revocation is to take effect later than now."""

    code: ClassVar[str] = "future-revocation"


class NotActiveError(RegistryError):
    """A rotation is signed by a key that is not the device's active one."""

    code: ClassVar[str] = "not-active-key"


class FutureRotationError(RegistryError):
    """A new key is to take over later than now."""

    code: ClassVar[str] = "future-rotation"
