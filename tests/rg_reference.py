"""ripgrep as the reference: which lines it finds, and hypothesis strategies for patterns and texts to ask it about."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import strategies as st

FLAGS = {"fixed": "-F", "ignore_case": "-i", "smart_case": "-S", "word": "-w", "line": "-x", "invert": "-v"}

needs_rg = pytest.mark.skipif(shutil.which("rg") is None, reason="ripgrep, the reference, is not installed")


def lines_of(text: bytes) -> list[tuple[int, int]]:
    """(start, end) of each line, by the plainest means."""
    out, start = [], 0
    for piece in text.split(b"\n"):
        out.append((start, start + len(piece)))
        start += len(piece) + 1
    return out[:-1] if out[-1][0] == len(text) else out


def rg_lines(folder: Path, text: bytes, patterns: list[str], **options: bool) -> list[tuple[int, int]] | None:
    """(start, end) of the lines that ripgrep finds in `text`; None: it does not take the pattern."""
    file = folder / "text"
    file.write_bytes(text)
    command = ["rg", "-a", "-b", "-N", "--no-config", "--no-mmap", "--color", "never", "--encoding", "none"]
    command += [FLAGS[name] for name, is_on in options.items() if is_on]
    command += [part for pattern in patterns for part in ("-e", pattern)]
    run = subprocess.run([*command, "--", str(file)], capture_output=True, check=False)
    if run.returncode == 2:
        return None
    ends = dict(lines_of(text))
    found, place = [], 0
    while place < len(run.stdout):
        colon = run.stdout.index(b":", place)
        start = int(run.stdout[place:colon])
        found.append((start, ends[start]))
        place = colon + 1 + (ends[start] - start) + 1
    return found


ATOMS = [
    "foo", "bar", "Foo", "a", "b", "k", "s", "é", "ſ", "中", "1", " ", "=", "-", r"\.", ".", r"\w", r"\W", r"\d",
    r"\D", r"\s", r"\S", "[a-c]", "[^a]", "[^a-z ]", r"[\w-]", r"[^\d.]", r"\b", r"\B", "^", "$", "[0-9]", r"\pL",
    r"\p{Lu}", "[[:alpha:]]", "[a-z&&[^ab]]", r"[\w--[a-z]]", r"\x{e9}", "(?i:k)", "(?i:fo)", "#",
]  # fmt: skip

WORDS = [
    b"foo", b"bar", b"Foo", b"k", b"K", b"s", b"1", b"22", b"-", b"_", b" ", b"  ", b"\t", b"\r", b"a", b"b", b"=",
    b".", b"#", b"\x00", "ſ".encode(), "\u212a".encode(), "é".encode(), "É".encode(), "中".encode(), "٣".encode(),
    "\u0301".encode(), "\u00a0".encode(), "😀".encode(), b"z" * 40,
]  # fmt: skip


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds(lambda left, right: left + right, inner, inner),
        st.builds(lambda left, right: f"(?:{left}|{right})", inner, inner),
        st.builds(lambda one: f"({one}|)", inner),
        st.builds(lambda one, sign: f"(?:{one}){sign}", inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "+?"])),
    )


# ripgrep 13 does not find the empty line by `$^`, which is left out here.
PATTERNS = st.recursive(st.sampled_from(ATOMS), _grown, max_leaves=6).filter(
    lambda text: "^" not in text.partition("$")[2]
)
VALID_LINES = st.lists(st.sampled_from(WORDS), max_size=7).map(b"".join)
LINES = st.lists(st.sampled_from([*WORDS, b"\xff", b"\xed\xa0\x80"]), max_size=7).map(b"".join)


def texts(lines: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Texts of several lines, the last of which may lack its end."""
    return st.builds(
        lambda parts, end: b"\n".join(parts) + end, st.lists(lines, max_size=20), st.sampled_from([b"", b"\n"])
    )


OPTIONS = st.fixed_dictionaries(
    {},
    optional={name: st.just(True) for name in ("ignore_case", "invert", "fixed")}
    | {"word": st.just(True), "smart_case": st.just(True)},
).filter(lambda options: not {"ignore_case", "smart_case"} <= set(options))  # to ripgrep, the one undoes the other
