"""Lines of tables and keys in a TOML text."""

from __future__ import annotations

import pytest

from voltseal_sim.toml_lines import line_of

TEXT = """\
name = "x"

[fleet]
devices = 1
[[fault]]
kind = "a"
# kind = "not this"
[[fault]]
kind = "b"
device = 2
[expect.outcomes]
bad-signature = 0
"""


@pytest.mark.parametrize(
    ("where", "line"),
    [
        (("", "name"), 1),
        (("fleet",), 3),
        (("fleet", "devices"), 4),
        (("fault", "kind", 1), 6),
        (("fault", "kind", 2), 9),
        (("fault", "", 2), 8),
        (("expect.outcomes", "bad-signature"), 12),
        (("fleet", "name"), None),
        (("fault", "device", 1), None),
        (("plant",), None),
    ],
)
def test_line_of(where: tuple[str, str, int], line: int | None) -> None:
    assert line_of(TEXT, *where) == line
