"""The worker: takes dirty marks, recomputes states, KPIs and diagnoses, and deletes the marks with the results.

One worker works on a database at a time (an advisory lock); a second one waits and takes over.
"""

from chejian_cloud.worker.process import run
from chejian_cloud.worker.work import Worker

__all__ = ["Worker", "run"]
