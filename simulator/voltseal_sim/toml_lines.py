"""Where a table or a key stands in a TOML text, for error messages: the parser of the standard library does not say."""

from __future__ import annotations

import re

_HEADER = re.compile(r"^\s*\[\[?\s*([A-Za-z0-9_.\-]+)\s*\]\]?")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-]+)\s*=")


def line_of(text: str, table: str = "", key: str = "", number: int = 1) -> int | None:
    """The line (from 1) of `key` in the `number`th table called `table` ("" is the top), or of the table's header.

    None if there is none such: it may be written inline. Texts over several lines are not looked into: a line in one
    that looks like a key may be taken for it, which costs a wrong line number in a message.
    """
    current, count = "", 1
    counts: dict[str, int] = {}
    for line_number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            current = header[1]
            count = counts[current] = counts.get(current, 0) + 1
            if not key and (current, count) == (table, number):
                return line_number
        elif key and (current, count) == (table, number) and (found := _KEY.match(line)) and found[1] == key:
            return line_number
    return None
