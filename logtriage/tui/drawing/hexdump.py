"""Bytes as they are, for the eye: escaped as in a program's text, and as a dump of their numbers."""

from __future__ import annotations

from collections.abc import Iterator

MOST = 16_384  # bytes shown
_ESCAPES = {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r", 0x1B: "\\e", 0x5C: "\\\\"}


def escaped(data: bytes) -> str:
    """Printable ASCII as it is, all else as `\\n`, `\\e`, `\\xc3`: no two texts of bytes look the same."""
    return "".join(_ESCAPES.get(b) or (chr(b) if 32 <= b < 127 else f"\\x{b:02x}") for b in data)


def dump(data: bytes, width: int) -> Iterator[str]:
    """Lines of at most `width` cells: the offset, the bytes as numbers, and what is printable of them."""
    each = max(4, min(16, (width - 11) // 4 // 4 * 4))
    for at in range(0, len(data), each):
        some = data[at : at + each]
        numbers = " ".join(f"{b:02x}" for b in some).ljust(each * 3 - 1)
        yield f"{at:06x}  {numbers}  " + "".join(chr(b) if 32 <= b < 127 else "·" for b in some)
