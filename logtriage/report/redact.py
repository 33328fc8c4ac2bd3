"""Masks what must not leave the house: secrets, e-mail addresses, network addresses, host names on request.

The same thing gets the same mask throughout a report, so that it can still be followed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from ipaddress import ip_address

_SECRET_NAMES = (
    "pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key(?:[_-]?id)?|private[_-]?key|client[_-]?secret|auth(?:orization)?|"
    "bearer|credential[s]?|session(?:[_-]?id)?|cookie|set-cookie|signature|sig|x-api-key|jwt|otp|pin"
)
# What is found first wins; the group, where there is one, is what is masked.
_RULES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(regex, re.IGNORECASE if flag else 0))
    for name, regex, flag in (
        ("key", r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", False),
        ("secret", r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?", False),  # a JSON web token
        (
            "secret",
            r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20,}|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bsk-[A-Za-z0-9_-]{16,}|\bAIza[A-Za-z0-9_-]{30,}",
            False,
        ),
        ("secret", r"://[^\s/:@]*:([^\s/@]+)@", False),  # user:password in a URL
        ("secret", r"\b(?:bearer|basic|token)\s+([A-Za-z0-9+/=._~-]{6,})", True),
        (
            "secret",
            rf"\b[\w.-]*(?:{_SECRET_NAMES})[\"']?\s*(?:=>|[=:])\s*(\"[^\"]+\"|'[^']+'|[^\s\"',;&)}}\]]{{2,}})",
            True,
        ),
        ("email", r"\b[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b", False),
        ("address", r"\b(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}\b", False),
        ("address", r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.]*\d)", False),
        (
            "address",
            r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])",
            False,
        ),
    )
)


def masker() -> Callable[[str], str]:
    """Gives a function that masks one text after the other, and remembers what it has masked."""
    known: dict[str, str] = {}
    counts: dict[str, int] = {}

    def mask(name: str, value: str) -> str:
        if value not in known:
            counts[name] = counts.get(name, 0) + 1
            known[value] = f"[{name} {counts[name]}]"
        return known[value]

    def masked(text: str) -> str:
        spans: list[tuple[int, int, str]] = []
        for name, rule in _RULES:
            for start, end in _found(name, rule, text):
                if all(end <= one or start >= other for one, other, _ in spans):
                    spans.append((start, end, name))
        out, at = [], 0
        for start, end, name in sorted(spans):
            out += [text[at:start], mask(name, text[start:end])]
            at = end
        return "".join([*out, text[at:]])

    return masked


def _found(name: str, rule: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    for match in rule.finditer(text):
        start, end = match.span(1 if rule.groups else 0)
        if start >= 0 and end > start and (name != "address" or _is_address(text[start:end])):
            yield start, end


def _is_address(text: str) -> bool:
    if re.fullmatch(r"(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}", text):
        return True
    try:
        ip_address(text)
    except ValueError:
        return False
    return any(c.isdigit() for c in text)  # `a::b` is code
