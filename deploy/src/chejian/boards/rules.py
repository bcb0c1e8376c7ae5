"""Alert rules that ship with the boards."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """An alert rule about data, for those who run the plant's IT; alarms that people act on are the platform's own.

    Attributes:
        uid: never changes.
        title: Chinese and English.
        sql: columns time, metric and a number.
        operator: "gt" or "lt".
        limit: of the newest number.
        since: [s] range of the query.
        lasts: how long it must hold.
        summary: with the labels of the series.
    """

    uid: str
    title: str
    sql: str
    operator: str
    limit: float
    since: int
    lasts: str
    summary: str


_NODES = "boards.enterprise e CROSS JOIN LATERAL boards.nodes(e.enterprise) n"
_MACHINES = (
    "(SELECT enterprise, workshop, array_agg(equipment) AS machines FROM boards.equipment WHERE NOT meter GROUP BY 1, 2) m"
    " CROSS JOIN LATERAL boards.oee($__timeFrom(), $__timeTo(), m.enterprise, m.machines) o"
)
RULES: tuple[Rule, ...] = (
    Rule(
        "chejian-edge-silent",
        "边缘失联 · Edge silent",
        f"SELECT now() AS time, n.node AS metric, n.age_s AS seconds FROM {_NODES} WHERE n.age_s IS NOT NULL ORDER BY 1",
        "gt",
        300,
        600,
        "2m",
        "{{ $labels.metric }}: {{ $values.B }} s",
    ),
    Rule(
        "chejian-edge-backlog",
        "边缘积压 · Edge backlog",
        f"SELECT now() AS time, n.node AS metric, n.waiting AS batches FROM {_NODES} WHERE n.waiting IS NOT NULL ORDER BY 1",
        "gt",
        2000,
        600,
        "15m",
        "{{ $labels.metric }}: {{ $values.B }} batches",
    ),
    Rule(
        "chejian-dead-letters",
        "死信 · Dead letters",
        "SELECT now() AS time, x.node AS metric, count(*) AS letters FROM boards.enterprise e CROSS JOIN LATERAL"
        " boards.dead_letters($__timeFrom(), $__timeTo(), e.enterprise) x GROUP BY 1, 2 ORDER BY 1",
        "gt",
        0,
        3600,
        "0s",
        "{{ $labels.metric }}: {{ $values.B }} letters in an hour",
    ),
    Rule(
        "chejian-coverage-low",
        "数据不完整 · Data incomplete",
        "SELECT o.start AS time, m.workshop AS metric, sum(o.busy_us)::float8 / nullif(sum(o.busy_us) + sum(o.no_data_us), 0)"
        f" AS known FROM {_MACHINES} WHERE NOT o.provisional GROUP BY 1, 2 ORDER BY 1",
        "lt",
        0.95,
        28800,
        "15m",
        "{{ $labels.metric }}: {{ $values.B }}",
    ),
    Rule(
        "chejian-oee-low",
        "OEE 偏低 · OEE low",
        "SELECT o.start AS time, m.workshop AS metric, CASE WHEN bool_and(o.no_counts) OR bool_or(o.no_ideal) OR"
        " bool_or(o.no_quality) THEN NULL ELSE sum(o.effective_us)::float8 / nullif(sum(o.busy_us), 0)::float8 END AS oee"
        f" FROM {_MACHINES} WHERE NOT o.provisional GROUP BY 1, 2 ORDER BY 1",
        "lt",
        0.4,
        28800,
        "30m",
        "{{ $labels.metric }}: OEE {{ $values.B }}",
    ),
)
