"""What runs by itself: the queue, the passes of every minute, and the jobs people ask for and watch.

Read `passes` (what is done each minute, plain functions), `lease` (why it is done once however many runners there are),
`job` (a person's import, export or binder), `work` (how one is carried out) and `runner` (huey, which only keeps the time).
"""

from aftersales.jobs.command import jobs_command
from aftersales.jobs.job import Job, JobState
from aftersales.jobs.lease import JobLease, lease
from aftersales.jobs.runner import ask, ask_along, run_consumer
from aftersales.jobs.work import Cancelled, Result, Work, handles, work_off

__all__ = [
    "Cancelled", "Job", "JobLease", "JobState", "Result", "Work",
    "ask", "ask_along", "handles", "jobs_command", "lease", "run_consumer", "work_off",
]  # fmt: skip
