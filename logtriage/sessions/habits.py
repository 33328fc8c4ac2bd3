"""What is usual: which steps go together, how often each comes, in what order, how long sessions take.

Everything is a share of sessions, told as surprise: bits = −log2 of the share, smoothed so that a rule seen to hold in
few sessions is not trusted (Laplace's rule of succession). Rules are learnt from a sample of sessions; which ones are in
it follows from their names alone, so the answer does not depend on the order of arrival.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logtriage.sessions.steps import Gathered

if TYPE_CHECKING:
    import duckdb

SAMPLE = 20_000  # sessions that rules are learnt from
_COMMON = 80  # templates that rules are about: those that most sessions have
_FEWEST = 8  # sessions that a rule has to be seen in
FLOOR = 2.0  # bits: what a quarter of the sessions do is no surprise
_LATE = 0.98  # of the sessions that have a step have it by then
_STEADY = 0.9  # of the sessions that have a step have it equally often: else its number says nothing


def surprise(some: str, all_: str) -> str:
    """SQL: bits of what `some` of `all_` sessions do."""
    return f"-log2(({some} + 1.0) / ({all_} + 2.0))"


def learn(con: duckdb.DuckDBPyConnection, gathered: Gathered) -> None:
    """Fills these temp tables from `steps` and `sessions`:

    `delays` (template, usual, late): nanoseconds from a session's begin to this step, median and 98th percentile;
    `closing` (template): the steps that sessions end with;
    `company` (given, template, bits, kept, every): of `every` session with `given` (0: all), `kept` have `template`;
    `numbers` (template, n, bits, usual): a step that comes n times where it usually comes `usual` times;
    `sequence` (earlier, later, bits): two steps in this order, and it is that surprising the other way round;
    `spread` (template, sessions, bits): how many sessions have a step.
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE learnt AS FROM sessions ORDER BY id LIMIT {SAMPLE}")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE spread AS
        SELECT template, count(*) AS sessions, {surprise("count(*)", str(gathered.sessions))} AS bits
        FROM steps GROUP BY template""")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE common AS
        SELECT template, count(*) AS sessions FROM steps SEMI JOIN learnt USING (id)
        GROUP BY template HAVING sessions >= {_FEWEST} ORDER BY sessions DESC, template LIMIT {_COMMON}""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE known AS
        SELECT t.id, template, t.n, t.starts, t.first, t.last, s.first AS begun, s.last AS ended
        FROM steps AS t JOIN learnt AS s USING (id) SEMI JOIN common USING (template)""")
    _learn_times(con)
    _learn_company(con, gathered)
    _learn_numbers(con)
    _learn_sequence(con)


def _learn_times(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE delays AS
        SELECT template, quantile_cont(first - begun, 0.5)::BIGINT AS usual,
               quantile_cont(last - begun, {_LATE})::BIGINT AS late
        FROM known WHERE first IS NOT NULL GROUP BY template""")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE closing AS
        SELECT template FROM known GROUP BY template HAVING avg((last = ended)::INTEGER) >= {_STEADY}""")


def cut(gathered: Gathered, session: str, template: str) -> str:
    """SQL: may a session lack a step because it lies outside of the window? `session`, `template`: names of a row of
    `sessions` and a column. Before it: the session seems to begin in the middle, and the step usually comes earlier."""
    if gathered.start is None or gathered.end is None:
        return "false"
    return (
        f"({session}.first + (SELECT late FROM delays WHERE delays.template = {template}) > {gathered.end} OR "
        f"coalesce((SELECT o.late > 0 AND {session}.first - o.late < {gathered.start} AND d.usual <= o.usual "
        f"FROM delays AS d, delays AS o WHERE d.template = {template} AND o.template = {session}.opens), false))"
    )


def _learn_company(con: duckdb.DuckDBPyConnection, gathered: Gathered) -> None:
    """Steps that come with another, or in all sessions (given: 0). What a session may lack because it is cut does not
    count against a rule."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE lacking AS
        SELECT s.id, c.template FROM learnt AS s CROSS JOIN common AS c ANTI JOIN known AS k
        ON k.id = s.id AND k.template = c.template WHERE NOT coalesce({cut(gathered, "s", "c.template")}, false)""")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE company AS
        WITH having_ AS (SELECT id, template FROM known UNION ALL SELECT id, 0 FROM learnt),
        kept AS (SELECT h.template AS given, k.template, count(*) AS kept
                 FROM having_ AS h JOIN known AS k USING (id) WHERE h.template <> k.template GROUP BY ALL),
        broken AS (SELECT h.template AS given, l.template, count(*) AS broken
                   FROM having_ AS h JOIN lacking AS l USING (id) GROUP BY ALL)
        SELECT given, template, {surprise("coalesce(broken, 0)", "(kept + coalesce(broken, 0))")} AS bits,
               kept, kept + coalesce(broken, 0) AS every
        FROM kept LEFT JOIN broken USING (given, template) WHERE bits >= {FLOOR} AND kept >= {_FEWEST}""")


def _learn_numbers(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE numbers AS
        WITH counted AS (SELECT template, n, count(*) AS k FROM steps SEMI JOIN common USING (template) GROUP BY ALL),
        modes AS (SELECT template, arg_max(n, (k, -n)) AS usual, max(k) AS most, sum(k) AS every
                  FROM counted GROUP BY template HAVING most >= {_STEADY} * every)
        SELECT template, c.n, usual, {surprise("sum(o.k)", "every")} AS bits
        FROM counted AS c JOIN modes USING (template) JOIN counted AS o USING (template)
        WHERE c.n <> usual AND CASE WHEN c.n > usual THEN o.n >= c.n ELSE o.n <= c.n END
        GROUP BY template, c.n, usual, every HAVING bits >= {FLOOR}""")


def _learn_sequence(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE sequence AS
        SELECT a.template AS earlier, b.template AS later, count(*) FILTER (a.starts < b.starts) AS kept,
               count(*) FILTER (a.starts > b.starts) AS broken, {surprise("broken", "kept + broken")} AS bits
        FROM known AS a JOIN known AS b ON a.id = b.id AND a.template <> b.template
        GROUP BY ALL HAVING bits >= {FLOOR} AND kept >= {_FEWEST}""")
