"""The search index: a record's text with what varies in it masked (see masking.py) is its shape. Real logs have few.

A search looks in the distinct shapes first, and then only at the records whose shape can hold what it looks for. The
text is never put together for every record: its pieces (frame, body, times) repeat, so the distinct pieces are masked,
and then the distinct ways in which they go together. The seams between them stay in the shape, as a mark before and
behind each piece: so a search also knows in which column of a record it finds what it looks for.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from logtriage import masking
from logtriage.layouts import alike
from logtriage.store.seams import ANY, BODY, HTML_BODY, ID, JSON_BODY, MIXED, OBSERVED, SEAMS, STAMP
from logtriage.templates.wording import wording

if TYPE_CHECKING:
    import pyarrow as pa

_MOST = 50_000  # shapes that one store keeps in mind; beyond it the index would cost more than it saves
# Digits are made alike, and RE2 is to take `_` for no letter.
_ALIKE = bytes.maketrans(b"123456789_", b"000000000\xff")
# Bytes that are in no text, and the characters that they are decoded to: what masking puts for hexadecimal pieces
# joined by `-` (or begun by `0x`), for a number, for another hexadecimal piece or the digits in a word, and for a word.
_JOINED, _NUMBER, _HEX, _OTHER, _UNDERSCORE = "\udcfb", "\udcfc", "\udcfd", "\udcfe", "\udcff"
_ID = "\udcfa"
_SIGNS = _JOINED + _NUMBER + _HEX + _OTHER
_MASKS = (
    (masking.DASHED, _JOINED),
    (masking.NUMBER, _NUMBER),
    (masking.PLAIN_HEX, _HEX),
    (masking.CHAIN, _JOINED),
    (masking.FEW, rf"\1{_HEX}\2"),
    (masking.AMID, rf"\1{_HEX}\2{_HEX}"),
    (masking.ANY, _OTHER),
)
_LAST = str.maketrans(
    {_OTHER: masking.OTHER, _UNDERSCORE: "_"} | dict.fromkeys(_JOINED + _NUMBER + _HEX + _ID, masking.HEX)
)
_IDS = str.maketrans(dict.fromkeys("\3\7\x08", _ID))
_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
_ESCAPE = re.compile(r"\\(?:u[0-9a-f]{4}|.)")
# Runs of what masking has left of pieces with a seam in them, such seams as cut a piece in two, and what can be said then.
_LEFT = f"[A-Za-z0-9{_SIGNS}]"
_RUN = re.compile(f"(?<![A-Za-z0-9{_SIGNS}-])[A-Za-z0-9{_SIGNS}-]*{SEAMS}[A-Za-z0-9{_SIGNS}\1-\7-]*")
_CUT = re.compile(f"{_LEFT}{SEAMS}+{_LEFT}")
_HEXES = f"(?:{_JOINED}|[A-Fa-f{_NUMBER}{_HEX}]+)"
_PLAIN = f"[A-Fa-f{_NUMBER}{_HEX}]+"
_CHAIN = re.compile(f"(?<!{_LEFT}){_HEXES}(?:{SEAMS}*-{SEAMS}*{_HEXES})+(?!{_LEFT})")
_ALL_HEX = re.compile(f"{_PLAIN}(?:-{_PLAIN})*")
_FEW = re.compile(f"[A-Za-z]*{_NUMBER}+[A-Za-z]{{0,3}}")
_NUMBERS = re.compile(f"{_NUMBER}+")
_SEAM = re.compile(SEAMS)
_SIGN = re.compile(f"[{_SIGNS}]")
_PLACES = re.compile(f"[{STAMP}{BODY}{JSON_BODY}{HTML_BODY}{OBSERVED}]")
_RUNS = re.compile(b"[A-Za-z0-9]+")
_FEW_TEXTS, _SHARE = 100, 50  # distinct texts whose runs are measured: so many, and one for so many records
_LONGEST = 65_535
_MOST_TEXT, _BEGINNING = 1 << 18, 4096  # bytes of a record whose shape tells all of it, characters of a longer one's


class Shape(NamedTuple):
    """The text that searches look in, and the part of it that templates are mined from (see wording.py)."""

    text: str
    wording: str


class Shapes:
    """Gives each record the number of its shape; `new` holds those that the last call saw first, `runs` the length of the
    longest run of letters and digits with a digit in each record's frame or body, null where it is not known."""

    def __init__(self, known: set[int] | None = None) -> None:
        """`known`: the numbers of the shapes that the store has already."""
        self.known = known if known is not None else set()
        self.new: dict[int, Shape] = {}
        self.runs: pa.UInt16Array | None = None

    def number(
        self, frames: pa.Array, bodies: pa.Array, stamps: pa.Array, observed: pa.Array, whole: pa.Array
    ) -> pa.Int64Array:
        """Shape numbers of the records whose pieces lie in four string arrays of one length (nulls are empty).

        `whole`: which of them are kept whole; their numbers are negative, and so are those of records longer than `_MOST_TEXT`,
        of which only the beginnings make up the shape. A number is a hash of the shape's text, so that it is the same in every run and every store.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        self.new = {}
        frames, bodies, long = _shortened(frames, bodies)
        whole = pc.or_(whole, long)
        alikes = [alike(column, _ALIKE) for column in (frames, bodies, stamps, observed)]
        pieces = _masked(alikes)
        runs = pc.max_element_wise(*map(_longest, alikes[:2]), skip_nulls=False)
        self.runs = pc.if_else(long, pa.scalar(None, pa.uint16()), runs)
        joint, radix = pieces[0].indices.cast(pa.int64()), len(pieces[0].dictionary)
        for piece in pieces[1:]:
            joint = pc.add(joint, pc.multiply(piece.indices.cast(pa.int64()), radix))
            radix *= max(1, len(piece.dictionary))
        joint = pc.add(joint, pc.multiply(whole.cast(pa.int64()), radix))
        ways = joint.dictionary_encode()
        texts = [[text.decode("utf-8", "surrogateescape") for text in piece.dictionary.to_pylist()] for piece in pieces]
        numbers = [self._of(*_shape(way, texts)) for way in ways.dictionary.to_pylist()]
        return pa.array(numbers, pa.int64()).take(ways.indices)

    def _of(self, shape: Shape, whole: bool) -> int:
        number = number_of("\0".join(shape)) * (-1 if whole else 1)
        if number not in self.known:
            if len(self.known) >= _MOST:
                return ANY
            self.known.add(number)
            self.new[number] = shape
        return number


def _shortened(frames: pa.Array, bodies: pa.Array) -> tuple[pa.Array, pa.Array, pa.BooleanArray]:
    """Frames and bodies, of long records only their beginnings, and which these are."""
    import pyarrow.compute as pc

    sizes = [pc.fill_null(pc.binary_length(column), 0) for column in (frames, bodies)]
    long = pc.greater(pc.add(*sizes), _MOST_TEXT)
    if not pc.any(long).as_py():
        return frames, bodies, long
    frames, bodies = (
        pc.if_else(long, pc.utf8_slice_codeunits(column, 0, _BEGINNING), column) for column in (frames, bodies)
    )
    return frames, bodies, long


def number_of(text: str) -> int:
    """A shape's number: 63 bits of its BLAKE2b hash, never `ANY`."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 1 or 1


