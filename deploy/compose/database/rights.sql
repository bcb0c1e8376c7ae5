-- Rights of each program on the tables that there are now; run by the owner after each migration, safe to repeat.
BEGIN;

-- The gateway writes telemetry, and reads of app which devices are asked for a waveform; it knows nothing else.
GRANT USAGE ON SCHEMA telemetry TO chejian_gateway, chejian_worker;
GRANT USAGE ON SCHEMA app TO chejian_gateway;
GRANT SELECT ON app.wanted_waveform TO chejian_gateway;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA telemetry TO chejian_gateway;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA telemetry TO chejian_gateway;
GRANT DELETE ON telemetry.unsettled, telemetry.dead_letter TO chejian_gateway;
REVOKE INSERT, UPDATE ON telemetry.migration FROM chejian_gateway;

-- The worker reads telemetry, takes marks away, and writes what it computes; accounts are none of its business.
GRANT SELECT ON ALL TABLES IN SCHEMA telemetry TO chejian_worker;
GRANT DELETE ON telemetry.dirty TO chejian_worker;
GRANT USAGE ON SCHEMA app TO chejian_worker, chejian_console;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA app TO chejian_worker;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA app TO chejian_worker;
REVOKE ALL ON app.account, app.membership, app.log_in_session, app.one_time_link, app.machine_token,
              app.log_in_failure, app.log_in_attempt, app.identity_provider, app.identity_grant, app.audit,
              app.board_reader FROM chejian_worker;
REVOKE INSERT, UPDATE, DELETE ON app.alembic_version FROM chejian_worker;

-- The API's requests take the roles chejian_api and chejian_door; itself it sees which revision there is.
GRANT SELECT ON app.alembic_version TO chejian_console;

-- Reports by schedule: the rows that requests see, and the queue. The role is made here, since databases are older than it.
SELECT 'CREATE ROLE chejian_jobs LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'chejian_jobs') \gexec
\set jobs `head -n 1 /run/secrets/jobs_password`
ALTER ROLE chejian_jobs PASSWORD :'jobs';
GRANT chejian_api TO chejian_jobs;
SELECT format('GRANT CONNECT ON DATABASE %I TO chejian_jobs', current_database()) \gexec
GRANT USAGE ON SCHEMA app, jobs TO chejian_jobs;
GRANT SELECT ON app.alembic_version TO chejian_jobs;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA jobs TO chejian_jobs;
REVOKE INSERT, UPDATE, DELETE ON jobs.chejian_migration FROM chejian_jobs;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA jobs TO chejian_jobs;

-- Readers of boards are members of chejian_boards.
SELECT format('GRANT CONNECT ON DATABASE %I TO chejian_boards', current_database()) \gexec
COMMIT;
