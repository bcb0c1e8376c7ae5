"""Who may read and write which rows: roles, row-level security on `app`, and schema `scoped`.

Everything here follows from the tables and is made anew by each migration, after the last revision. A table of `app` gets
its policy from its columns (`_RULES`, first match), else from a foreign key to a table that has one, so a new one needs
nothing; any other has to be named in `SHARED` or `PRIVATE`, else the migration stops.

`chejian_api` is the role that answers requests. It sees the rows of the enterprises in the setting `chejian.enterprises`
of its transaction ("*": all; not set: none), and those of a region where the setting `chejian.regions` has its code. `chejian_door` knows accounts and sessions and nothing else. Neither has any
right on `telemetry`, whose columnstore and row-level security exclude each other: it reads `scoped`, the same tables as
views behind a security barrier. Owners (worker, migrations, seed) are not bound by policies.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from chejian_cloud.db import peers
from chejian_cloud.errors import MigrationError

API_ROLE: Final = "chejian_api"
DOOR_ROLE: Final = "chejian_door"
SETTING: Final = "chejian.enterprises"
REGIONS: Final = "chejian.regions"
EVERYTHING: Final = "*"

SHARED: Final = frozenset({"reason", "energy_factor"})
"""Tables that everybody with an account may read, and that only owners write."""
REGIONAL: Final = frozenset({"programme_observation", "programme_energy"})
"""Tables that everybody with an account may read, and that only who sees a row's whole `region` writes."""
DOOR: Final = frozenset(
    {
        "account",
        "membership",
        "log_in_session",
        "log_in_attempt",
        "one_time_link",
        "machine_token",
        "log_in_failure",
        "identity_provider",
        "identity_grant",
    }
)
"""Tables of `chejian_door`."""
PRIVATE: Final = DOOR | {
    "alembic_version",
    "recompute_run",
    "organisation",
    "audit",
    "board_reader",
    "answered_request",
}
"""Tables without rights for `chejian_api`, but for those that `_extra` grants."""
UNSCOPED: Final = frozenset({"rollup_1m", "rollup_1h"})
"""Tables in a columnstore: read through `scoped`, where each has a second view, `<table>_by_series`, for statements that read
many rows of a series at a time: it looks once a series whether the caller may, not once a row."""

_ALL: Final = "(SELECT app.caller_sees_all())"
_OWN: Final = "((SELECT app.caller_enterprises())::integer[])"
_RULES: Final[Mapping[str, str]] = {
    "enterprise_id": f"enterprise_id = ANY {_OWN}",
    "equipment_id": "equipment_id IN (SELECT x.equipment_id FROM app.equipment x)",
    "workshop_id": "workshop_id IN (SELECT x.workshop_id FROM app.workshop x)",
    "line_id": "line_id IN (SELECT x.line_id FROM app.line x)",
    "calendar_id": "calendar_id IN (SELECT x.calendar_id FROM app.workshop x)",
    "series_id": "series_id IN (SELECT x.series_id FROM scoped.series x)",
    "region": "region = ANY ((SELECT app.caller_regions())::text[])",
}
"""Column -> what a visible row fulfils; the tables that are asked are filtered themselves."""
_FOR_WRITING: Final[Mapping[str, str]] = {"calendar_id": "app.caller_owns_calendar(calendar_id)"}
"""Where writing asks for more than reading: calendars are shared."""