def _masked(alikes: Sequence[pa.DictionaryArray]) -> list[pa.DictionaryArray]:
    """Columns of texts, each text masked; all at once, as each call compiles its regex."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pa.concat_arrays([alike.dictionary.cast(pa.large_binary()) for alike in alikes])
    for pattern, left in _MASKS:
        sign = left.encode("utf-8", "surrogateescape")
        texts = pc.replace_substring_regex(texts, pattern=pattern.format(r"\b", r"\b"), replacement=sign)
    begins = accumulate((len(alike.dictionary) for alike in alikes), initial=0)
    own = [
        texts.slice(at, len(alike.dictionary)).dictionary_encode() for at, alike in zip(begins, alikes, strict=False)
    ]
    return [
        pa.DictionaryArray.from_arrays(masked.indices.take(alike.indices), masked.dictionary)
        for masked, alike in zip(own, alikes, strict=True)
    ]


def _longest(alike: pa.DictionaryArray) -> pa.UInt16Array:
    """How long the longest run with a digit is in each text; nulls where there are too many texts to look into each."""
    import pyarrow as pa

    texts = alike.dictionary.to_pylist() if len(alike.dictionary) <= _FEW_TEXTS + len(alike) // _SHARE else None
    if texts is None:
        return pa.nulls(len(alike), pa.uint16())
    runs = [max((len(run) for run in _RUNS.findall(text) if b"0" in run), default=0) for text in texts]
    return pa.array([min(run, _LONGEST) for run in runs], pa.uint16()).take(alike.indices)


def _shape(way: int, texts: Sequence[Sequence[str]]) -> tuple[Shape, bool]:
    """The shape from the places of its pieces in the dictionaries, and whether it is of records kept whole."""
    chosen = []
    for of_piece in texts:
        way, place = divmod(way, max(1, len(of_piece)))
        chosen.append(of_piece[place])
    frame, body, stamp, observed = (piece.translate(_IDS) for piece in chosen)
    text = _put_together(frame, {STAMP: stamp, OBSERVED: observed, BODY: body}, once=bool(way))
    text = text.replace(_ID, ID + _JOINED + ID)
    text = _RUN.sub(_joined, text).translate(_LAST)
    return Shape(text, wording(body.translate(_LAST))), bool(way)


def _put_together(frame: str, pieces: dict[str, str], *, once: bool) -> str:
    """A frame with its pieces at their marks. `once`: what is kept whole may hold any number of characters that are marks."""
    if JSON_BODY in frame or HTML_BODY in frame:
        escaped = json.dumps(pieces[BODY], ensure_ascii=False)[1:-1]
        pieces[JSON_BODY] = _ESCAPE.sub(_escape, escaped)
        pieces[HTML_BODY] = _ESCAPE.sub(_escape, escaped.translate(_HTML))

    def put(found: re.Match[str]) -> str:
        mark = found[0]
        piece = pieces.pop(mark, None) if once else pieces[mark]
        return "" if piece is None else mark + piece + mark

    return _PLACES.sub(put, frame)


def _escape(found: re.Match[str]) -> str:
    """An escape of JSON; its letters belong to no column, and may belong to the word behind."""
    escaped = _OTHER if found[0][1] == "u" else found[0][1]
    return "\\" + (MIXED + escaped + MIXED if escaped == _OTHER or escaped.isalpha() else escaped)


def _joined(found: re.Match[str]) -> str:
    """Pieces joined by `-` that have seams between or in them, as they would be masked without; then seams come behind."""
    run, seams = _SEAM.sub("", found[0]), "".join(_SEAM.findall(found[0]))
    if not _CUT.search(found[0]):
        return _CHAIN.sub(_chain, found[0])
    if _SIGN.search(run):
        few = _FEW.fullmatch(run)
        run = _HEX if _ALL_HEX.fullmatch(run) else _NUMBERS.sub(_HEX, run) if few else _OTHER
    return MIXED + run + MIXED + seams


def _chain(found: re.Match[str]) -> str:
    """Hexadecimal pieces that were masked one by one, as one."""
    return MIXED + _HEX + MIXED + "".join(_SEAM.findall(found[0])) if _SIGN.search(found[0]) else found[0]
