"""Errors of backup and restore, each with a stable code."""

from __future__ import annotations

from typing import ClassVar

from voltseal.errors import VoltsealError


class BackupError(VoltsealError):
    """A backup cannot be made or put back."""

    code: ClassVar[str] = "backup"


class BackupDamagedError(BackupError):
    """The file is no backup, or not as it was written."""

    code: ClassVar[str] = "backup-damaged"
