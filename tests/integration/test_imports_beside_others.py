"""What others do between two transactions of an import on SQLite, and what a killed import leaves to them."""

import errno
import fcntl
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend.config import settings
from backend.db import deleting, reading, session, tables
from backend.errors import Conflict
from backend.services import checkpoints, prompts, round_trash, unfinished
from backend.services.checkpoints import at_work
from backend.services.imports import chunks, import_jobs
from backend.services.prompts import keeping
from backend.services.prompts import staging as prompt_staging
from backend.services.reviews import close_rules
from backend.services.round_trash import emptying
from backend.services.rounds import job_views
from backend.services.unfinished import import_lock
from backend.translations import using
from backend.values import JSON, JobStatus, Role, Split
from tests import rows
from tests.integration.test_sample_imports import ASKED, THREE, Place, work
from tests.integration.test_unfinished_imports import CHILD, MANY, beside, in_parts, num_projects
from tests.waiting import until

__all__ = ["in_parts"]

pytestmark = pytest.mark.on_sqlite
SUMS = [{"prompt": f"{n}+{n}?", "answer": str(2 * n)} for n in range(9)]


def kill_one(place: Place, folder: Path) -> None:
    """Leave what an import of samples had written when it was killed."""
    argv = [sys.executable, "-c", CHILD, "samples", str(place.curator.user_id), str(place.project.id)]
    environment = os.environ | settings().environment()
    subprocess.run([*argv, str(place.file(folder, MANY)), "2"], env=environment, capture_output=True, check=False)
    assert num_projects() == 2


