"""The device's log: one line per event on stdout, `up_ms=… event=… key=value`. Never a secret, never a reading.

Lines are for whoever watches a console; what must last is in statements.
"""

from . import port


def say(event: str, **fields) -> None:
    """Print one event. A value with a space, a quote or a line feed in it is quoted, so that a line stays one line."""
    line = "up_ms=%d event=%s" % (port.ticks_ms(), event)
    for name in sorted(fields):
        line += " " + name + "=" + _printable(fields[name])
    print(line)


def _printable(value: object) -> str:
    text = str(value)
    if not text or " " in text or '"' in text or "=" in text or "\n" in text or "\r" in text:
        text = '"' + text.replace('"', "'").replace("\n", " ").replace("\r", " ") + '"'
    return text