_FUNCTIONS: Final = f"""
CREATE OR REPLACE FUNCTION app.caller_sees_all() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    RETURN COALESCE(current_setting('{SETTING}', true), '') = '{EVERYTHING}';
CREATE OR REPLACE FUNCTION app.caller_enterprises() RETURNS integer[] LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN COALESCE(current_setting('{SETTING}', true), '') IN ('', '{EVERYTHING}') THEN '{{}}'::integer[]
                ELSE string_to_array(current_setting('{SETTING}', true), ',')::integer[] END;
CREATE OR REPLACE FUNCTION app.caller_regions() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE
    RETURN string_to_array(COALESCE(current_setting('{REGIONS}', true), ''), ',');
CREATE OR REPLACE FUNCTION app.caller_region_names() RETURNS TABLE (code text, name_zh text, name_en text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT o.code, o.name_zh, o.name_en FROM app.organisation o
     WHERE o.kind IN ('province', 'city') AND (app.caller_sees_all() OR o.code = ANY (app.caller_regions()))
     ORDER BY o.code $$;
CREATE OR REPLACE FUNCTION app.caller_owns_calendar(asked integer) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT app.caller_sees_all() OR COALESCE(
        (SELECT bool_and(w.enterprise_id = ANY (app.caller_enterprises())) FROM app.workshop w WHERE w.calendar_id = asked),
        false) $$;
CREATE OR REPLACE FUNCTION app.caller_keeps_region(asked text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    WITH RECURSIVE below AS (
         SELECT o.organisation_id, o.enterprise_id FROM app.organisation o WHERE o.kind = 'province' AND o.code = asked
         UNION ALL
         SELECT o.organisation_id, o.enterprise_id FROM app.organisation o JOIN below b ON o.parent_id = b.organisation_id)
    SELECT app.caller_sees_all() OR COALESCE(
        (SELECT bool_and(b.enterprise_id = ANY (app.caller_enterprises())) FROM below b WHERE b.enterprise_id IS NOT NULL),
        false) $$;
CREATE OR REPLACE FUNCTION app.enterprise_of(equipment integer, line integer, workshop integer) RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT COALESCE(
        (SELECT e.enterprise_id FROM app.equipment e WHERE e.equipment_id = equipment),
        (SELECT w.enterprise_id FROM app.line l JOIN app.workshop w USING (workshop_id) WHERE l.line_id = line),
        (SELECT w.enterprise_id FROM app.workshop w WHERE w.workshop_id = workshop)) $$;
CREATE OR REPLACE FUNCTION app.claim_request(asked bytea, request bytea)
    RETURNS TABLE (request_hash bytea, answer jsonb)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    DELETE FROM app.answered_request r WHERE r.key_hash IN (
        SELECT o.key_hash FROM app.answered_request o WHERE o.made_at < now() - interval '1 day'
         ORDER BY o.key_hash LIMIT 100 FOR UPDATE SKIP LOCKED);
    INSERT INTO app.answered_request AS r (key_hash, request_hash) VALUES (asked, request) ON CONFLICT (key_hash) DO NOTHING;
    IF FOUND THEN
        RETURN QUERY SELECT NULL::bytea, NULL::jsonb;
    ELSE
        RETURN QUERY SELECT r.request_hash, r.answer FROM app.answered_request r WHERE r.key_hash = asked;
    END IF;
END $$;
CREATE OR REPLACE FUNCTION app.answer_request(asked bytea, told jsonb, digest bytea) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
    UPDATE app.answered_request SET answer = told, answer_hash = digest WHERE key_hash = asked $$;
REVOKE ALL ON FUNCTION app.claim_request(bytea, bytea), app.answer_request(bytea, jsonb, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.claim_request(bytea, bytea), app.answer_request(bytea, jsonb, bytea)
    TO {API_ROLE}, {DOOR_ROLE};
"""  # noqa: S608 - names of our own
_COUNTED: Final = """
CREATE OR REPLACE FUNCTION app.programme_counted(asked text)
RETURNS TABLE (kind text, day date, entries bigint, registered bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT p.kind, p.counts_from, count(*), count(p.workshop_id) FROM app.programme_entry p
     WHERE p.status = 'recognised' AND p.counts_from IS NOT NULL AND left(p.city_code, 2) = left(asked, 2)
     GROUP BY 1, 2 ORDER BY 1, 2 $$;
"""
"""How many entries count towards a region's targets from which day: known to everybody with an account, since a target
of the region is not judged by what one caller sees of it."""
_JOURNALLED: Final = """
CREATE OR REPLACE FUNCTION app.assessment_journalled(asked integer) RETURNS TABLE (revision integer, sha256 text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT (u.target ->> 'revision')::integer, u.target ->> 'sha256'
      FROM app.assessment a JOIN app.audit u ON u.enterprise_id = a.enterprise_id
     WHERE a.assessment_id = asked AND u.target ->> 'assessment_id' = asked::text AND u.target ? 'sha256'
       AND u.target ? 'revision' AND right(u.action, 7) = '/submit'
       AND (app.caller_sees_all() OR a.enterprise_id = ANY (app.caller_enterprises())) $$;
"""
"""Hashes of submissions as the audit journal has them, which the application role can't read otherwise."""
_REGION_JOURNALLED: Final = """
CREATE OR REPLACE FUNCTION app.region_journalled(asked integer) RETURNS TABLE (revision integer, sha256 text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT (u.target ->> 'revision')::integer, u.target ->> 'sha256'
      FROM app.region_assessment a JOIN app.audit u ON u.target ->> 'region_assessment_id' = a.region_assessment_id::text
     WHERE a.region_assessment_id = asked AND u.target ? 'sha256' AND u.target ? 'revision' AND right(u.action, 7) = '/submit'
       AND (app.caller_sees_all() OR a.region = ANY (app.caller_regions())) $$;
"""
"""The same of what regions submitted."""
_GROUPS: Final = f"IN (SELECT e.code FROM app.enterprise e WHERE e.enterprise_id = ANY {_OWN})"  # noqa: S608 - our own
_FED: Final = f"""app.equipment_feed f JOIN telemetry.node n ON n.group_id = f.group_id AND n.edge_node = f.edge_node
    WHERE f.equipment_id = ANY (ARRAY(SELECT e.equipment_id FROM app.equipment e WHERE e.enterprise_id = ANY {_OWN}))"""  # noqa: S608 - our own
