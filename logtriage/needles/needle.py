"""What `grep` looks for: patterns → the verdict on a line, and weaker tests by which blocks and shapes are skipped.

Lines are judged as ripgrep would: Rust's regular expressions in Unicode mode, several patterns joined by OR.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from logtriage.errors import UsageError, is_text
from logtriage.hyperscans import HS_MULTILINE
from logtriage.needles.dialect import nodes, pattern, pieces
from logtriage.needles.dialect.automata import HyperscanWriter, Re2Writer, grouped
from logtriage.needles.dialect.charset import WORD
from logtriage.needles.dialect.nodes import Chars, Look, Node
from logtriage.needles.verdict import Verdict
from logtriage.once import once

TOGETHER = 64  # so many patterns are given to Hyperscan as one
_MOST_PIECES = 512
_MANY = 8  # patterns


@dataclass(frozen=True)
class Needle:
    """Patterns, read and joined; build it by `Needle.of`.

    `trees`: one a pattern, -w and -x worked in. `fancy`: lookaround or the like, which only `regex` can decide.
    `beside`: with -w, the same without what stands beside a match.
    """

    trees: tuple[Node, ...]
    fancy: bool = False
    invert: bool = False
    beside: tuple[Node, ...] = ()

    @classmethod
    def of(
        cls,
        patterns: Sequence[str],
        *,
        fixed: bool = False,
        ignore_case: bool = False,
        smart_case: bool = False,
        word: bool = False,
        line: bool = False,
        invert: bool = False,
    ) -> Needle:
        """Reads `patterns`; no pattern at all matches nothing. The options are grep's -F -i -S -w -x -v.

        Raises UsageError, naming the pattern, what is wrong and near which character.
        """
        if not all(map(is_text, patterns)):
            raise UsageError("a pattern is no UTF-8", "look for the text beside such bytes")

        def read(text: str, fold: bool, first_group: int) -> pattern.Pattern:
            if fixed:
                return pattern.literal(text, fold=fold)
            return pattern.read(text, fold=fold, first_group=first_group)

        plain = [read(text, False, 1) for text in patterns]
        smart = smart_case and any(p.literals for p in plain) and not any(p.uppercase for p in plain)
        trees: list[Node] = []
        first_group, fancy = 1, any(p.fancy for p in plain)
        for text in patterns:
            one = read(text, ignore_case or smart, first_group)
            first_group += one.groups
            tree = one.tree if fancy else nodes.uncaptured(one.tree)
            trees.append(tree)
        if word and not line:  # what stands beside a word decides, but is no part of the match
            beside = tuple(nodes.concat(Look("["), tree, Look("]")) for tree in trees)
            return cls(tuple(map(_as_word, trees)), fancy, invert, beside)
        if line:
            trees = [nodes.concat(Look("^"), tree, Look("$")) for tree in trees]
        return cls(tuple(trees), fancy, invert)

    @property
    def exact(self) -> bool:
        """Does `sql` hold for exactly the lines that `matches`, so that nothing is left to verify?"""
        return not self.fancy and self._sql[2][1]

    @property
    def ascii_exact(self) -> bool:
        """The same for lines that are all ASCII."""
        return self.exact or (not self.fancy and not self.invert and self._sql[2][0])

    @once
    def matches_all(self) -> bool:
        """Is it certain that every line has a match (before `invert`)?"""
        return not self.fancy and any(nodes.always(tree) for tree in self.found)

    @once
    def found(self) -> tuple[Node, ...]:
        """The alternatives of all patterns, with all left out that does not decide whether a line matches."""
        if self.fancy:
            return self.trees
        tree = nodes.trimmed(nodes.alt(list(self.trees)))
        return tree.items if isinstance(tree, nodes.Alt) else (tree,)

    @property
    def literal(self) -> bytes | None:
        """The one text that all of the pattern is, if it is one whose case counts."""
        if len(self.found) != 1 or self.invert:
            return None
        text, cased = nodes.text_of(self.found[0]) or ("", False)
        return text.encode() if text and cased else None

    def matches(self, line: str) -> bool:
        """Is `line` (one line, without its end) to be shown? Bytes that were not UTF-8 are lone surrogates in it.

        Raises MatchTimeout if that could not be decided within a second.
        """
        return self.has_match(line.encode("utf-8", "surrogateescape")) != self.invert

    def has_match(self, line: bytes) -> bool:
        """Does a line, given as raw bytes, hold a match (whatever `invert` says)? Raises MatchTimeout."""
        return self.matches_all or self._verdict.holds(line)

    def spans(self, line: str) -> list[tuple[int, int]]:
        """Where in `line` the matches are, as (start, end) in characters, without empty ones. Raises MatchTimeout."""
        return self._placed.spans(line)

    def sql(self, column: str) -> tuple[str, list[Any]]:
        """An SQL condition on `column` (an SQL expression: one line of text), and its parameters.

        It holds for every line that `matches`; for others only if not `exact`.
        """
        condition, parameters, (_, exact) = self._sql
        if self.invert:
            return (f"NOT ({condition.format(column)})", parameters) if exact and not self.fancy else ("TRUE", [])
        return condition.format(column), parameters

    def hyperscan_expressions(self) -> list[tuple[bytes, int]] | None:
        """Expressions and their flags, for Hyperscan, that find every line with a match in bytes of many lines.

        Every line must be ended by a line break. The byte before each end that is reported is in the line or ends it.
        `invert` is not considered. None: there are no patterns.
        """
        return [(text.encode("latin-1"), flags) for text, flags in self._hyperscan[0]] or None

    @property
    def scans_exactly(self) -> tuple[bool, bool]:
        """Do the expressions find only lines with a match: among lines of ASCII, and among all lines?"""
        return self._hyperscan[1]

    @once
    def required(self) -> list[str]:
        """Texts one of which is in every matching line; in lower case if `folded`. Empty: nothing is known."""
        each = [pieces.required(tree) for tree in self.found]
        if self.invert or not all(each):
            return []
        return list(dict.fromkeys(self._lowered(text) for texts in each for text in texts))

    @once
    def folded(self) -> bool:
        """Is `required` in lower case, so that what it is looked for in must be `pieces.lowered`?"""
        return any(pieces.folds(tree) for tree in self.found)

    def admits(self, shape: str) -> bool:
        """May a text of this shape (see masking.py) match?"""
        wanted = self._forms
        if self.folded:
            shape = pieces.lowered(shape)
        return not wanted or any(_in_order(forms, shape) for forms in wanted)

    def _lowered(self, text: str) -> str:
        return pieces.lowered(text) if self.folded else text

    @once
    def _forms(self) -> list[list[re.Pattern[str]]]:
        """What a shape must hold so that a text of it may match, in lower case if `folded`: a match of each of one list.

        Empty: nothing can be required, every shape may match.
        """
        out: list[list[str]] = []
        for tree in () if self.invert else self.found:
            more = pieces.shape_pieces(tree)
            out += more
            if not more or len(out) > _MOST_PIECES:
                return []
        alone = [forms[0] for forms in out if len(forms) == 1]
        wanted = [["|".join(alone)]] if alone else []
        wanted += [forms for forms in out if len(forms) > 1]
        return [[re.compile(self._lowered(form)) for form in forms] for forms in wanted]

    @once
    def _sql(self) -> tuple[str, list[Any], tuple[bool, bool]]:
        """The condition with `{}` for the column, its parameters, and whether it is exact: among lines of ASCII, among all."""
        if self.matches_all or not self.found:
            return str(self.matches_all).upper(), [], (True, True)
        if self.literal is not None:
            return "contains({0}, ?)", [self.literal.decode()], (True, True)
        writer, guard, texts = Re2Writer(), "", []
        if self.required and not self.folded and len(self.required) <= 4:
            guard = "(" + " OR ".join(["contains({0}, ?)"] * len(self.required)) + ") AND "
            texts = list(self.required)
        groups = grouped([writer.write(tree) for tree in self.found])
        condition = " OR ".join(["regexp_matches({0}, ?)"] * len(groups))
        sql = f"{guard}({condition})" if len(groups) > 1 else guard + condition
        return sql, [*texts, *groups], (writer.ascii_exact, writer.exact)

    @once
    def _hyperscan(self) -> tuple[list[tuple[str, int]], tuple[bool, bool]]:
        """The expressions, and whether they find only lines with a match (of ASCII lines, of all)."""
        writer = HyperscanWriter()
        if len(self.found) <= TOGETHER:
            texts = [writer.to_line_end(nodes.alt(list(self.found)))] if self.found else []
        else:
            texts = [_plain(writer, tree) for tree in self.found]
        sure = not self.fancy
        return [(text, HS_MULTILINE) for text in texts], (sure and writer.ascii_exact, sure and writer.exact)

    @property
    def is_costly(self) -> bool:
        """Is deciding line by line slow, so that Hyperscan is worth its start even for a little text?"""
        return len(self.found) > _MANY or not self._verdict.is_tame(0)

    @once
    def _verdict(self) -> Verdict:
        return Verdict(self.found, self.fancy)

    @once
    def _placed(self) -> Verdict:
        return Verdict(self.beside or self.trees, self.fancy)


def _in_order(forms: Sequence[re.Pattern[str]], shape: str) -> bool:
    """Does a shape hold a match of each form, none of which begins before that of the one in front of it? One sign may have
    swallowed several."""
    at = 0
    for form in forms:
        found = form.search(shape, at)
        if found is None:
            return False
        at = found.start()
    return True


def _as_word(tree: Node) -> Node:
    """A tree with what has to stand beside a word; no automaton knows half of a word's boundary."""
    outside = Chars(WORD.negated())
    return nodes.concat(nodes.Alt((Look("^"), outside)), tree, nodes.Alt((outside, Look("$"))))


def _plain(writer: HyperscanWriter, tree: Node) -> str:
    """One of very many patterns: a text as it stands, which is far cheaper to find than to follow to the line's end."""
    return writer.write(tree) if nodes.text_of(tree) else writer.to_line_end(tree)