def test_near_duplicates_are_found_among_prompts_that_come_in_parts(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = (
        "Explain in simple words how a steam engine turns heat into motion and why it matters",
        "Write a short story about a lighthouse keeper who finds a letter in a bottle one night",
        "List the main causes of the decline of the roman empire and argue for one of them",
    )
    given = [{"prompt": text + end} for text in base for end in ("", ".", "!", " ...", " please", " ?", " !!")]
    monkeypatch.setattr(unfinished, "REST_SECONDS", 0.0)
    place, near = Place(), []
    for size in (50_000, 3):
        project = rows.make_project(f"of {size}")
        with session() as db:
            db.add(tables.Membership(project_id=project.id, user_id=place.curator.user_id, role=Role.curator))
        monkeypatch.setattr(prompt_staging, "ROWS_AT_ONCE", size)
        path = place.file(tmp_path, given)
        report = prompts.import_file(place.curator, project.id, "near", path, held_out_share=0.4, seed=3)
        near.append((report.num_near, report.num_imported))
    assert near[0] == near[1]
    assert near[0][0] > 0


@pytest.mark.parametrize("split", [Split.train, Split.held_out])
def test_a_prompt_that_comes_meanwhile_into_a_set_of_the_other_split_refuses_the_import(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_parts: None, split: Split
) -> None:
    place = Place()
    other = Split.train if split is Split.held_out else Split.held_out
    # Fewer prompts than the import has, or more: each way the smaller side is looked for in the larger.
    for size in (1, 20):
        name = f"there {size}"
        rows.make_prompt_set(place.project, name, prompts=[f"{size} other {n}?" for n in range(size)], split=other)
        with session() as db:
            before = set(db.scalars(select(tables.Prompt.id)))

        def add(pause: int, name: str = name) -> None:
            if pause == 3:
                asked: list[JSON] = [{"role": "user", "content": "1+1?"}]
                with pytest.raises(Conflict, match="'sums', on the other side of the split, asks the same"):
                    keeping.keep(place.curator, place.project.id, name, asked)
                # As a round's probes do, which ask no import.
                with session() as db:
                    into = db.scalars(select(tables.PromptSet).where(tables.PromptSet.name == name)).one()
                    columns = {"position": into.num_prompts, "content_hash": rows.content_hash(asked)}
                    db.add(tables.Prompt(prompt_set_id=into.id, messages=asked, text="1+1?", extra={}, **columns))
                    into.num_prompts += 1

        with monkeypatch.context() as patched:
            beside(patched, add)
            with pytest.raises(
                Conflict, match=f"Meanwhile the prompt '1\\+1\\?' came into '{name}', on the other side"
            ):
                prompts.import_file(place.curator, place.project.id, "sums", place.file(tmp_path, SUMS), split=split)
        with session() as db:
            new = select(tables.Prompt).where(tables.Prompt.id.not_in(before))
            for kept in db.scalars(new):
                assert kept.text == "1+1?"
                db.get_one(tables.PromptSet, kept.prompt_set_id).num_prompts -= 1
                db.delete(kept)
        assert [entry for entry in (settings().folder / "reports").glob("prompts-*")] == []
    assert num_projects() == 1


def test_ids_that_come_again_are_not_taken_for_the_trash(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_parts: None
) -> None:
    place = Place()
    owner = rows.make_actor(place.project, Role.admin, name="olga", is_owner=True)
    old = place.bring(tmp_path, [{"id": f"o{n}", "prompt": f"old {n}?", "response": "x"} for n in range(20)])
    assert old.round_id is not None
    round_id = old.round_id

    def delete(pause: int) -> None:
        if pause == 0:
            entry = round_trash.put(owner, round_id)
            emptying.delete_for_good(owner, round_id, entry.trashed_at)

    new = [{"id": f"n{n}", "prompt": f"new {n}?", "response": "x"} for n in range(6)]
    with monkeypatch.context() as patched:
        beside(patched, delete)
        brought = place.bring(tmp_path, [*new, new[0]])
    assert (brought.num_samples, brought.num_repeated, brought.num_present) == (6, 1, 0)


def test_what_a_killed_import_left_holds_nothing_up(database: str, tmp_path: Path) -> None:
    place = Place()
    kill_one(place, tmp_path)
    with reading() as db:
        checkpoint_id = db.scalars(select(tables.Round.policy_id)).one()
        assert checkpoint_id is not None
        assert at_work.round_at_work(db, [checkpoint_id]) == ""
    with (settings().folder / import_lock.LOCK).open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(Conflict, match="or what a killed one left is not deleted yet"):
            checkpoints.delete(place.curator, checkpoint_id)
    checkpoints.delete(place.curator, checkpoint_id)
    assert num_projects() == 1


def test_what_was_left_is_cleared_a_part_at_a_time(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place()
    kill_one(place, tmp_path)
    monkeypatch.setattr(deleting, "GROUPS", 1)
    monkeypatch.setattr(close_rules, "CLEAR_SECONDS", 0.0)
    cleared: list[bool] = []
    clear_left = unfinished.clear_left

    def noted(most_seconds: float) -> bool:
        cleared.append(clear_left(most_seconds))
        return cleared[-1]

    monkeypatch.setattr(unfinished, "clear_left", noted)
    watch = close_rules.CloseWatch(every_seconds=0.01)
    watch.start()
    try:
        until(lambda: cleared and cleared[-1], "clearing what was left")
    finally:
        watch.stop()
    assert num_projects() == 1
    assert len(cleared) > 2
    assert cleared == [False] * (len(cleared) - 1) + [True]


def test_a_page_waits_for_another_import_so_long_and_the_shell_until_it_ends(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_parts: None
) -> None:
    place = Place()
    monkeypatch.setattr(unfinished, "WAIT_SECONDS", 0.2)
    path = place.file(tmp_path, SUMS)
    other = unfinished.ImportUnderWay(place.project.id, "other.jsonl", "olga")
    with ThreadPoolExecutor(1) as pool:
        with import_lock.held(0.0, mine=other):
            which = r"the import of 'other\.jsonl' by olga, which has been writing since \d{4}-.* UTC"
            told = rf"so nothing was imported: {which}\. Import"
            with pytest.raises(Conflict, match=told):
                prompts.import_file(replace(place.curator, via="api"), place.project.id, "sums", path, uploaded=True)
            by_shell = pool.submit(prompts.import_file, place.curator, place.project.id, "sums", path)
            with pytest.raises(TimeoutError):
                by_shell.result(5 * unfinished.WAIT_SECONDS)
        assert by_shell.result(30).num_imported == 9
    assert num_projects() == 1
    assert (settings().folder / import_lock.LOCK).read_bytes() == b""


def test_a_job_tells_which_import_it_waits_for_while_it_does(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_parts: None
) -> None:
    place, elsewhere = Place(), rows.make_project()
    started = import_jobs.start(place.curator, place.project.id, place.file(tmp_path, THREE), ASKED)

    def told() -> str:
        return job_views.get(place.curator, started).job.waits_for

    def of(project: tables.Project) -> unfinished.ImportUnderWay:
        return unfinished.ImportUnderWay(project.id, "other.jsonl", "olga", "2026-02-01 12:00")

    with ThreadPoolExecutor(1) as pool:
        with import_lock.held(0.0, mine=of(elsewhere)):
            working = pool.submit(work, started)
            until(lambda: "It waits" in told(), lambda: f"told by job {job_views.get(place.curator, started).log_tail}")
            assert told().startswith("It waits for an import into another project, which has been writing since ")
            assert "other.jsonl" not in told(), "it is not theirs to see"
            (settings().folder / import_lock.LOCK).write_text(json.dumps(asdict(of(place.project))))
            until(lambda: "other.jsonl" in told(), "told of the next one")
            assert (
                "the import of 'other.jsonl' by olga, which has been writing since 2026-02-01 12:00 UTC. On" in told()
            )
            with using("de"):
                assert told().startswith(
                    "Er wartet auf den Import von 'other.jsonl' durch olga, der seit 2026-02-01 12:00"
                )
            with session() as db:  # a worker that took the job over, and does not wait yet
                db.get_one(tables.Job, started).attempt += 1
            assert told() == ""
            with session() as db:
                db.get_one(tables.Job, started).attempt -= 1
        working.result(60)
    assert told() == ""
    with reading() as db:
        assert import_lock.AWAITED not in db.get_one(tables.Job, started).spec
    done = import_jobs.get(place.curator, started)
    assert (done.status, done.error) == (JobStatus.done, None)


def test_where_files_have_no_locks_what_is_one_transaction_is_imported(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place()

    def refuse(*_given: Any) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    assert place.bring(tmp_path, THREE).num_samples == 3
    monkeypatch.setattr(chunks, "ROWS_AT_ONCE", 2)
    with pytest.raises(Conflict, match=r"import\.lock cannot be locked: Operation not supported"):
        place.bring(tmp_path, MANY)


def test_a_bad_last_row_is_found_before_anything_is_written(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_parts: None
) -> None:
    place = Place()
    pauses = beside(monkeypatch, lambda _pause: None)
    path = place.file(tmp_path, [*SUMS, {"prompt": ""}])
    with pytest.raises(Exception, match=r"Nothing was imported\. Mend them"):
        prompts.import_file(place.curator, place.project.id, "sums", path, on_bad="refuse")
    assert pauses == []
    report = prompts.import_file(place.curator, place.project.id, "sums", place.file(tmp_path, SUMS), on_bad="refuse")
    assert report.num_imported == 9
    assert len(pauses) == 5
