"""What can go wrong when a broker's directory is made."""

from __future__ import annotations

from typing import ClassVar

from voltseal.errors import VoltsealError


class BrokerDirectoryError(VoltsealError):
    """The directory cannot be written, or would be overwritten, or a value cannot stand in a configuration."""

    code: ClassVar[str] = "broker-directory"
