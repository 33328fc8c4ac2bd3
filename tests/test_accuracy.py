"""Logs of many makes: where their records begin, how bad they are, when they were written, and whose address they tell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import engine
import pytest

from logtriage import jsonl
from logtriage.formats.attributes import attributes
from logtriage.formats.format import load_formats
from logtriage.formats.node import Node
from logtriage.normalise import Normaliser
from logtriage.query.field import Field
from logtriage.sources.find import find
from logtriage.sql import literal
from logtriage.store.connection import connect

# A name, the lines, and of each record that they make: how many lines, which level, when.
CASES: dict[str, tuple[list[str], list[str]]] = {
    "level between bars": (
        [
            "2026-01-02 03:04:05.1|Warn|Sync|slow 10.0.0.9",
            "2026-01-02 03:04:06.1|Info|Sync|ok",
        ],
        ["1 warn 2026-01-02T03:04:05.100Z", "1 info 2026-01-02T03:04:06.100Z"],
    ),
    "short level words": (
        [
            "[7] 2026/01/02 03:04:05.000001 [INF] up",
            "[7] 2026/01/02 03:04:06.000001 [WRN] slow",
        ],
        ["1 info 2026-01-02T03:04:05.000001Z", "1 warn 2026-01-02T03:04:06.000001Z"],
    ),
    "level before a slash": (
        [
            "[2026-01-02 03:04:05 +0200] information/Store: opened",
            "[2026-01-02 03:04:06 +0200] critical/Store: gone",
        ],
        ["1 info 2026-01-02T01:04:05Z", "1 error 2026-01-02T01:04:06Z"],
    ),
    "level before the stamp": (
        [
            "ERROR [main] 2026-01-02 03:04:05,118 Store.java:4 - lost",
            "java.io.IOException: x",
            "\tat a.B.c(B.java:1)",
            "DEBUG [main] 2026-01-02 03:04:05,119 Store.java:4 - ok",
        ],
        ["3 error 2026-01-02T03:04:05.118Z", "1 debug 2026-01-02T03:04:05.119Z"],
    ),
    "level in asterisks": (
        [
            "02.01.2026 03:04:05.678 *INFO* [qtp-7] shop.Cart Service [122] REGISTERED",
            "02.01.2026 03:04:06.678 *DEBUG* [qtp-7] shop.Cart idle",
        ],
        ["1 info 2026-01-02T03:04:05.678Z", "1 debug 2026-01-02T03:04:06.678Z"],
    ),
    "level with a sign behind it": (
        [
            "2026/01/02 03:04:05 kid1| WARNING! Your pool is running dry",
            "2026/01/02 03:04:06 pay JobId 7: Fatal error: no pool",
            "2026/01/02 03:04:07 [Info#SQL] SELECT 1",
        ],
        ["1 warn 2026-01-02T03:04:05Z", "1 fatal 2026-01-02T03:04:06Z", "1 info 2026-01-02T03:04:07Z"],
    ),
    "clock first, a date far behind it in one line": (
        [
            "03:04:05.412345 pump 7.0.8 release log, built (Apr 18 2023 12:01:02)",
            "03:04:06.412345 the pump is up",
        ],
        ["1 - 2026-03-02T03:04:05.412345Z", "1 - 2026-03-02T03:04:06.412345Z"],
    ),
    "level in a tuple": (
        [
            "[cart:warn,2026-01-02T03:04:05.123Z,n1:x]Bucket slow",
            "[cart:info,2026-01-02T03:04:05.123Z,n1:x]Bucket failed over",
        ],
        ["1 warn 2026-01-02T03:04:05.123Z", "1 info 2026-01-02T03:04:05.123Z"],
    ),
    "level where a host might be": (
        [
            "2026-01-02T03:04:05.123Z ERROR Router: refused by 10.0.0.1",
            "2026-01-02T03:04:05.223Z WARN Router.X: slow",
        ],
        ["1 error 2026-01-02T03:04:05.123Z", "1 warn 2026-01-02T03:04:05.223Z"],
    ),
    "lower-case level": (
        [
            "2026-01-02T03:04:05.537Z info cartd [a/b.go:148] reading",
            "2026-01-02T03:04:05.537Z error cartd [a/b.go:148] read",
        ],
        ["1 info 2026-01-02T03:04:05.537Z", "1 error 2026-01-02T03:04:05.537Z"],
    ),
    "keys nobody lists": (
        [
            '{"evt":{"occurred_at":"2026-01-02T03:04:05Z","severity_label":"Warning "},"m":"x"}',
            '{"evt":{"occurred_at":"2026-01-02T03:04:06Z","severity_label":"ERROR"},"m":"x"}',
        ],
        ["1 warn 2026-01-02T03:04:05Z", "1 error 2026-01-02T03:04:06Z"],
    ),
    "a type that is a level beside a status that is none": (
        [
            '{"meta":{"client_ts_ms":"1767323045678"},"event":{"type":"error"},"status":200}',
        ],
        ["1 error 2026-01-02T03:04:05.678Z"],
    ),
    "a time under an odd key": (
        [
            '{"status":200,"request_time_ms":3,"logged":{"when":1767323045.5},"lvl":"W"}',
        ],
        ["1 warn 2026-01-02T03:04:05.500Z"],
    ),
    "OTLP in arrays": (
        [
            '{"resourceLogs":[{"resource":{"attributes":[]},"scopeLogs":[{"logRecords":[{"timeUnixNano":"1767323045678901234","severityText":"ERROR","body":{"stringValue":"boom"}}]}]}]}',
        ],
        ["1 error 2026-01-02T03:04:05.678901234Z"],
    ),
    "JSON over two lines": (
        [
            '{"time": "2026-01-02T03:04:05Z",',
            '"level": "WARN", "msg": "a"}',
            '{"time": "2026-01-02T03:04:06Z", "level": "INFO",',
            '"msg": "b"}',
        ],
        ["2 warn 2026-01-02T03:04:05Z", "2 info 2026-01-02T03:04:06Z"],
    ),
    "pretty-printed JSON": (
        [
            "{",
            '  "time": "2026-01-02T03:04:05Z",',
            '  "level": "error"',
            "}",
            "{",
            '  "time": "2026-01-02T03:04:06Z",',
            '  "level": "info"',
            "}",
        ],
        ["4 error 2026-01-02T03:04:05Z", "4 info 2026-01-02T03:04:06Z"],
    ),
    "syslog severity from its number": (
        [
            "<11>Jan  2 03:04:05 web1 cart[7]: it broke",
            "<14>Jan  2 03:04:06 web1 cart[7]: it works",
        ],
        ["1 error 2026-01-02T03:04:05Z", "1 info 2026-01-02T03:04:06Z"],
    ),
    "syslog without severity": (
        [
            "Jan  2 03:04:05 web1 automount[7]: lookup for a failed",
            "Jan  2 03:04:06 web1 automount[7]: mounted",
        ],
        ["1 error 2026-01-02T03:04:05Z", "1 info 2026-01-02T03:04:06Z"],
    ),
    "W3C, its columns changed": (
        [
            "#Software: X",
            "#Version: 1.0",
            "#Fields: date time c-ip cs-method cs-uri-stem sc-status",
            "2026-01-02 03:04:05 10.0.0.1 GET / 200",
            "#Software: X",
            "#Fields: date time cs-method c-ip sc-status",
            "2026-01-02 03:04:06 GET 10.0.0.2 503",
        ],
        ["3 - -", "1 info 2026-01-02T03:04:05Z", "2 - -", "1 error 2026-01-02T03:04:06Z"],
    ),
    "a served panic in Go": (
        [
            "2026/01/02 03:04:05 http: panic serving 10.0.0.1:5: nil",
            "goroutine 24 [running]:",
            "net/http.(*conn).serve.func1(0xc00007eaa0)",
            "\t/usr/x.go:1 +0x1",
            "2026/01/02 03:04:06 going on",
        ],
        ["4 error 2026-01-02T03:04:05Z", "1 - 2026-01-02T03:04:06Z"],
    ),
    "a signal in Go": (
        [
            "panic: runtime error: invalid memory address or nil pointer dereference",
            "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x7fd34f]",
            "",
            "goroutine 5 [running]:",
            "panics.nilPtrDereference()",
            "\tpanics.go:33 +0x1f",
            "created by main.main",
            "\tm.go:1 +0x2",
            "starting again",
        ],
        ["8 error -", "1 - -"],
    ),
    "Java, stamp and trace": (
        [
            "Jul 09, 2025 3:23:29 PM com.acme.feeder.MakeLog: RuntimeException: Run from this message!",
            "  at com.my.app.Object.do$a1(MakeLog.java:50)",
            "  at java.lang.Thing.call(Thing.java:10)",
        ],
        ["3 error 2025-07-09T15:23:29Z"],
    ),
    "Java, causes": (
        [
            "javax.servlet.ServletException: Something bad happened",
            "    at com.x.F.d(F.java:6)",
            "Caused by: com.x.Y",
            "    at com.x.F.d(F.java:6)",
            "    ... 27 more",
            "Caused by: java.sql.SQLException: Violation [x]",
            "    at org.h.U.s(U.java:1)",
            "    ... 54 more",
            "javax.servlet.ServletException: again",
            "    at com.x.F.d(F.java:6)",
        ],
        ["8 error -", "2 error -"],
    ),
    "PHP": (
        [
            "exception 'Exception' with message 'Thrown exception' in /home/a/test.php:5",
            "Stack trace:",
            "#0 /home/a/test.php(9): f1()",
            "#1 {main}",
            "next",
        ],
        ["4 error -", "1 - -"],
    ),
    "PHP, uncaught": (
        [
            "PHP Fatal error:  Uncaught exception 'Exception' with message 'message' in /b/errors.php:60",
            "Stack trace:",
            "#0 [internal function]: E::{closure}()",
            "#1 /b/errors.php(20): call_user_func_array(Object(Closure), Array)",
            "#7 {main}",
            "  thrown in /b/errors.php on line 60",
        ],
        ["6 error -"],
    ),
    "Ruby on Rails": (
        [
            ' ActionController::RoutingError (No route matches [GET] "/settings"):',
            "  ",
            "  actionpack (5.1.4) lib/a.rb:63:in `call'",
            "  rails (5.1.4) b.rb:2:in `x'",
        ],
        ["4 error -"],
    ),
    "Python, chained": (
        [
            "Traceback (most recent call last):",
            '  File "a.py", line 1, in <module>',
            "    f()",
            "KeyError: 'a'",
            "",
            "During handling of the above exception, another exception occurred:",
            "",
            "Traceback (most recent call last):",
            '  File "a.py", line 3, in <module>',
            "    g()",
            "botocore.errorfactory.ResourceNotFound: no",
            "next line",
        ],
        ["11 error -", "1 - -"],
    ),
    "Dart": (
        [
            "Unhandled exception:",
            "type 'String' is not a subtype of type 'int' of 'index'",
            "#0      main.<anonymous closure> (file:///a/b.dart:1:2)",
            "#1      printError (file:///a/b.dart:61:13)",
        ],
        ["4 error -"],
    ),
    "Rust": (
        [
            "thread 'main' panicked at src/main.rs:2:5:",
            "index out of bounds",
            "stack backtrace:",
            "   0: rust_begin_unwind",
            "             at /rustc/x.rs:1",
            "note: run with `RUST_BACKTRACE=1` environment variable",
            "ok",
        ],
        ["6 error -", "1 - -"],
    ),
    "Java, behind a line of a build": (
        [
            "[INFO] building",
            "[ERROR] the goal failed",
            "org.shop.till.PaperException: none left",
            "    at org.shop.till.Paper.take (Paper.java:3)",
            "Caused by: java.io.IOException: no",
            "    ... 3 more",
            "[ERROR] again",
        ],
        ["1 info -", "5 error -", "1 error -"],
    ),
    "Elixir, unstamped": (
        [
            "[info] up",
            "[error] GenServer #PID<0.6.0> terminating",
            "** (stop) :closed",
            "Last message (from #PID<0.5.0>): :take",
            'State: %{paper: "none"}',
            "[info] up",
        ],
        ["1 info -", "4 error -", "1 info -"],
    ),
    "Mono": (
        [
            "[Error  : Till] NullReferenceException: none left",
            "Stack trace:",
            "(wrapper dynamic-method) Till.DMD<Till::Take>(Till)",
            "[Message: Till] up",
        ],
        ["3 error -", "1 info -"],
    ),
    "Rich, several in a second": (
        [
            "[01/02/26 03:04:05] INFO     up                                  till.py:3",
            "                    WARNING  the paper is nearly                till.py:4",
            "                             gone",
            "                    ERROR    none left                          till.py:5",
        ],
        ["1 info 2026-01-02T03:04:05Z", "2 warn -", "1 error -"],
    ),
    "Ant": (
        [
            "Buildfile: /till/build.xml",
            "    [javac] Compiling 3 files",
            "    [javac] /till/Paper.java:3: error: cannot find symbol",
            "    [javac]         take();",
            "    [javac]         ^",
            "BUILD FAILED",
            "/till/build.xml:3: The following error occurred while executing this line:",
            "/till/paper.xml:4: Compile failed",
        ],
        ["1 - -", "1 - -", "3 error -", "3 error -"],
    ),
    "npm": (["npm error code E404", "npm notice", "npm notice a new one"], ["1 error -", "1 info -", "1 info -"]),
    "a date in a column": (
        ["02.01.2026 | 03:04:05 | BGP | up", "13.01.2026 | 03:04:06 | BGP | warning: down"],
        ["1 - 2026-01-02T03:04:05Z", "1 warn 2026-01-13T03:04:06Z"],
    ),
    "varnishlog": (
        [
            "*   << Request  >> 32770",
            "-   Begin          req 32769 rxreq",
            "-   Timestamp      Start: 1767323045.678901 0.000000 0.000000",
            "-   RespStatus     503",
            "-   End",
            "",
            "*   << Session  >> 32769",
            "-   End",
        ],
        ["6 error 2026-01-02T03:04:05.678901Z", "2 - -"],
    ),
    "a time behind a level's word": (
        [
            "DEBUG: (wg0) 2026/01/02 03:04:05 up",
            "ERROR: (wg0) 2026/01/02 03:04:06 no key",
            "[ERROR] (wg0) 2026/01/02 03:04:07 no key",
        ],
        ["1 debug 2026-01-02T03:04:05Z", "1 error 2026-01-02T03:04:06Z", "1 error 2026-01-02T03:04:07Z"],
    ),
    "a level's word alone": (
        ["ERROR: it was due at 2026/01/02 03:04:05 and is late", "INFO: up"],
        ["1 error -", "1 info -"],
    ),
    "a level between hyphens": (
        ["Fri Jan 02 2026 03:04:05 GMT+0100 <7> -- warning -- no token"],
        ["1 warn 2026-01-02T02:04:05Z"],
    ),
    "CSV": (
        [
            "Timestamp,Source IP,Severity,Message",
            "2026-01-02T03:04:05Z,203.0.113.9,High,x",
            "2026-01-02T03:04:06Z,203.0.113.9,Warning,x",
        ],
        ["1 - -", "1 error 2026-01-02T03:04:05Z", "1 warn 2026-01-02T03:04:06Z"],
    ),
    "time of day": (
        [
            "03:04:05.123 [main] INFO  a.B - hello",
            "03:04:06.123 [main] WARN  a.B - hi",
        ],
        ["1 info 2026-03-02T03:04:05.123Z", "1 warn 2026-03-02T03:04:06.123Z"],
    ),
    "time of day inside docker": (
        [
            '{"log":"11:04:05.1 WARN a.B x\\n","stream":"stdout","time":"2026-01-02T03:04:05.2Z"}',
            '{"log":"java.io.IOException: x\\n","stream":"stdout","time":"2026-01-02T03:04:05.2Z"}',
            '{"log":"\\tat a.B.c(B.java:1)\\n","stream":"stdout","time":"2026-01-02T03:04:05.2Z"}',
        ],
        ["3 warn 2026-01-02T03:04:05.200Z"],
    ),
    "a trace inside docker": (
        [
            '{"log":"panic: x\\n","stream":"stderr","time":"2026-01-02T03:04:05.2Z"}',
            '{"log":"\\n","stream":"stderr","time":"2026-01-02T03:04:05.2Z"}',
            '{"log":"goroutine 1 [running]:\\n","stream":"stderr","time":"2026-01-02T03:04:05.2Z"}',
            '{"log":"main.main()\\n","stream":"stderr","time":"2026-01-02T03:04:05.2Z"}',
            '{"log":"\\t/a/b.go:1 +0x1\\n","stream":"stderr","time":"2026-01-02T03:04:05.2Z"}',
            '{"log":"started\\n","stream":"stdout","time":"2026-01-02T03:04:06.2Z"}',
        ],
        ["5 error 2026-01-02T03:04:05.200Z", "1 - 2026-01-02T03:04:06.200Z"],
    ),
    "one word after another": (
        [
            "2026-01-02 03:04:05.1234 INFO App.Start ready",
            "2026-01-02 03:04:05.1234 ERROR App.Start not",
        ],
        ["1 info 2026-01-02T03:04:05.123400Z", "1 error 2026-01-02T03:04:05.123400Z"],
    ),
    "sssd": (
        [
            "(2026-01-02  3:04:05): [be[x]] [sysdb] (0x0020): no",
        ],
        ["1 error 2026-01-02T03:04:05Z"],
    ),
    "colours and erased lines": (
        [
            "\u001b[2K\u001b[32m2026-01-02T03:04:05Z\u001b[0m \u001b[33mWARN\u001b[0m slow",
        ],
        ["1 warn 2026-01-02T03:04:05Z"],
    ),
    "a pair is no logfmt": (
        [
            "connected user=anna from 10.0.0.4",
        ],
        ["1 - -"],
    ),
    "an unknown zone": (
        [
            "2026-01-02 03:04:05 XYZT ERROR a",
        ],
        ["1 error 2026-01-02T03:04:05Z"],
    ),
    "remarks and blank lines": (
        [
            "2026-01-02 03:04:05 INFO a",
            "# a remark",
            "# and more",
            "2026-01-02 03:04:06 INFO b",
            "",
        ],
        ["1 info 2026-01-02T03:04:05Z", "2 - -", "1 info 2026-01-02T03:04:06Z"],
    ),
    "twelve hours": (
        [
            "1/2/2026 3:04:05 PM - ERROR - x",
            "1/2/2026 3:04:06 PM - Info - y",
        ],
        ["1 error 2026-01-02T15:04:05Z", "1 info 2026-01-02T15:04:06Z"],
    ),
    "all lines indented": (
        [
            "    2026-01-02T03:04:05.678Z [INFO]  agent: up",
            "    2026-01-02T03:04:06.678Z [ERROR] agent.http: no leader",
        ],
        ["1 info 2026-01-02T03:04:05.678Z", "1 error 2026-01-02T03:04:06.678Z"],
    ),
    "stamp and class, the level on the next line": (
        [
            "Jan 02, 2026 3:04:05 AM org.example.Run go",
            "SEVERE: dead",
            "\tat a.B.c(B.java:1)",
            "Jan 02, 2026 3:04:06 PM org.example.Run go",
            "INFO: done",
        ],
        ["3 error 2026-01-02T03:04:05Z", "2 info 2026-01-02T15:04:06Z"],
    ),
    "slow queries of one second under one stamp": (
        [
            "# Time: 260102  3:04:05",
            "# User@Host: anna[anna] @ web1 [10.0.0.4]",
            "# Query_time: 3.2  Lock_time: 0 Rows_sent: 0  Rows_examined: 0",
            "SET timestamp=1767323045;",
            "SELECT 1;",
            "# User@Host: anna[anna] @ web1 [10.0.0.4]",
            "# Query_time: 4.2  Lock_time: 0 Rows_sent: 0  Rows_examined: 0",
            "SET timestamp=1767323046;",
            "SELECT 2",
            "FROM cart;",
        ],
        ["5 warn 2026-01-02T03:04:05Z", "5 warn 2026-01-02T03:04:06Z"],
    ),
    "offset in minutes": (
        ["2026-01-02-03.04.05.678901+060 a : Warning: b", "2026-01-02-03.04.06.678901-300 a : Error: b"],
        ["1 warn 2026-01-02T02:04:05.678901Z", "1 error 2026-01-02T08:04:06.678901Z"],
    ),
    "a zone by its name": (
        [
            "[02-Jan-2026 03:04:05 Europe/Berlin] PHP Warning:  slow",
            "[02-Jul-2026 03:04:05 America/New_York] PHP Notice:  x",
        ],
        ["1 warn 2026-01-02T02:04:05Z", "1 info 2026-07-02T07:04:05Z"],
    ),
    "seven digits of a second": (
        ["2026-01-02T03:04:05.1234567Z [INF] a", "2026-01-02T03:04:06.1Z [INF] b"],
        ["1 info 2026-01-02T03:04:05.123456700Z", "1 info 2026-01-02T03:04:06.100Z"],
    ),
    "a letter for a level": (
        [
            "02 Jan 2026 03:04:05 E! [out] refused",
            "02 Jan 2026 03:04:06 W [a.c:7] slow",
            "02 Jan 2026 03:04:06 W agent: slow",
            "02 Jan 2026 03:04:07 I am up",
        ],
        [
            "1 error 2026-01-02T03:04:05Z",
            "1 warn 2026-01-02T03:04:06Z",
            "1 warn 2026-01-02T03:04:06Z",
            "1 - 2026-01-02T03:04:07Z",
        ],
    ),
    "a level with a number behind it": (
        ["[2026-01-02 03:04:05] x NOTICE[812] moved", "[2026-01-02 03:04:06] x ERROR[812] lost"],
        ["1 info 2026-01-02T03:04:05Z", "1 error 2026-01-02T03:04:06Z"],
    ),
    "an answer's status in a form nobody knows": (
        [
            'web1 10.0.0.9 (02/Jan/2026:03:04:05 +0000) -> "GET /cart HTTP/1.1" 503 12',
            'web1 10.0.0.9 (02/Jan/2026:03:04:06 +0000) -> "GET /cart HTTP/1.1" 200 12',
        ],
        ["1 error 2026-01-02T03:04:05Z", "1 info 2026-01-02T03:04:06Z"],
    ),
    "an answer's status deep in JSON": (
        [
            '{"time":"2026-01-02T03:04:05Z","api":{"name":"Get","status":"OK","statusCode":200}}',
            '{"time":"2026-01-02T03:04:06Z","api":{"name":"Get","status":"Bad","statusCode":503}}',
        ],
        ["1 info 2026-01-02T03:04:05Z", "1 error 2026-01-02T03:04:06Z"],
    ),
    "syslog's day and host set apart": (
        ["Jan  2 03:04:05  fw1 mgd[12]: UI_COMMIT: done"],
        ["1 info 2026-01-02T03:04:05Z"],
    ),
    "colours around all": (
        [
            "\x1b[32mINFO\x1b[0m\t\x1b[2m2026-01-02T03:04:05.678Z\x1b[0m\tmain.go:7\tup",
            "\x1b[31mERROR\x1b[0m\t\x1b[2m2026-01-02T03:04:06.678Z\x1b[0m\tmain.go:8\tdown",
        ],
        ["1 info 2026-01-02T03:04:05.678Z", "1 error 2026-01-02T03:04:06.678Z"],
    ),
    "syslog's stamp, the level behind it": (
        [
            "Jan  2 03:04:05 ERROR Store: no",
        ],
        ["1 error 2026-01-02T03:04:05Z"],
    ),
}


@pytest.fixture(scope="module")
def normaliser() -> Iterator[Normaliser]:
    """One engine for all samples."""
    con = connect()
    yield Normaliser(con, engine.reading())
    con.close()


def read(normaliser: Normaliser, folder: Path, lines: list[str]) -> list[dict[str, Any]]:
    path = folder / "app.log"
    path.write_text("\n".join(lines) + "\n")
    (source,) = find([str(path)]).sources
    return [
        json.loads(text)
        for _ in normaliser.read(source)
        for text in jsonl.lines(normaliser.con, [source], normaliser.records.chains)
    ]


def told(record: dict[str, Any]) -> str:
    time = (record["timestamp"] or "-").replace(".000000Z", "Z").replace("000Z", "Z")
    return f"{record['lines']} {record['level'] or '-'} {time}"


@pytest.mark.parametrize("name", CASES)
def test_records_levels_and_times(normaliser: Normaliser, tmp_path: Path, name: str) -> None:
    """Each log falls into the records that a reader sees, with the level and the time that they name."""
    lines, wanted = CASES[name]
    assert [told(record) for record in read(normaliser, tmp_path, lines)] == wanted


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("2026-01-02 03:04:05 login of anna from [2001:db8::7]:0 refused", "2001:db8::7"),
        ("2026-01-02 03:04:05 10.0.0.1 rejected; rhost=203.0.113.9 user=anna", "203.0.113.9"),
        ("2026-01-02 03:04:05 ACCEPT host=::ffff:203.0.113.9 port=43330", "203.0.113.9"),
        ("2026-01-02 03:04:05 wrong password. IP: ::1. Name: anna", "::1"),
        ('{"msg":"x","remote":"[::1]:1053"}', "::1"),
        ('{"msg":"x","client_ip":"203.0.113.9:443"}', "203.0.113.9"),
        ('{"msg":"x","x_forwarded_for":"203.0.113.9, 10.0.0.1"}', "203.0.113.9"),
    ],
)
def test_who_asked(normaliser: Normaliser, tmp_path: Path, line: str, address: str) -> None:
    """The client's address is told by the word before it or by its key, without brackets, port and what else is listed."""
    (record,) = read(normaliser, tmp_path, [line])
    assert record["attributes"]["client_ip"] == address


