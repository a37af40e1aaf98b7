"""Write `firmware/voltseal_wire/p256_table.py`: the fixed-base comb of P-256's generator.

Run `python firmware/tools/generate_p256_table.py` to rewrite the file; a test checks that this changes nothing.
The points come from OpenSSL (through `cryptography`), not from the arithmetic that will use them, so that an error in
`voltseal_wire.p256` cannot hide in its own table.
"""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

TEETH = 6
BLOCKS = 2
SPACING = 44  # bits between two teeth; TEETH * SPACING = 264 >= 256
STEP = SPACING // BLOCKS
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
TARGET = Path(__file__).resolve().parents[1] / "voltseal_wire" / "p256_table.py"
BYTES_PER_LINE = 24
HEADER = '''"""Fixed-base comb of P-256's generator, to be frozen: then it costs no heap. Generated; do not edit.

Written by firmware/tools/generate_p256_table.py, which says how the entries are made. Each entry is x || y, 32 bytes
each, big-endian; entry number = block * 2 ** (TEETH - 1) + pattern.
"""

TEETH = {teeth}
BLOCKS = {blocks}
SPACING = {spacing}

# fmt: off
POINTS = (
{lines}
)
# fmt: on
'''


def comb_scalar(block: int, pattern: int) -> int:
    """The multiple of G that entry (block, pattern) holds.

    The last tooth always counts +1; tooth t below it counts +1 where bit t of `pattern` is set and -1 elsewhere. (With
    signed teeth half the patterns are the negatives of the other half, which halves the table.)
    """
    scalar = 1 << (TEETH - 1) * SPACING
    for tooth in range(TEETH - 1):
        weight = 1 << tooth * SPACING
        scalar += weight if pattern >> tooth & 1 else -weight
    return (scalar << block * STEP) % ORDER


def comb_points() -> bytes:
    """All entries, 64 bytes each."""
    points = bytearray()
    for block in range(BLOCKS):
        for pattern in range(1 << (TEETH - 1)):
            key = ec.derive_private_key(comb_scalar(block, pattern), ec.SECP256R1()).public_key().public_numbers()
            points += key.x.to_bytes(32, "big") + key.y.to_bytes(32, "big")
    return bytes(points)


def render() -> str:
    """The module's source text."""
    points = comb_points()
    chunks = (points[i : i + BYTES_PER_LINE] for i in range(0, len(points), BYTES_PER_LINE))
    lines = "\n".join('    b"' + "".join(f"\\x{byte:02x}" for byte in chunk) + '"' for chunk in chunks)
    return HEADER.format(teeth=TEETH, blocks=BLOCKS, spacing=SPACING, lines=lines)


if __name__ == "__main__":
    TARGET.write_text(render())
