"""Frames recorded from real JBD boards, to be replayed to the firmware before the model takes over."""

from __future__ import annotations

from collections.abc import Mapping

# A pack of four cells, 5 Ah, discharging at 2.87 A: 15.60 V, 42 cycles, three sensors; its cells moments later.
JBD_4S_5AH: Mapping[int, tuple[bytes, ...]] = {
    0x03: (bytes.fromhex("DD03001D0618FEE101F201F4002A2C7C00000000000080640304030B8B0B8A0B84F88477"),),
    0x04: (bytes.fromhex("DD0400080D660D610D680D59FE3C77"),),
}

# A pack of eight cells, 560 Ah, discharging at 6.04 A: 26.40 V, 84 %, two sensors. Its cells were not recorded.
JBD_8S_560AH: Mapping[int, tuple[bytes, ...]] = {
    0x03: (bytes.fromhex("DD03001B0A50FDA4B717DAC000002CF300000000000016540308020B7D0B77F8E277"),),
}
