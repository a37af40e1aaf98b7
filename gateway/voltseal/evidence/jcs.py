"""JSON values in their one canonical text (RFC 8785, restricted by docs/spec/limits.md), and typed access to them.

The restriction to integers and ASCII member names makes RFC 8785 coincide with sorted keys and no white space. Reading
compares the text with what writing its content would give; that one comparison excludes duplicate members, white space,
alternative escapes, leading zeros and exponents at once.
"""

from __future__ import annotations

import binascii
import json
from base64 import b64encode
from typing import Never

from voltseal.evidence.errors import MalformedBundleError

MAX_INTEGER = 2**53 - 1
EM_DASH = "—"  # opens each signature line of a note
_PRINTABLE = frozenset(chr(code) for code in range(0x20, 0x7F))


def _refuse_number(text: str) -> Never:
    raise ValueError(f"{text[:20]} is not an integer")


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_DECODER = json.JSONDecoder(parse_float=_refuse_number, parse_constant=_refuse_number)


def encode(value: object) -> str:
    """The canonical text of a value made of dict, list, str, int and None."""
    return _ENCODER.encode(value)


def decode(text: bytes, where: str) -> object:
    """Read one canonical text; raises `MalformedBundleError` naming `where`."""
    try:
        whole = text.decode("utf-8")
        value: object = _DECODER.decode(whole)
    except (ValueError, RecursionError) as error:
        raise MalformedBundleError(f"{where}: not JSON of integers, strings, arrays and objects ({error})") from error
    if encode(value) != whole:
        raise MalformedBundleError(f"{where}: not written in canonical form")
    return value


def members(
    value: object, where: str, required: frozenset[str], optional: frozenset[str] = frozenset()
) -> dict[str, object]:
    """`value` as an object with all `required` members and no others than `optional` ones."""
    if not isinstance(value, dict):
        raise MalformedBundleError(f"{where}: not an object")
    missing = sorted(required - value.keys())
    unknown = sorted(value.keys() - required - optional)
    if missing or unknown:
        fault = f"lacks {missing[0]!r}" if missing else f"has unknown member {unknown[0][:40]!r}"
        raise MalformedBundleError(f"{where}: {fault}")
    return value


def items(value: object, where: str) -> list[object]:
    """`value` as an array."""
    if not isinstance(value, list):
        raise MalformedBundleError(f"{where}: not an array")
    return value


def integer(value: object, where: str, maximum: int = MAX_INTEGER) -> int:
    """`value` as an integer 0..maximum; `true` is not one."""
    if type(value) is not int or not 0 <= value <= maximum:
        raise MalformedBundleError(f"{where}: not an integer from 0 to {maximum}")
    return value


def string(value: object, where: str) -> str:
    """`value` as text of printable ASCII."""
    if not isinstance(value, str) or not _PRINTABLE.issuperset(value):
        raise MalformedBundleError(f"{where}: not a text of printable ASCII")
    return value


def note_text(value: object, where: str) -> str:
    """`value` as text of a note: printable ASCII, line feeds and the em dash of signature lines."""
    if not isinstance(value, str) or not _PRINTABLE.issuperset(value.replace("\n", "").replace(EM_DASH, "")):
        raise MalformedBundleError(f"{where}: not a text of printable ASCII, line feeds and em dashes")
    return value


def octets(value: object, where: str, *, length: int | None = None, maximum: int | None = None) -> bytes:
    """`value` as canonical base64 of exactly `length`, or of 1..maximum, bytes."""
    if not isinstance(value, str) or not value.isascii():
        _not_base64(where)
    return quick_octets(value.encode("ascii"), where, length=length, maximum=maximum)


def quoted_octets(line: bytes, where: str, length: int) -> bytes:
    """The bytes of a base64 string with its quotes, and nothing else: quicker than JSON, and no less strict."""
    return quick_octets(line[1:-1], where, length=length) if line[:1] == line[-1:] == b'"' else _not_base64(where)


def quick_octets(text: bytes, where: str, *, length: int | None = None, maximum: int | None = None) -> bytes:
    """As `octets`, from the characters between the quotes."""
    try:
        raw = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        _not_base64(where)
    if binascii.b2a_base64(raw, newline=False) != text:
        _not_base64(where)
    _check_length(raw, where, length, maximum)
    return raw


def _not_base64(where: str) -> Never:
    raise MalformedBundleError(f"{where}: not canonical base64")


def _check_length(raw: bytes, where: str, length: int | None, maximum: int | None) -> None:
    if length is not None and len(raw) != length:
        raise MalformedBundleError(f"{where}: {len(raw)} bytes, not {length}")
    if maximum is not None and not 1 <= len(raw) <= maximum:
        raise MalformedBundleError(f"{where}: {len(raw)} bytes, not 1 to {maximum}")


def octets_text(raw: bytes) -> str:
    """Base64 (RFC 4648 section 4) of `raw`."""
    return b64encode(raw).decode("ascii")
