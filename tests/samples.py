"""Small logs in many dialects, one list of whole records each; and what a hostile or broken writer puts in between."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from logtriage.sources.codec import recognise

_TRACE = "0af7651916cd43dd8448eb211c80319c"


def docker(text: str, second: int, stream: str = "stdout") -> str:
    return json.dumps(
        {"log": text, "stream": stream, "time": f"2026-03-02T10:00:{second:02}.123456789Z"}, separators=(",", ":")
    )


def cri(text: str, second: int, tag: str = "F") -> str:
    return f"2026-03-02T10:00:{second:02}.123456789Z stdout {tag} {text}"


JAVA = (
    "2026-03-02 10:00:03,250 ERROR [http-1] com.shop.Cart - checkout failed\n"
    "java.lang.IllegalStateException: no stock\n"
    "\tat com.shop.Cart.take(Cart.java:41)\n"
    "\t... 12 more\n"
    "Caused by: java.sql.SQLException: closed\n"
    "\tat com.shop.Pool.get(Pool.java:7)"
)
PYTHON = (
    "2026-03-02 10:00:04,100 ERROR shop.cart: cannot pay\n"
    "Traceback (most recent call last):\n"
    '  File "/srv/cart.py", line 12, in pay\n'
    "    charge(card)\n"
    "ValueError: bad card"
)
GO = (
    "2026/03/02 10:00:05 http: panic serving 10.0.0.8:4711: boom\n"
    "goroutine 17 [running]:\n"
    "main.handle(0xc000010000)\n"
    "\t/src/main.go:21 +0x1d"
)
DOTNET = (
    "2026-03-02 10:00:06.000 +00:00 [ERR] Request failed\n"
    "System.InvalidOperationException: nothing here\n"
    "   at Shop.Cart.Take() in /src/Cart.cs:line 9\n"
    "   --- End of inner exception stack trace ---"
)
NODE = (
    "2026-03-02T10:00:07.001Z error: unhandled\n"
    "TypeError: Cannot read properties of undefined (reading 'id')\n"
    "    at pay (/srv/cart.js:10:5)\n"
    "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)"
)
PRETTY = '{\n  "time": "2026-03-02T10:00:08Z",\n  "level": "warn",\n  "msg": "slow",\n  "took": {"ms": 950}\n}'

LOGS: dict[str, list[str]] = {
    "log4j": [
        "2026-03-02 10:00:01,000 INFO  [main] com.shop.Main - started in 3 s",
        f"2026-03-02 10:00:02,120 WARN  [http-1] com.shop.Cart - slow trace_id={_TRACE} took 900 ms",
        JAVA,
    ],
    "python": ["2026-03-02 10:00:01,000 INFO shop.cart: hello", PYTHON],
    "nginx": [
        '10.0.0.8 - - [02/Mar/2026:10:00:01 +0000] "GET /a?b=1 HTTP/1.1" 200 512 "-" "curl/8.5.0"',
        '10.0.0.9 - bo [02/Mar/2026:11:00:02 +0100] "POST /pay HTTP/1.1" 502 0 "-" "Mozilla/5.0 (X11)"',
    ],
    "json": [
        '{"ts":1772445601.25,"level":"info","msg":"hello","logger":"shop"}',
        '{"time":"2026-03-02T10:00:02Z","level":"info","msg":"a \\"few\\" words","trace_id":" ","span_id":"0"}',
        '{"time":"2026-03-02T10:00:02.5Z","level":"error","msg":"\\u0003 luck \\"again\\"","trace_id":"TRACE"}'.replace(
            "TRACE", _TRACE
        ),
    ],
    "logfmt": [
        'time=2026-03-02T10:00:01Z level=info msg="hello there" took=3ms',
        "time=2026-03-02T10:00:02Z level=warning msg=bye path=/a/b",
    ],
    "syslog": [
        "Mar  2 10:00:01 web1 sshd[411]: Accepted publickey for root from 10.0.0.8 port 50022 ssh2",
        "Mar  2 10:00:02 web1 kernel: [ 1234.567890] Out of memory: Killed process 4711 (java)",
    ],
    "docker": [
        docker("2026-03-02 10:00:01,000 INFO  [main] com.shop.Main - wörks\n", 1),
        docker(f'{{"level":"error","msg":"<a&b> \\u001b[31mred\\u001b[0m","trace_id":"{_TRACE}"}}\n', 2, "stderr"),
        docker(f'2026-03-02 10:00:02,000 WARN  [main] com.shop.Main - said "no" <x> trace_id={_TRACE}\n', 2),
        "\n".join(docker(line + "\n", 3) for line in JAVA.split("\n")),
        docker("2026-03-02 10:00:04,000 INFO  [main] com.shop.Main - a part and ", 4) + "\n" + docker("the rest\n", 4),
    ],
    "cri": [
        cri("2026-03-02 10:00:01,000 INFO  [main] com.shop.Main - hello", 1),
        cri("2026-03-02 10:00:02,000 INFO  [main] com.shop.Main - a part and ", 2, "P") + "\n" + cri("the rest", 2),
        "\n".join(cri(line, 3) for line in JAVA.split("\n")),
    ],
    "pretty": [PRETTY],
    "plain": ["no stamp in sight", "x", "  indented", ""],
}

# lines that no program means to write
JUNK: list[bytes] = [
    b"", b"\r", b"\0", b"\0\0\0", b"\xff\xfe\xfd", b"caf\xe9 au lait", "\ufeffbom".encode(),
    b"\x01\x02\x03\x04\x05\x06\x07\x08",
    b"2026-03-02 10:00:01,000 INFO [main] a.B - \x01 marks \x02", b"\x1b[31mred\x1b[0m 2026-03-02T10:00:00Z ERROR hot",
    b"\x1b[",
    b"{", b"}", b"[", b"  {", b"  },", b'  {"msg":"of an array"},', b'  {"msg":"the last"}]', b'{"log":', b'{"log":"\\u0001\\u0002\\u0003","stream":"stdout","time":"2026-03-02T10:00:01Z"}',
    b'{"log":"trace_id=0af7651916cd43dd8448eb211c80319c \\u0003\\n","stream":"stdout","time":"2026-03-02T10:00:01Z"}',
    b'{"level":"info","msg":"\\ud800"}', b'{"msg":"twice","msg":"twice","time":1772445601}',
    b"null", b"[1,2]", b'"', b"'; DROP TABLE x; --",
    b"9999-99-99T99:99:99Z ERROR impossible", b"0001-01-01T00:00:00Z INFO far",
    b"2026-03-02T10:00:60Z leap", "ﬁ ́ \u2028 \u0085".encode(),
    b"a\x0bb\x0cc\x1cd\x85e", b"2026-03-02T10:00:01Z 2026-03-02T10:00:01Z twice 2026-03-02T10:00:01Z",
    b"=" * 300, b"\xed\xa0\x80",
    b"#Fields: ", b"#Fields: date time c-ip " + b"x " * 30, b"trace_id=deadbeefdeadbeefdeadbeef 2026-03-02T10:00:01Z",
]  # fmt: skip


def lines() -> st.SearchStrategy[bytes]:
    """What programs write, what no program means to write, and the first with a wound."""
    known = st.sampled_from([record.encode() for records in LOGS.values() for record in records])
    junk = st.sampled_from(JUNK) | st.binary(max_size=40)
    wound = st.sampled_from(
        [b"", b"\0", b"\1", b"\3", b"\xff", b'"', b"\\", b"\\u0003", b"\x1b[1m", b"\r"]
    ) | st.binary(max_size=4)
    wounded = st.builds(lambda line, at, what: line[:at] + what + line[at:], known, st.integers(0, 90), wound)
    return known | known | junk | wounded


def files() -> st.SearchStrategy[bytes]:
    """Any bytes that are not to be unpacked: any mix of lines, any line ends, with and without the last newline; UTF-16 now
    and then."""
    line = st.builds(bytes.__add__, lines(), st.sampled_from([b"\n"] * 6 + [b"\r\n", b"\n\n", b""]))
    wide = st.builds(
        lambda data, how: data.decode("latin-1").encode(how),
        st.lists(line, max_size=10).map(b"".join),
        st.sampled_from(["utf-16", "utf-16-be"]),
    )
    mixed = st.lists(line, max_size=40).map(b"".join)
    return (mixed | mixed | st.binary(max_size=200) | wide).filter(lambda data: recognise(data) is None)