_NODE: Final = "EXISTS (SELECT FROM scoped.node n WHERE n.node_id = r.node_id)"
_SERIES: Final = "EXISTS (SELECT FROM scoped.series s WHERE s.series_id = r.series_id)"
_DEVICE: Final = "EXISTS (SELECT FROM scoped.device d WHERE d.device_id = r.device_id)"
VIEWS: Final[Mapping[str, str]] = {
    "node": f"r.group_id {_GROUPS} OR r.node_id IN (SELECT n.node_id FROM {_FED})",  # noqa: S608 - our own
    "device": f"r.node_id IN (SELECT n.node_id FROM telemetry.node n WHERE n.group_id {_GROUPS})"  # noqa: S608 - our own
    f" OR (r.node_id, r.name) IN (SELECT n.node_id, f.device FROM {_FED})",
    "series": _DEVICE,
    "sample": _SERIES,
    "text_sample": _SERIES,
    "waveform": _SERIES,
    "waveform_request": _DEVICE,
    "last_value": _SERIES,
    "birth": _NODE,
    "ledger": _NODE,
    "lost": _NODE,
    "dead_letter": _NODE,
    "dirty": _DEVICE,
}
"""Table of `telemetry` -> what a visible row fulfils: its node's group is the code of an own enterprise, or its device
feeds own equipment. What belongs to nobody is seen by those who see everything. No inner query of nodes and devices names
the outer row, so that the server finds them once a statement, not once a row."""

_ROLE: Final = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
        BEGIN
            CREATE ROLE {role} NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- another database's migration made it just now
        END;
    END IF;
    IF NOT pg_has_role(current_user, '{role}', 'SET') THEN
        EXECUTE 'GRANT {role} TO ' || quote_ident(current_user);
    END IF;
