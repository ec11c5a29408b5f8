"""Durable jobs: what causes a job enqueues it in its own transaction, a worker runs it in a child process.

`backend.jobs.worker` is the worker; a stage's code needs `fenced`, `finish`, `fail` and `JobProgress` only.
"""

from backend.jobs.durable import EXPORT, QUEUES, prepare
from backend.jobs.helping import helper_count
from backend.jobs.logs import log_path
from backend.jobs.progress import JobProgress
from backend.jobs.refusals import is_own, newest_own
from backend.jobs.transitions import ACTIVE, cancel, enqueue, fail, fenced, finish, resume

retry = resume
"""A failed job starts again as a cancelled one does: by asking for what is missing."""

__all__ = [
    "ACTIVE",
    "EXPORT",
    "QUEUES",
    "JobProgress",
    "cancel",
    "enqueue",
    "fail",
    "fenced",
    "finish",
    "helper_count",
    "is_own",
    "log_path",
    "newest_own",
    "prepare",
    "resume",
    "retry",
]
