"""What of a session is not as in the others, and how surprising that is (bits, see habits.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from logtriage.formats.levels import ERROR
from logtriage.sessions.habits import FLOOR, cut, surprise
from logtriage.sessions.steps import Gathered

if TYPE_CHECKING:
    import duckdb

_FENCE = 3.0  # quartile ranges above the third quartile: Tukey's outer fence, here on logarithms
_LEAST_RANGE = 0.26  # ln(1.3): so much of a difference in time says nothing, however alike the others are
_ALIKE = 30  # sessions of the same steps are compared with each other from so many on, else with all


def find(con: duckdb.DuckDBPyConnection, gathered: Gathered) -> None:
    """Fills the temp tables `oddities` (id, what, template, other, bits, value, usual) and `cuts` (id).

    `what`: missing, end, new, error, number, order, slow. `other`: the step that it is compared with (0: none).
    `value`, `usual`: of missing, end, new, error: so many sessions of so many have it; else records or nanoseconds. `cuts`:
    sessions that lack something outside of the window.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE oddities "
        "(id UBIGINT, what VARCHAR, template UBIGINT, other UBIGINT, bits DOUBLE, value BIGINT, usual BIGINT)"
    )
    _find_missing(con, gathered)
    _find_new(con, gathered)
    _find_numbers(con, gathered)
    _find_order(con)
    _find_slow(con, gathered)


def _find_missing(con: duckdb.DuckDBPyConnection, gathered: Gathered) -> None:
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE missing AS
        WITH kinds AS (SELECT kind, min(id) AS id FROM sessions GROUP BY kind),
        having_ AS (SELECT kind, id, template FROM kinds JOIN steps USING (id) UNION ALL SELECT kind, id, 0 FROM kinds),
        absent AS (SELECT kind, c.template, max(c.bits) AS bits,
                          arg_max({{'given': given, 'kept': kept, 'every': every}}, (c.bits, given = 0, given)) AS rule
                   FROM having_ AS h JOIN company AS c ON c.given = h.template
                   ANTI JOIN steps AS t ON t.id = h.id AND t.template = c.template GROUP BY ALL)
        SELECT s.id, a.template, rule, bits, {cut(gathered, "s", "a.template")} AS is_cut
        FROM sessions AS s JOIN absent AS a USING (kind)""")
    con.execute("CREATE OR REPLACE TEMP TABLE cuts AS SELECT DISTINCT id FROM missing WHERE is_cut")
    con.execute("""
        INSERT INTO oddities
        SELECT id, CASE WHEN closes THEN 'end' ELSE 'missing' END, template, rule.given, bits, rule.kept, rule.every
        FROM missing LEFT JOIN (SELECT template, true AS closes FROM closing) USING (template)
        WHERE NOT coalesce(is_cut, false)""")


def _find_new(con: duckdb.DuckDBPyConnection, gathered: Gathered) -> None:
    con.execute(f"""
        INSERT INTO oddities
        SELECT id, CASE WHEN worst >= {ERROR} THEN 'error' ELSE 'new' END AS what, template, 0, bits,
               sessions, {gathered.sessions}
        FROM steps JOIN spread USING (template)
        WHERE bits >= {FLOOR}""")


def _find_numbers(con: duckdb.DuckDBPyConnection, gathered: Gathered) -> None:
    con.execute(f"""
        INSERT INTO oddities
        SELECT s.id, 'number', n.template, 0, n.bits, n.n, n.usual
        FROM steps AS t JOIN numbers AS n USING (template, n) JOIN sessions AS s ON s.id = t.id
        WHERE n.n > n.usual OR NOT coalesce({cut(gathered, "s", "n.template")}, false)""")


def _find_order(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""
        INSERT INTO oddities
        WITH paths AS (SELECT path, min(id) AS id FROM sessions GROUP BY path),
        walked AS MATERIALIZED (SELECT path, template, starts FROM steps JOIN paths USING (id)),
        turned AS (SELECT path, later AS template, max(q.bits) AS bits, arg_max(earlier, (q.bits, earlier)) AS other
                   FROM walked AS a JOIN walked AS b USING (path)
                   JOIN sequence AS q ON q.earlier = a.template AND q.later = b.template
                   WHERE a.starts > b.starts GROUP BY ALL)
        SELECT id, 'order', template, other, bits, 0, 0 FROM sessions JOIN turned USING (path)""")


def _find_slow(con: duckdb.DuckDBPyConnection, gathered: Gathered) -> None:
    """Sessions of the same steps are compared where there are enough; what is seldom is so many times as slow."""
    con.execute(f"""
        INSERT INTO oddities
        WITH resolution AS (SELECT CASE WHEN max(moment % 1000000000) > 0 THEN 1e6 ELSE 1e9 END AS tick FROM events),
        taken AS (SELECT id, kind, last - first AS time, ln(time + tick) AS log
                  FROM sessions, resolution WHERE records > 1 AND first IS NOT NULL),
        fences AS (SELECT kind, quantile_cont(log, [0.25, 0.5, 0.75]) AS q FROM taken
                   GROUP BY GROUPING SETS ((kind), ()) HAVING count(*) >= {_ALIKE} OR grouping(kind) = 1),
        compared AS (SELECT id, time, log, coalesce(k.q, a.q) AS q
                     FROM taken AS t LEFT JOIN fences AS k ON k.kind = t.kind JOIN fences AS a ON a.kind IS NULL),
        beyond AS (SELECT *, (log - q[3]) / greatest(q[3] - q[1], {_LEAST_RANGE}) AS excess FROM compared),
        slow AS (SELECT *, rank() OVER (ORDER BY excess DESC) AS place FROM beyond WHERE excess > {_FENCE}),
        gaps AS (SELECT id, template, moment - lag(moment) OVER (PARTITION BY id ORDER BY moment, place) AS gap
                 FROM events SEMI JOIN slow USING (id)),
        waits AS (SELECT id, arg_max(template, (gap, template)) AS step FROM gaps WHERE gap > 0 GROUP BY id)
        SELECT id, 'slow', coalesce(step, 0), 0, {surprise("place", str(gathered.sessions))}, time,
               greatest(0, exp(q[2]) - tick)::BIGINT
        FROM slow LEFT JOIN waits USING (id), resolution""")
