"""The one error root of the wire package."""


class WireError(ValueError):
    """What was asked for cannot be encoded, or what was received does not have the specified form."""
