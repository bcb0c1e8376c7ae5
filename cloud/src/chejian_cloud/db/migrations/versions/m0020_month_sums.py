"""Month sums of the machines' days, kept by the database itself with each day that is closed, changed or taken away."""

from collections.abc import Sequence
from typing import NamedTuple

from alembic import op

revision: str = "0020_month_sums"
down_revision: str | None = "0019_tariffs"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


class _Summed(NamedTuple):
    """Days of a table that are summed: which rows count, and their four numbers."""

    indicator: str
    table: str
    counts: str
    terms: str


_SUMMED = (
    _Summed(
        "oee",
        "kpi_value",
        "{row}.kpi = 'oee' AND {row}.window_kind = 'day' AND NOT {row}.provisional AND {row}.effective_us IS NOT NULL",
        "{row}.effective_us, COALESCE({row}.busy_us, 0), COALESCE({row}.busy_us, 0), COALESCE({row}.busy_us + {row}.no_data_us, 0)",
    ),
    _Summed(
        "energy",
        "energy_value",
        "{row}.window_kind = 'day' AND NOT {row}.provisional AND {row}.output IS NOT NULL",
        '{row}.amount, {row}.output, {row}.covered_us, (extract(epoch FROM {row}."end" - {row}.start) * 1000000)::bigint',
    ),
)
_MONTH = "date_trunc('month', {row}.start AT TIME ZONE 'Asia/Shanghai')::date"
_ADD = """
INSERT INTO app.month_sum AS m (equipment_id, indicator, month, days, numerator, denominator, covered_us, due_us)
{rows}
ON CONFLICT (equipment_id, indicator, month) DO UPDATE
   SET days = m.days + excluded.days, numerator = m.numerator + excluded.numerator,
       denominator = m.denominator + excluded.denominator, covered_us = m.covered_us + excluded.covered_us,
       due_us = m.due_us + excluded.due_us"""
_TAKE_OFF = """
UPDATE app.month_sum AS m
   SET days = m.days - 1, numerator = m.numerator - t.n1, denominator = m.denominator - t.n2, covered_us = m.covered_us - t.n3,
       due_us = m.due_us - t.n4
  FROM {values} WHERE m.equipment_id = {row}.equipment_id AND m.indicator = '{indicator}' AND m.month = {month}"""


def upgrade() -> None:
    op.execute("""
        CREATE TABLE app.month_sum (
            equipment_id INTEGER NOT NULL,
            indicator TEXT NOT NULL,
            month DATE NOT NULL,
            days INTEGER NOT NULL,
            numerator BIGINT NOT NULL,
            denominator BIGINT NOT NULL,
            covered_us BIGINT NOT NULL,
            due_us BIGINT NOT NULL,
            CONSTRAINT pk_month_sum PRIMARY KEY (equipment_id, indicator, month),
            CONSTRAINT fk_month_sum_equipment_id FOREIGN KEY (equipment_id) REFERENCES app.equipment (equipment_id),
            CONSTRAINT ck_month_sum_indicator CHECK (indicator in ('oee', 'energy')),
            CONSTRAINT ck_month_sum_days CHECK (days >= 0)
        );
    """)
    for summed in _SUMMED:
        _keep(summed)


def _keep(summed: _Summed) -> None:
    """Triggers that add what is new and take off what was; they are asked for closed days only."""
    indicator, table = summed.indicator, f"app.{summed.table}"

    def values(row: str) -> str:
        return f"(VALUES ({summed.terms.format(row=row)})) AS t(n1, n2, n3, n4)"

    def month(row: str) -> str:
        return _MONTH.format(row=row)

    add = _ADD.format(
        rows=f"SELECT NEW.equipment_id, '{indicator}', {month('NEW')}, 1, t.n1, t.n2, t.n3, t.n4 FROM {values('NEW')}"  # noqa: S608 - our own parts
    )
    take_off = _TAKE_OFF.format(values=values("OLD"), row="OLD", indicator=indicator, month=month("OLD"))
    old, new = summed.counts.format(row="OLD"), summed.counts.format(row="NEW")
    function = f"app.sum_{indicator}_month()"
    op.execute(f"""
        CREATE FUNCTION {function} RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'TRUNCATE' THEN
                DELETE FROM app.month_sum WHERE indicator = '{indicator}';
                RETURN NULL;
            END IF;
            IF TG_OP <> 'INSERT' AND {old} THEN
                {take_off};
            END IF;
            IF TG_OP <> 'DELETE' AND {new} THEN
                {add};
            END IF;
            RETURN NULL;
        END $$
    """)  # noqa: S608 - our own parts
    for what, when in (("INSERT", new), ("DELETE", old), ("UPDATE", f"({old}) OR ({new})")):
        op.execute(
            f"CREATE TRIGGER {what.lower()}_month AFTER {what} ON {table} FOR EACH ROW WHEN ({when})"
            f" EXECUTE FUNCTION {function}"
        )
    op.execute(f"CREATE TRIGGER truncate_month AFTER TRUNCATE ON {table} EXECUTE FUNCTION {function}")
    terms = ", ".join(f"sum(t.n{i})" for i in range(1, 5))
    days = (
        f"SELECT d.equipment_id, '{indicator}', {month('d')}, count(*), {terms} FROM {table} d"  # noqa: S608 - our own parts
        f" CROSS JOIN LATERAL {values('d')} WHERE {summed.counts.format(row='d')} GROUP BY 1, 3"
    )
    op.execute(_ADD.format(rows=days))


def downgrade() -> None:
    for summed in _SUMMED:
        for what in ("insert", "delete", "update", "truncate"):
            op.execute(f"DROP TRIGGER {what}_month ON app.{summed.table}")
        op.execute(f"DROP FUNCTION app.sum_{summed.indicator}_month()")
    op.execute("DROP TABLE app.month_sum")