@pytest.mark.parametrize(
    "line",
    [
        '{"ts":"2026-01-02T03:04:05Z","level":"info","msg":"x",%s}',
        '{"time":"2026-01-02T03:04:05Z","level":"info","msg":"x",%s}',
        '{"timeMillis":1767323045678,"level":"INFO","loggerName":"a.B","message":"x",%s}',
        '{"level":30,"time":1767323045678,"pid":7,"hostname":"pay-1","msg":"x",%s}',
    ],
)
@pytest.mark.parametrize("key", ["service", "svc", "app", "application"])
def test_who_speaks(normaliser: Normaliser, tmp_path: Path, line: str, key: str) -> None:
    """The service is known by any usual key, whatever library wrote the line: fields beside its own are the program's."""
    (record,) = read(normaliser, tmp_path, [line % f'"{key}":"payment","pod":"pay-1-x"'])
    assert (record["service"], record["pod"], record["body"]) == ("payment", "pay-1-x", "x")


def test_structured_data_are_attributes(normaliser: Normaliser, tmp_path: Path) -> None:
    """The pairs of RFC 5424's structured data are attributes, and tell who asked."""
    line = (
        '<14>1 2026-01-02T03:04:05Z fw1 RT_FLOW - DENY [junos@2636 source-address="203.0.113.9" reason="policy"] denied'
    )
    (record,) = read(normaliser, tmp_path, [line])
    told = {"source-address": "203.0.113.9", "client_ip": "203.0.113.9", "reason": "policy", "msgid": "DENY"}
    assert record["attributes"] | told == record["attributes"]