END $$
"""


def secure(connection: Connection) -> None:
    """Make roles, views, policies and grants as the tables of this moment need them.

    Raises:
        MigrationError: a table has no rule, or the user may not make the roles.
    """
    _make_roles(connection)
    digest = _digest(connection)
    if connection.scalar(text("SELECT obj_description(to_regnamespace('scoped'), 'pg_namespace')")) == digest:
        return  # what follows locks every table for a moment
    connection.exec_driver_sql(_FUNCTIONS)
    connection.exec_driver_sql(peers.FUNCTIONS)
    connection.exec_driver_sql(_COUNTED)
    connection.exec_driver_sql(_JOURNALLED)
    connection.exec_driver_sql(_REGION_JOURNALLED)
    connection.exec_driver_sql("DROP SCHEMA IF EXISTS scoped CASCADE; CREATE SCHEMA scoped")
    _make_views(connection)
    columns, parents = _columns(connection), _parents(connection)
    for role in (API_ROLE, DOOR_ROLE):
        connection.exec_driver_sql(f"REVOKE ALL ON ALL TABLES IN SCHEMA app FROM {role}")
        connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA app TO {role}")
    for table, names in sorted(columns.items()):
        if table not in PRIVATE | UNSCOPED:
            _make_policy(connection, table, names, parents.get(table))
    _extra(connection)
    connection.exec_driver_sql(f"COMMENT ON SCHEMA scoped IS '{digest}'")


def _digest(connection: Connection) -> str:
    """Changes with this module, the functions of peers, and the columns of both schemas."""
    columns = connection.execute(
        text("""
        SELECT c.oid::regclass::text, a.attname::text, a.atttypid::regtype::text
          FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.relnamespace IN (to_regnamespace('app'), to_regnamespace('telemetry'))
           AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
         ORDER BY 1, a.attnum""")
    ).all()
    own = Path(__file__).read_bytes() + peers.FUNCTIONS.encode()
    return hashlib.sha256(own + repr(columns).encode()).hexdigest()


def _make_roles(connection: Connection) -> None:
    for role in (API_ROLE, DOOR_ROLE):
        try:
            with connection.begin_nested():
                connection.exec_driver_sql(_ROLE.format(role=role))
        except ProgrammingError as error:
            if not isinstance(error.orig, InsufficientPrivilege):
                raise
            raise MigrationError(
                f"role {role} is missing and this user may not make it; as an administrator of the server: "
                f"CREATE ROLE {role} NOLOGIN; GRANT {role} TO <this user>"
            ) from error


def _make_views(connection: Connection) -> None:
    for table, visible in VIEWS.items():
        if connection.scalar(text("SELECT to_regclass(:name)"), {"name": f"telemetry.{table}"}) is None:
            raise MigrationError("schema telemetry is missing; run `chejian-gateway migrate` first")
        connection.exec_driver_sql(
            f"CREATE VIEW scoped.{table} WITH (security_barrier) AS"  # noqa: S608 - names of our own
            f" SELECT r.* FROM telemetry.{table} r WHERE {_ALL} OR {visible}"
        )
    for table in sorted(UNSCOPED):
        connection.exec_driver_sql(
            f"CREATE VIEW scoped.{table} WITH (security_barrier) AS"  # noqa: S608 - names of our own
            f" SELECT r.* FROM app.{table} r WHERE {_ALL} OR {_SERIES}"
        )
        connection.exec_driver_sql(
            f"CREATE VIEW scoped.{table}_by_series WITH (security_barrier) AS"  # noqa: S608 - names of our own
            f" SELECT r.* FROM scoped.series s JOIN app.{table} r USING (series_id)"
        )
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA scoped TO {API_ROLE}")
    connection.exec_driver_sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA scoped TO {API_ROLE}")


def _columns(connection: Connection) -> Mapping[str, frozenset[str]]:
    """Columns of each table of `app`; partitions belong to their parents."""
    rows = connection.execute(
        text("""
        SELECT c.relname, array_agg(a.attname::text)
          FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.relnamespace = 'app'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
         GROUP BY c.relname""")
    ).all()
    return {table: frozenset(names) for table, names in rows}


def _parents(connection: Connection) -> Mapping[str, str]:
    """Table -> what a row fulfils whose (first) foreign key leads to a visible row of a table with a policy."""
    rows = connection.execute(
        text("""
        SELECT c.conrelid::regclass::text, a.attname::text, p.relname::text, b.attname::text
          FROM pg_constraint c
          JOIN pg_class p ON p.oid = c.confrelid
          JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
          JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1]
         WHERE c.connamespace = 'app'::regnamespace AND c.contype = 'f' AND c.conrelid <> c.confrelid
         ORDER BY c.conname DESC""")
    ).all()
    return {
        child: f"EXISTS (SELECT FROM app.{parent} x WHERE x.{key} = {child}.{column})"
        for child, column, parent, key in ((c.removeprefix("app."), *rest) for c, *rest in rows)
        if parent not in SHARED | REGIONAL | PRIVATE
    }


def _make_policy(connection: Connection, table: str, names: frozenset[str], by_parent: str | None) -> None:
    if table in SHARED:
        connection.exec_driver_sql(f"GRANT SELECT ON app.{table} TO {API_ROLE}")
        return
    key = next((column for column in _RULES if column in names), "")
    rule = "true" if table in REGIONAL else _RULES.get(key, by_parent)
    if rule is None:
        raise MigrationError(
            f"table app.{table} has no rule who may see its rows; give it one of the columns {', '.join(_RULES)}, or a "
            "foreign key to a table that has, or name it in SHARED or PRIVATE of chejian_cloud/db/rows.py"
        )
    reading = f"{_ALL} OR {rule}"
    writing = "app.caller_keeps_region(region)" if table in REGIONAL else _FOR_WRITING.get(key, reading)
    policies = {
        "read_own": f"FOR SELECT TO {API_ROLE} USING ({reading})",
        "add_own": f"FOR INSERT TO {API_ROLE} WITH CHECK ({writing})",
        "change_own": f"FOR UPDATE TO {API_ROLE} USING ({writing}) WITH CHECK ({writing})",
        "remove_own": f"FOR DELETE TO {API_ROLE} USING ({writing})",
    }  # one for each command: one for all of them is read beside that for SELECT, and each query plans and runs both
    for name in ("write_own", *policies):
        connection.exec_driver_sql(f"DROP POLICY IF EXISTS {name} ON app.{table}")
    connection.exec_driver_sql(f"ALTER TABLE app.{table} ENABLE ROW LEVEL SECURITY")
    for name, what in policies.items():
        connection.exec_driver_sql(f"CREATE POLICY {name} ON app.{table} {what}")
    connection.exec_driver_sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON app.{table} TO {API_ROLE}")


def _extra(connection: Connection) -> None:
    """Rights beside the pattern: the audit journal takes lines from both roles, and the door needs its own tables."""
    for table in sorted(DOOR):
        connection.exec_driver_sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON app.{table} TO {DOOR_ROLE}")
    connection.exec_driver_sql(f"GRANT SELECT ON app.organisation TO {DOOR_ROLE}")
    connection.exec_driver_sql(f"GRANT UPDATE (name_zh, name_en) ON app.organisation TO {DOOR_ROLE}")
    connection.exec_driver_sql(f"GRANT SELECT, INSERT ON app.audit TO {DOOR_ROLE}")
    connection.exec_driver_sql(f"GRANT INSERT ON app.audit TO {API_ROLE}")
