"""How far judgements of the same answers agree: of a judge and people, of two judges of a panel, of one judge twice, of one
judge in two forms; and what judges took."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import duckdb
import numpy as np

from primum.marks import PANEL
from primum.marks.jsonl import jsonl
from primum.records import PAPER, Agreement, Cost, Criterion
from primum.stats.means import mean_interval
from primum.stats.rates import rate_interval

_ALIKE = """count(*) as n, avg(abs(a.value - b.value)) as gap, list((a.value = b.value)::INTEGER order by a.i) as same,
    list(cluster order by a.i) as clusters"""


def read_agreements(tables: duckdb.DuckDBPyConnection) -> Iterator[Agreement]:
    """For each suite and criterion: every pair of named judges of one form on what both marked, each judge in both forms,
    and each judge with itself."""
    pairs = tables.execute(
        f"""select suite, a.criterion, a.judge, b.judge, {_ALIKE}
        from marks a join marks b on a.response_id = b.response_id and a.criterion = b.criterion and a.judge < b.judge
        join items on items.i = a.i
        where a.judge <> 'auto' and b.judge <> 'auto'
            and not starts_with(a.judge, '{PANEL}') and not starts_with(b.judge, '{PANEL}')
            and a.value is not null and b.value is not null
        group by all order by all"""
    ).fetchall()
    for suite, criterion, first, second, n, gap, same, clusters in pairs:
        if first.endswith(PAPER) == second.endswith(PAPER):
            yield _agreement("panel", suite, criterion, (first, second), n, gap, same, clusters)
        elif first.removesuffix(PAPER) == second.removesuffix(PAPER):
            yield _agreement("forms", suite, criterion, (first, second), n, gap, same, clusters)
    again = tables.execute(
        f"""select suite, a.criterion, a.judge, {_ALIKE}
        from marks a join repeats b on a.response_id = b.response_id and a.criterion = b.criterion and a.judge = b.judge
        join items on items.i = a.i where a.value is not null group by all order by all"""
    ).fetchall()
    for suite, criterion, judge, n, gap, same, clusters in again:
        yield _agreement("retest", suite, criterion, (judge,), n, gap, same, clusters)


def read_people(tables: duckdb.DuckDBPyConnection, run: Path) -> Iterator[Agreement]:
    """For each suite, criterion and judge: how far it agrees with the people who labelled, on the answers as they were
    drawn, and how sure it was of its marks there. Several people count by their share on each answer."""
    if not tables.execute("select 1 from experts limit 1").fetchone():
        return
    sure = "STRUCT(criterion VARCHAR, confidence DOUBLE)[]"
    columns = {"response_id": "VARCHAR", "judge": "VARCHAR", "repeat": "TINYINT", "marks": sure}
    rows = tables.execute(
        f"""with said as (select response_id, judge, m.criterion as criterion, last(m.confidence) as confidence
            from (select response_id, judge, unnest(marks) as m from {jsonl(run / "verdicts.jsonl", columns)}
                where coalesce(repeat, 0) = 0 and response_id in (select response_id from experts)) group by all),
        alike as (select i, suite, m.judge, m.criterion, cluster, avg((m.value = e.value)::INTEGER) as same,
                abs(any_value(m.value) - avg(e.value)) as gap, any_value(confidence) as confidence
            from marks m join experts e using (response_id, criterion) join items using (i)
            left join said using (response_id, judge, criterion)
            where m.value is not null group by i, suite, m.judge, m.criterion, cluster, m.response_id)
        select suite, criterion, judge, avg(gap), list(same order by i), list(cluster order by i), avg(confidence)
        from alike group by all order by suite, criterion, judge"""
    ).fetchall()
    for suite, criterion, judge, gap, same, clusters, confidence in rows:
        share = mean_interval(np.array(same, dtype=np.float64), np.array(clusters), bounds=(0.0, 1.0))
        yield Agreement(
            kind="people", suite=suite, criterion=Criterion(criterion), judges=(judge,), n=len(same), same=share.value,
            low=share.low, high=share.high, gap=gap, confidence=confidence,
        )  # fmt: skip


def read_costs(tables: duckdb.DuckDBPyConnection, run: Path) -> Iterator[Cost]:
    """What each named judge took, repetitions and verdicts that were made anew counted in."""
    columns = {"judge": "VARCHAR"} | dict.fromkeys(("calls", "prompt_tokens", "completion_tokens"), "BIGINT")
    rows = tables.execute(
        f"""select judge, count(*), coalesce(sum(calls), 0), coalesce(sum(prompt_tokens), 0),
            coalesce(sum(completion_tokens), 0)
        from {jsonl(run / "verdicts.jsonl", columns)} where judge <> 'auto' group by 1 order by 1"""
    ).fetchall()
    for judge, *counts in rows:
        verdicts, calls, prompt, completion = (int(n) for n in counts)
        yield Cost(judge=judge, verdicts=verdicts, calls=calls, prompt_tokens=prompt, completion_tokens=completion)


def _agreement(
    kind: Literal["panel", "retest", "forms"],
    suite: str,
    criterion: str,
    judges: tuple[str, ...],
    n: int,
    gap: float,
    same: list[int],
    clusters: list[int],
) -> Agreement:
    share = rate_interval(np.array(same), np.array(clusters))
    return Agreement(
        kind=kind,
        suite=suite,
        criterion=Criterion(criterion),
        judges=judges,
        n=n,
        same=share.value,
        low=share.low,
        high=share.high,
        gap=gap,
    )
