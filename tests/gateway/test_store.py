"""Migrations, partitions, the command line."""

import json
import threading
from pathlib import Path

import psycopg
import pytest
from chejian_gateway import cli, migrate
from chejian_gateway.errors import SchemaError
from chejian_gateway.store import Edition, Partitions, detect_edition

CATALOGUE = """
SELECT c.oid::regclass::text, c.relkind::text, pg_get_indexdef(c.oid) FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'telemetry' ORDER BY 1
"""


def catalogue(dsn: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(CATALOGUE).fetchall()


def test_migrations_are_idempotent_and_may_run_at_the_same_time(database: str) -> None:
    results: list[list[str]] = []
    threads = [threading.Thread(target=lambda: results.append(migrate.migrate(database))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [[], [], [m.name for m in migrate.migrations()]]
    before = catalogue(database)
    assert migrate.migrate(database) == []
    assert catalogue(database) == before
    with psycopg.connect(database, autocommit=True) as connection:
        migrate.check(connection)
        connection.execute("INSERT INTO telemetry.migration (number, name) VALUES (9999, 'from the future')")
        with pytest.raises(SchemaError, match="9999"):
            migrate.check(connection)
    with pytest.raises(SchemaError, match="update chejian-gateway"):
        migrate.migrate(database)


def test_unmigrated_database_is_refused_with_the_command_to_run(database: str) -> None:
    with psycopg.connect(database) as connection, pytest.raises(SchemaError, match="chejian-gateway migrate"):
        migrate.check(connection)


def test_partitions_are_made_once_by_whoever_comes_first(dsn: str) -> None:
    def make(days: range) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            assert detect_edition(connection) is Edition.PLAIN
            Partitions(Edition.PLAIN).ensure(connection, "sample", days)

    threads = [threading.Thread(target=make, args=(range(9000 + i, 9004 + i),)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with psycopg.connect(dsn, autocommit=True) as connection:
        names = connection.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'telemetry.sample'::regclass"
        ).fetchall()
        assert sorted(n[0] for n in names) == [f"telemetry.sample_202408{d}" for d in range(22, 28)]
        connection.execute(
            "INSERT INTO telemetry.sample VALUES ('2024-08-22 00:00Z', 1, 1, 192), ('2024-08-27 23:59:59Z', 2, 1, 192)"
        )
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("INSERT INTO telemetry.sample VALUES ('2024-08-28 00:00Z', 1, 1, 192)")
        plan = connection.execute(
            "EXPLAIN SELECT value FROM telemetry.sample WHERE series_id = 1 AND time < '2024-08-23Z'"
        ).fetchall()
        assert not any("20240825" in line[0] for line in plan)
        indexes = connection.execute(
            "SELECT count(*) FROM pg_indexes WHERE tablename = 'sample_20240822' AND indexdef LIKE '%(series_id, \"time\")'"
        ).fetchone()
        assert indexes == (1,)


def test_commands(
    dsn: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("CHEJIAN_DSN", dsn)
    assert cli.main(["migrate"]) == 0
    assert "up to date" in capsys.readouterr().out
    with psycopg.connect(dsn) as connection:
        connection.execute("INSERT INTO telemetry.node (group_id, edge_node, ledger_id) VALUES ('g', 'n', 3)")
        connection.execute(
            "INSERT INTO telemetry.ledger SELECT node_id, 3, '{[1,6)}', '{[7,8)}', '{[9,11)}', 50, 4, 12, 99"
            " FROM telemetry.node"
        )
    assert cli.main(["ledger", "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    batches = {k: v for k, v in entry.items() if k.endswith("_batches")}
    assert batches == {
        "produced_batches": 12,
        "stored_batches": 5,
        "dead_batches": 1,
        "lost_batches": 2,
        "in_flight_batches": 4,
    }
    assert (entry["ranges"], entry["rows_counted"], entry["produced_samples"]) == (3, 0, 99)
    assert cli.main(["ledger", "--brief"]) == 0
    assert "SELECT" not in capsys.readouterr().out
    assert cli.main(["deadletter", "show", "1"]) == 1
    assert "no dead letter 1" in capsys.readouterr().err
    config = tmp_path / "gateway.toml"
    config.write_text('[commit]\nmax_delay = "soon"\n', "utf-8")
    assert cli.main(["--config", str(config), "ledger"]) == 1
    assert "commit.max_delay" in capsys.readouterr().err