def test_an_object_is_no_value_of_an_alias(normaliser: Normaliser, tmp_path: Path) -> None:
    """Where a key holds an object, the alias of its name tells a value inside it, or is left out."""
    line = '{"time":"2026-01-02T03:04:05Z","msg":"x","user":{"name":"anna","id":7},"error":{"type":"E"}}'
    (record,) = read(normaliser, tmp_path, [line])
    told = {"user": "anna", "user.name": "anna", "user.id": 7, "error.type": "E"}
    assert record["attributes"] | told == record["attributes"]
    assert "error" not in record["attributes"]


@pytest.mark.parametrize("key", ["user", "user.name", "user.id", "user.at.city"])
def test_an_alias_hides_no_object(normaliser: Normaliser, key: str) -> None:
    """An attribute is found by its path though an alias has the name of the object that it is in."""
    (fmt,) = (fmt for fmt in load_formats() if fmt.id == "json")
    line = '{"user":{"name":"anna","id":7,"at":{"city":"Bonn"},"\\"":1}}'
    made = attributes([Node(fmt)], literal(line), flat=False)
    condition = Field(key, "~=", "^(?:anna|7|Bonn)$").condition()
    con = normaliser.con
    assert con.execute(
        f"SELECT {condition.sql} FROM (SELECT {made} AS attributes)", condition.parameters
    ).fetchall() == [(True,)]


@pytest.mark.parametrize(
    "text",
    ["10:00:02", "2021:09:52:13", "aa:bb:cc:dd:ee:ff", "std::abs", "api::identity", "1.2.3", "14-Mar-2026::09:00:00"],
)
def test_what_is_no_address(normaliser: Normaliser, tmp_path: Path, text: str) -> None:
    """Times of day, hardware addresses, names of code and versions are not taken for addresses."""
    (record,) = read(normaliser, tmp_path, [f"2026-01-02 03:04:05 seen {text} here"])
    assert not {"ip", "client_ip"} & set(record["attributes"])


@pytest.mark.parametrize(
    "text", ["{", "{ a = {1}; }", '{"a":', "{}", '{"log":1,"stream":2,"time":3}', "{{}}\x01", '["a"', "\\"]
)
def test_no_text_breaks_the_reading(normaliser: Normaliser, tmp_path: Path, text: str) -> None:
    """What looks like JSON and is none, alone or between records, is read as text."""
    lines = [text, '{"time":"2026-01-02T03:04:05Z","level":"info","msg":"x"}', text, "2026-01-02 03:04:06 INFO y", text]
    assert sum(record["lines"] for record in read(normaliser, tmp_path, lines)) == len(lines)
