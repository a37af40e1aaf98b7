"""The browser verifier: one HTML file that checks evidence without any network (docs/how-to/check-in-a-browser.md).

`verifier.html` is built from `src/` by `build`, and committed, so that an installed package needs no build.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

PAGE_NAME: Final = "verifier.html"


def page_bytes() -> bytes:
    """The page, as it is to be written to a file."""
    return files(__name__).joinpath(PAGE_NAME).read_bytes()
