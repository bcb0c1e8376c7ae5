"""The semantics table of the datasource's macros."""

from datetime import UTC, datetime, timedelta

import pytest
from chejian.boards.macros import MacroError, TimeRange, expand, interval_ms, interval_text, seconds_of

SPAN = TimeRange(
    datetime(2026, 4, 12, 18, 0, tzinfo=UTC), datetime(2026, 4, 12, 18, 5, 0, 500_000, tzinfo=UTC)
)
F, T = "'2026-04-12T18:00:00Z'", "'2026-04-12T18:05:00.5Z'"
TABLE = {
    "$__time(c)": 'c AS "time"',
    "$__timeEpoch(c)": 'extract(epoch from c) as "time"',
    "WHERE $__timeFilter(c)": f"WHERE c BETWEEN {F} AND {T}",
    "$__timeFrom()": F,
    "$__timeTo()": T,
    "$__timeGroup(c,'5m')": "floor(extract(epoch from c)/300)*300",
    "$__timeGroup(c , '5m', NULL)": "floor(extract(epoch from c)/300)*300",
    "$__timeGroup(c,'5m'), x": 'floor(extract(epoch from c)/300)*300 AS "time", x',
    "$__timeGroupAlias(c,'5m')": 'floor(extract(epoch from c)/300)*300 AS "time"',
    "$__timeGroup(c,'1h30m')": "floor(extract(epoch from c)/5400)*5400",
    "$__unixEpochFilter(c)": "c >= 1776016800 AND c <= 1776017100",
    "$__unixEpochFrom() $__unixEpochTo()": "1776016800 1776017100",
    "$__unixEpochNanoFilter(c)": "c >= 1776016800000000000 AND c <= 1776017100500000000",
    "$__unixEpochNanoFrom() $__unixEpochNanoTo()": "1776016800000000000 1776017100500000000",
    "$__unixEpochGroup(c,'5m')": "floor((c)/300)*300",
    "$__unixEpochGroupAlias(c,'5m')": 'floor((c)/300)*300 AS "time"',
    "'$__interval' $__interval_ms": "'10s' 10000",
    "$__timeFilter(lower(a))": f"lower(a BETWEEN {F} AND {T})",
    "no macro, (nested (a))": "no macro, (nested (a))",
}


@pytest.mark.parametrize(("statement", "becomes"), TABLE.items())
def test_a_macro_becomes_what_grafana_makes_of_it(statement: str, becomes: str) -> None:
    assert expand(statement, SPAN, {}) == becomes


def test_groups_are_time_buckets_where_the_datasource_says_timescaledb() -> None:
    assert expand("$__timeGroup(c,'5m')", SPAN, {}, timescale=True) == "time_bucket('300.000s',c)"


def test_variables_are_quoted_as_grafana_quotes_them() -> None:
    variables = {"one": "o'k", "many": ["a", "b'c"], "all": "raw:NULL"}
    assert expand("'$one' ($many) [$all] ${many:raw}", SPAN, variables) == "'o''k' ('a','b''c') [NULL] a,b'c"
    assert expand("${one:sqlstring}", SPAN, variables) == "'o''k'"
    assert expand("$__timeFrom() '$one'", SPAN, variables) == f"{F} 'o''k'"


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("$__timeGrop(c)", "timeGrop"),
        ("$other", "other"),
        ("$__timeGroup(c,'0s')", "more than 0"),
        ("$__timeGroup(c,'5 apples')", "5 apples"),
        ("$__timeGroup(c)", "interval are needed"),
        ("$__timeFilter()", "column is missing"),
    ],
)
def test_what_grafana_refuses_is_refused(statement: str, named: str) -> None:
    with pytest.raises(MacroError, match=named):
        expand(statement, SPAN, {})


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(minutes=15), "1s"),
        (timedelta(hours=8), "30s"),
        (timedelta(hours=24), "1m"),
        (timedelta(days=30), "30m"),
        (timedelta(days=365), "6h"),
        (timedelta(days=40_000), "30d"),
    ],
)
def test_intervals_stand_on_the_ladder(span: timedelta, text: str) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    milliseconds = interval_ms(TimeRange(start, start + span), least_ms=1)
    assert interval_text(milliseconds) == text
    assert interval_ms(TimeRange(start, start + span)) == max(milliseconds, 10_000)


def test_lengths_add_up() -> None:
    assert seconds_of("1h30m") == 5400
    assert seconds_of("250ms") == 0.25
    assert seconds_of("2w") == 1_209_600
