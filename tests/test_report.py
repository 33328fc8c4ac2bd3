"""The report: nothing of a log can become markup, what is secret is masked, and the whole tells what triage found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logtriage.marks import Mark
from logtriage.report import markdown, page
from logtriage.report.document import Code, Document, Heading, Items, Lane, Moment, Paragraph, Table, Timeline, visible
from logtriage.report.redact import masker

pytest.importorskip("markdown_it", reason="it comes with textual, which is not installed")
MOMENT = datetime(2026, 5, 6, 10, 0)
NASTY = [
    "<script>alert(1)</script>", "# no heading", "1. no list", "- no list", "=====", "---", "> no quote", "```", "~~~", "    no code", "[a](http://b)",
    "![a](b)", "*a* _b_ **c**", "`a`", "a | b", "http://evil.example www.evil.example a@evil.example", "&lt; &amp; &#60;", "\\", "a\\", "a  ", "<!--",
    "![", "]]>", "'\" onload=x", "\x1b[31mred", "\u202egnp", "$x$", "{{x}}", "a\n# b", "+ a", "2) b", "[ ] x", "a\n===", ":::", "<a href=x>", "\x00", "\ufeff# x", "\udcff",
    "a\r# b", "^a^ ==b==", "@here #12", "\u2028# x", "|a|b|\n|-|-|", "0" * 12 + ". x", "www\\.x", "mailto:a", "xmpp:a", "ftp://a", "HTTPS://A.example", "WWW.A.example",
]  # fmt: skip
texts = st.one_of(
    st.sampled_from(NASTY),
    st.text(alphabet=st.characters(), max_size=40),
    st.text(alphabet="<>&\"'`*_[]()#!|~-+=.:\\/ \n\tab1@$", max_size=30),
    st.lists(st.sampled_from(NASTY), max_size=4).map(" ".join),
)


def words(text: str) -> list[str]:
    """What is left of a text when spaces do not count and what cannot be shown is as the report shows it."""
    return visible(text).split()


def whole(texts: list[str]) -> Document:
    """A document with each text in every place that a text can have."""
    first, second = texts[0], texts[-1]
    made = Document(first)
    made.add(
        Heading(second), Paragraph(first), Items((first, second)), Items((second,), numbered=True), Code(first), Table((first, "n"), ((second, first),)),
        Timeline(MOMENT, MOMENT + timedelta(minutes=2), (Lane(first, (1, 2), (0, 1)),), (Moment(MOMENT, "mark", second), Moment(MOMENT, "onset", first))),
    )  # fmt: skip
    return made


def tokens(text: str) -> Iterator[tuple[str, str]]:
    """All tokens of a Markdown text, as GitHub's dialect reads it: (type, content)."""
    from markdown_it import MarkdownIt

    for token in MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text):
        yield token.type, token.content
        for inner in token.children or ():
            yield f"inner {inner.type}", inner.content


