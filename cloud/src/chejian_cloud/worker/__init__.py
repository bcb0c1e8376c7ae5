"""The worker: takes dirty marks, recomputes states, KPIs and diagnoses, and deletes the marks with the results.

One worker works on a database at a time (an advisory lock); a second one waits and takes over: `process.run`. Nothing is
imported here, as a recomputation's processes use a part of it and start without diagnoses and migrations.
"""
