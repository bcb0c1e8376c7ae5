"""Work by the clock: a PostgreSQL-backed queue (procrastinate, schema `jobs`) and the process that works it off."""