@given(st.lists(texts, min_size=1, max_size=2))
def test_no_text_is_markdown(given_texts: list[str]) -> None:
    """Whatever a text holds, the document has the blocks it was given and no others, and shows the text."""
    rendered = markdown.rendered(whole(given_texts))
    found = list(tokens(rendered))
    kinds = [kind for kind, _ in found if not kind.startswith("inner")]
    allowed = {
        "heading",
        "paragraph",
        "bullet_list",
        "ordered_list",
        "list_item",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    assert {kind.rsplit("_", 1)[0] for kind in kinds if kind not in ("inline", "fence")} <= allowed
    assert {kind for kind, _ in found if kind.startswith("inner")} <= {"inner text", "inner text_special"}
    assert (
        kinds.count("heading_open") == 2
        and kinds.count("bullet_list_open") == 1
        and kinds.count("ordered_list_open") == 1
    )
    assert kinds.count("list_item_open") == 3 and kinds.count("table_open") == 1 and kinds.count("fence") == 2
    assert kinds.count("tr_open") == 2 and kinds.count("td_open") == 2


@given(texts)
def test_markdown_shows_the_text(text: str) -> None:
    """Read back, an escaped text is the text, but for its spaces."""
    from markdown_it import MarkdownIt

    (inline,) = [t for t in MarkdownIt("commonmark").parse(f"x {markdown.escaped(text)}") if t.type == "inline"]
    assert "".join(inner.content for inner in inline.children or ()).split()[1:] == words(text)


@given(texts)
def test_nothing_links_itself(text: str) -> None:
    """No address in a text can be made a link by GitHub's extension: none stands there as it must be written for that."""
    escaped = markdown.escaped(text).lower()
    assert "http://" not in escaped and "https://" not in escaped and "ftp://" not in escaped and "www." not in escaped
    assert not any(escaped[max(0, at - 1)] != "\\" for at in range(len(escaped)) if escaped[at] == "@")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment")


@given(st.lists(texts, min_size=1, max_size=2))
def test_no_text_is_html(given_texts: list[str]) -> None:
    """Whatever a text holds, the page has the same tags and attributes as with harmless texts, and shows the text."""
    hostile, harmless = _Tags(), _Tags()
    hostile.feed(page.rendered(whole(given_texts)))
    harmless.feed(page.rendered(whole(["a"] * len(given_texts))))
    assert hostile.tags == harmless.tags and hostile.attributes == harmless.attributes
    assert not {name for name in hostile.attributes if name.startswith("on") or name in ("src", "href", "style")}
    shown = " ".join("".join(hostile.text).split())
    assert all(" ".join(words(text)) in shown for text in given_texts)


SECRETS = [
    ("password=hunter22", "hunter22"), ('{"api_key": "abcdef123456"}', "abcdef123456"), ("Authorization: Bearer abc.def-123456", "abc.def-123456"),
    ("postgres://app:s3cret@db/x", "s3cret"), ("mail to ann.lee@shop.example failed", "ann.lee@shop.example"), ("from 10.0.3.17:8080", "10.0.3.17"),
    ("peer [2001:db8::1]:443", "2001:db8::1"), ("link aa:bb:cc:dd:ee:ff up", "aa:bb:cc:dd:ee:ff"), ("DB_PASSWORD='p w'", "'p"),
    ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcDEF_1", "eyJhbGciOiJIUzI1NiJ9"), ("AKIAABCDEFGHIJKLMNOP", "AKIAABCDEFGHIJKLMNOP"),
    ("ghp_0123456789abcdefghij0123", "ghp_0123456789"), ("Set-Cookie: sid=abcdef; Path=/", "sid=abcdef"), ("aws_secret_access_key = wJalrXUtnFEMI/K7", "wJalrXUtnFEMI"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_secrets_are_masked(text: str, secret: str) -> None:
    """Nothing secret is left of it, and the rest is."""
    masked = masker()(text)
    assert secret not in masked and "[" in masked
    assert masked.split("[")[0] == text[: len(masked.split("[")[0])]


@pytest.mark.parametrize(
    "text",
    [
        "took 12.5 ms at 10:20:30",
        "version 2.13.4",
        "line 12:30",
        "C::D::e",
        "std::vector<int>",
        "1.2.3.4.5",
        "pinned the page",
        "a::b",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """Times, versions and code are no addresses."""
    assert masker()(text) == text


def test_the_same_address_has_the_same_mask() -> None:
    """A masked report can still be followed."""
    mask = masker()
    assert mask("10.0.0.1 asks 10.0.0.2") == "[address 1] asks [address 2]"
    assert mask("10.0.0.2 answers") == "[address 2] answers"


def test_the_incident_is_told(tmp_path: Path) -> None:
    """The demo's report names the culprit, the blame, the deploy and the mark, in UTC and local time, and in the picture."""
    from zoneinfo import ZoneInfo

    from stores import settings_for_tests

    from logtriage.demo import write_demo
    from logtriage.ingest import Ingest
    from logtriage.report import incident, weekly
    from logtriage.sources.find import find
    from logtriage.store.store import Store
    from logtriage.triage.triage import Asked, triage

    summary = write_demo(tmp_path / "demo", lines=4_000)
    with Store(tmp_path / "store", write=True) as store:
        Ingest(store, settings_for_tests()).run(find([str(tmp_path / "demo")]).sources)
        answer = triage(store, Asked())
        week = weekly.document(store, UTC)
    assert answer.onset and abs(answer.onset.moment - summary.onset.replace(tzinfo=None)) < timedelta(minutes=4)
    assert answer.culprits[0].service == summary.culprit
    assert any(change.service == summary.culprit and "2.14.0" in change.text for change in answer.changes)
    mark = Mark("demo/syslog", 77, answer.onset.moment, "look *here* <first> 10.9.8.7")
    made = incident.document(answer, [mark], ZoneInfo("Europe/Berlin"))
    text, html = markdown.rendered(made), page.rendered(made)
    assert "The first suspect is inventory" in text and "+01:00" in text and " UTC" in text
    assert "look \\*here\\* \\<first\\>" in text and "look *here* &lt;first&gt;" in html
    assert "<svg" in html and html.count("<rect") > 20 and "checkout" in html
    assert "10.9.8.7" in text and "10.9.8.7" not in markdown.rendered(made.mapped(masker()))
    told = markdown.rendered(week)
    assert "| exhaustion |" in told and "Quiet sources" in told and "inventory" in told
    assert not re.search(r" {40}|[ \t]$", told.replace("| ", "|"), re.MULTILINE)  # most of the week has no records
