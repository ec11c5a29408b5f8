"""`python -m backend.services.stage_process JOB ATTEMPT [HELPER]`: what a worker starts for each job.

With a helper's number it does batches of a job that another worker runs. With `--wait` and a descriptor it loads
everything and waits there to be told them.

The stage itself is the pipeline's. That a round may be followed by another is a service, and so is an export, which is
what a person may see.
"""

import sys
from typing import TYPE_CHECKING

from backend import log
from backend.jobs import standby
from backend.jobs.child import guard
from backend.values import PUSH

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backend.jobs import JobProgress
    from backend.pipeline.stage import Finish

EXPORT = "export"
"""The kind of a job that writes what a filter of samples finds."""
EXPORT_DATASET = "export_dataset"
"""The kind of a job that writes a dataset's rows."""
IMPORT = "import"
"""The kind of a job that imports samples."""
NEAR_DUPLICATES = "near_duplicates"
"""The kind of a job that looks for samples that are nearly the same."""
FETCH = "fetch"
"""The kind of a job that fetches a dataset of the hub."""
EMBEDDINGS = "embeddings"
"""The kind of a job that makes vectors of samples."""
SCAN = "scan"
"""The kind of a job that looks through a dataset for what should not leave."""


def main() -> int:
    """Watch the parent first, so that this process never outlives it; then run the job."""
    guard()
    log.setup()
    from backend import shared_files  # noqa: PLC0415 - the guard must stand before slow imports
    from backend.pipeline.run import help_job, run_job  # noqa: PLC0415 - as above

    shared_files.hold_from_now()
    others = {EXPORT: export_samples, IMPORT: import_samples, PUSH: push_to_hub, SCAN: scan_dataset}
    others |= {NEAR_DUPLICATES: look_for_near_duplicates, EMBEDDINGS: make_embeddings, FETCH: fetch_dataset}
    others |= {EXPORT_DATASET: export_dataset}
    if sys.argv[1] != standby.WAIT:
        job_id, attempt, *helper = map(int, sys.argv[1:])
        if helper:
            return help_job(job_id, attempt, *helper)
        return run_job(job_id, attempt, after_round=after_round, others=others)
    from backend.engines import vllm  # noqa: PLC0415 - as above
    from backend.services.recipes import parts  # noqa: PLC0415 - as above

    parts.load()
    given = standby.wait_for_job(int(sys.argv[2]), vllm.is_served, vllm.load)
    return 0 if given is None else run_job(*given, after_round=after_round, others=others)


def after_round(db: "Session", round_id: int) -> None:
    """Launch the round that follows, in the transaction that ends this one."""
    from backend.services.rounds import auto  # noqa: PLC0415 - most jobs end no round

    auto.after_round(db, round_id)


def export_samples(job_id: int, progress: "JobProgress") -> "Finish":
    """Write the file of an export."""
    from backend.services.samples import export_jobs  # noqa: PLC0415 - most jobs export nothing

    return export_jobs.run(job_id, progress)


def export_dataset(job_id: int, progress: "JobProgress") -> "Finish":
    """Write the file of a dataset."""
    from backend.services.datasets import export_jobs  # noqa: PLC0415 - most jobs export nothing

    return export_jobs.run(job_id, progress)


def import_samples(job_id: int, progress: "JobProgress") -> "Finish":
    """Check a file of samples, and write them."""
    from backend.services.imports import import_jobs  # noqa: PLC0415 - most jobs import nothing

    return import_jobs.run(job_id, progress)


def push_to_hub(job_id: int, progress: "JobProgress") -> "Finish":
    """Send a checkpoint or a dataset."""
    from backend.services.hub import pushes  # noqa: PLC0415 - most jobs push nothing

    return pushes.run(job_id, progress)


def fetch_dataset(job_id: int, progress: "JobProgress") -> "Finish":
    """Write a split of a dataset of the hub into the imports folder."""
    from backend.services.hub import fetching  # noqa: PLC0415 - most jobs fetch nothing

    return fetching.run(job_id, progress)


def scan_dataset(job_id: int, progress: "JobProgress") -> "Finish":
    """Look through the rows of a dataset."""
    from backend.services.datasets import scans  # noqa: PLC0415 - most jobs scan nothing

    return scans.run(job_id, progress)


def look_for_near_duplicates(job_id: int, progress: "JobProgress") -> "Finish":
    """Compare the samples of a round."""
    from backend.services.samples import near_duplicates  # noqa: PLC0415 - most jobs compare nothing

    return near_duplicates.run(job_id, progress)


def make_embeddings(job_id: int, progress: "JobProgress") -> "Finish":
    """Make vectors of the samples of a round, and clusters of them."""
    from backend.services.samples import embeddings  # noqa: PLC0415 - most jobs make none

    return embeddings.run(job_id, progress)


if __name__ == "__main__":
    sys.exit(main())
