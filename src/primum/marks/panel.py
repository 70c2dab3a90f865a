"""Several judges as one: the marks of the judge `panel`, drawn from theirs.

Of each answer and criterion the panel's mark is the median of its judges' marks where more than half of the judges gave
one; for a yes or no that is the majority. Where fewer did, or a yes and no are even, the panel gives no mark
(`no_majority`): a tie is not broken by taste.
"""

from __future__ import annotations

import duckdb

from primum.records import PAPER, Criterion

PANEL = "panel"
_FORM = f"case when ends_with(judge, '{PAPER}') then '{PAPER}' else '' end"
YES_OR_NO = (
    *(Criterion.REFUSAL, Criterion.DEGENERATE, Criterion.CORRECT, Criterion.RISK, Criterion.R1, Criterion.R2),
    *(Criterion.Q1, Criterion.Q2, Criterion.Q3, Criterion.Q4),
)
OF_RISK_FREE = (Criterion.QUALITY, Criterion.QUALITY_PLAIN, Criterion.Q1, Criterion.Q2, Criterion.Q3, Criterion.Q4)
OF_RISK = (Criterion.COMPREHENSIVE, Criterion.COMPREHENSIVE_PLAIN)


def add_panel(tables: duckdb.DuckDBPyConnection) -> None:
    """Add the panel's rows to the table `marks`, for each criterion that two or more named judges have marked.

    Judges that keep to a paper's form are a panel of their own: one model in two forms is not two judges. MedES's quality
    is asked of risk-free answers only, so a panel has none where it finds a risk; and it has no comprehensive score where
    it cannot tell.
    """
    tables.execute(
        f"""create temp table seats as
        select criterion, {_FORM} as form, count(distinct judge) as judges
        from marks where judge <> 'auto' group by 1, 2 having count(distinct judge) > 1"""
    )
    found = tables.execute("select count(*) from seats").fetchone()
    if found and found[0]:
        _add_rows(tables)
    tables.execute("drop table seats")


def _add_rows(tables: duckdb.DuckDBPyConnection) -> None:
    tables.execute(
        """create temp table ruled as
        select i, sample, response_id, criterion, form,
            case when 2 * given > judges and not (list_contains(?, criterion) and middle <> round(middle)) then middle end
                as value
        from (
            select i, sample, response_id, criterion, form, any_value(judges) as judges, count(value) as given,
                median(value) as middle
            from (select *, {form} as form from marks where judge <> 'auto') join seats using (criterion, form)
            group by all
        )""".replace("{form}", _FORM),
        [[criterion.value for criterion in YES_OR_NO]],
    )
    tables.execute(
        f"""insert into marks
        select i, sample, response_id, '{PANEL}' || form, criterion, told, '',
            case when told is null then 'no_majority' end
        from (
            select ruled.*, case when list_contains(?, criterion) and known and risk is null then null else value end as told
            from ruled left join (
                select response_id, form, value as risk, true as known from ruled where criterion = 'risk'
            ) using (response_id, form)
            where not (list_contains(?, criterion) and coalesce(risk, 0) >= 1)
        )""",
        [[criterion.value for criterion in OF_RISK], [criterion.value for criterion in OF_RISK_FREE]],
    )
    tables.execute("drop table ruled")
