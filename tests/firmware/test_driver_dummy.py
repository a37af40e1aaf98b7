"""The template driver: what a new driver's test looks like, and that the template works."""

from __future__ import annotations

import pytest

from drivers import dummy
from drivers.frame import FrameError, Response

RECORDED = bytes((0x21, 0x01, 0xFF, 0x38, 0x59))
DRIVER = dummy.Driver()


def test_recorded_frame() -> None:
    assert DRIVER.requests() == (b"?\x01",)
    assert DRIVER.parse(dummy.STATE, RECORDED) == {"pack_current_ma": -2000}


@pytest.mark.parametrize(
    ("reason", "frame"),
    [
        ("length", RECORDED[:-1]),
        ("start", b"\x22" + RECORDED[1:]),
        ("register", b"\x21\x02" + RECORDED[2:]),
        ("checksum", RECORDED[:-1] + b"\x00"),
    ],
)
def test_refused_with_the_reason(reason: str, frame: bytes) -> None:
    with pytest.raises(FrameError) as caught:
        DRIVER.parse(dummy.STATE, frame)
    assert caught.value.reason == reason


def test_found_behind_noise() -> None:
    assert Response(DRIVER, dummy.STATE).feed(b"\x00\x21\x21" + RECORDED) == {"pack_current_ma": -2000}
