"""What goes on behind a required text, where few characters do and of each it is known at least that it is one."""

from __future__ import annotations

from typing import NamedTuple

from logtriage.needles.dialect.pieces import RUN, RUNS, Gap, Way, longest_of, lowered, opened, spelt_lowered
from logtriage.needles.needle import Needle

ANY = "\0"  # some character
_NOTHING, _SOMETHING = "(?!)", "(?s:.)"


class Behind(NamedTuple):
    """`form`: for `re`, what stands in a shape from a column's end on where the text lies in that column and the match goes on
    behind its end; `wholes`: the text and all that may follow it in a match, with ANY for what is not known."""

    form: str
    wholes: tuple[str, ...]


def behind(needle: Needle, text: str) -> Behind | None:
    """What goes on behind `text`, one of those required; None: that is not known."""
    ways = [way for tree in needle.found for way in spelt_lowered(tree)]
    if needle.folded:
        ways = [tuple(lowered(item) if isinstance(item, str) else item for item in way) for way in ways]
    rests = [_rest(way) for way in ways if longest_of(way) == text]
    known = list(dict.fromkeys(rest for rest in rests if rest is not None))
    if not known or None in rests:
        return None
    return Behind("|".join(map(_form, known)), tuple(text + rest for rest in known))


def _rest(way: Way) -> str | None:
    """What a way has behind its longest text, if of all that it is known at least how many characters it is."""
    rest = way[way.index(longest_of(way)) + 1 :]
    if not all(isinstance(item, str) or (isinstance(item, Gap) and item.one) for item in rest):
        return None
    return "".join(item if isinstance(item, str) else ANY for item in rest)


def _form(rest: str) -> str:
    """Any of the runs of letters and digits may be the first one behind the end; what lies between two of them may stand there or
    not, as it may have vanished in a sign with a run, too."""
    signs = RUNS.findall(rest)
    if not signs:
        return _NOTHING
    if not RUN.match(signs[-1]):
        return _SOMETHING
    between = max((len(sign) for sign in signs if not RUN.match(sign)), default=0)
    runs = dict.fromkeys(opened(sign, left=True, right=True) for sign in signs if RUN.match(sign))
    return f"(?s:.{{0,{between}}})(?:{'|'.join(runs)})"
