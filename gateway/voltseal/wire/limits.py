"""Sizes, depths and counts (specification, "Conventions and limits"). All inclusive."""

from __future__ import annotations

from typing import Final

MAX_INT: Final = (1 << 53) - 1

MAX_UP_BYTES: Final = 16_384
MAX_DOWN_BYTES: Final = 4_096
MAX_STATEMENT_BYTES: Final = 1_536
MAX_ENTRY_BYTES: Final = 65_535
MAX_DEPTH: Final = 8

MAX_COLUMNS: Final = 64
MAX_READINGS: Final = 256
MAX_COLUMNS_BYTES: Final = 12_288
MAX_LOST_RANGES: Final = 32
MAX_RECEIPT_RANGES: Final = 16

MAX_SCHEMA: Final = 65_535
MAX_BOOT_COUNT: Final = (1 << 32) - 1
MAX_SEQUENCE: Final = (1 << 48) - 1
MAX_TEXT_BYTES: Final = 64
MAX_ORIGIN_BYTES: Final = 128

HASH_BYTES: Final = 32
KID_BYTES: Final = 8
UEID_BYTES: Final = 17
SEED_BYTES: Final = 16
SALT_BYTES: Final = 16
SIGNATURE_BYTES: Final = 64
COSE_KEY_BYTES: Final = 75
COMPRESSED_POINT_BYTES: Final = 33
BOOTSEED_BYTES: Final = 32
MAC_BYTES: Final = 16
