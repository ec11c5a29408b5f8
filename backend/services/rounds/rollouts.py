"""The texts that a trainer writes itself: the newest of a training, and stopping one that games its judge."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import boundary, jobs
from backend.config import settings
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput
from backend.pipeline import rollouts as written
from backend.services import events
from backend.services.access import Actor, require_row
from backend.values import JSON, JobStatus, Role, SampleKind, Split

MOST = 40
TAIL = 256 * 1024
"""Bytes at the end of a running training's file that are read."""
PREVIEW = 600
HACKING = "stop for reward hacking"


@dataclass(frozen=True)
class Rollout:
    """A text and its reward. `text`, `prompt` and `remark` are cut after `PREVIEW` characters.

    `step`: the optimizer step in which it was first trained on; `components`: what each of several judges gave.
    """

    step: int
    prompt_id: int
    prompt: str
    text: str
    reward: float | None
    advantage: float | None
    components: dict[str, float | None]
    remark: str
    is_truncated: bool
    num_tokens: int


def newest(actor: Actor, job_id: int, *, limit: int = MOST) -> list[Rollout]:
    """The newest texts of a training, newest first; empty for a job that writes none.

    While it runs, and after it was stopped, they are read from the end of its file, which is there on machines that
    share the data folder; of a finished one, from its round's samples.
    """
    limit = min(max(limit, 1), MOST)
    with reading() as db:
        job = _job(db, actor, job_id, Role.viewer)
        folder = job.spec.get(written.FOLDER)
        if not isinstance(folder, str):
            return []
        if job.status is JobStatus.done:
            return _of_samples(db, job, limit)
        lines = tail(settings().folder / folder / written.FILE)[-limit:]
        asked = _prompts(db, job, {line["row"] for line in lines})
    return [_of_line(line, *asked[line["row"]]) for line in reversed(lines) if line["row"] in asked]


def stop_hacking(actor: Actor, job_id: int, prompt_ids: Collection[int], note: str = "") -> int | None:
    """Stop a training because its texts please the judge without being good; return the set of probes, if any.

    The prompts become held-out probes in a set named after the round; later rounds of the project train on them no
    more. Raises `InvalidInput` for prompts that the training does not ask, `Conflict` where it has ended.
    """
    note = boundary.text(note, "The note", boundary.MOST_LINE)
    with session() as db:
        job = _job(db, actor, job_id, Role.curator)
        if not isinstance(job.spec.get(written.FOLDER), str):
            raise Conflict(f"Job {job_id} writes no texts of its own, so it games no judge. Cancel it instead.")
        if job.status not in jobs.ACTIVE:
            raise Conflict(f"Job {job_id} is already {job.status}, so there is nothing to stop.")
        round_ = db.get_one(tables.Round, job.round_id)
        prompts = _asked(db, job, prompt_ids)
        jobs.cancel(db, job_id)
        # Gone on with, it would game the judge further, on frozen rows that hold the probes.
        job.is_final = True
        set_id = _add_probes(db, actor, round_, prompts) if prompts else None
        place: dict[str, Any] = {"project_id": job.project_id, "round_id": job.round_id, "job_id": job_id}
        details: dict[str, Any] = {"probes": [prompt.id for prompt in prompts], "prompt_set_id": set_id, "note": note}
        events.note(db, actor, HACKING, f"job {job_id}, round {round_.number}", **place, **details)
    return set_id


def tail(file: Path, size: int = TAIL) -> list[JSON]:
    """The whole lines at the end of a file that is being written, as far as they can be read."""
    try:
        with file.open("rb") as opened:
            end = opened.seek(0, 2)
            opened.seek(max(0, end - size))
            lines = opened.read(size).split(b"\n")
    except OSError:
        return []
    entries = []
    for line in lines[0 if end <= size else 1 : -1]:
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict) and type(value.get("row")) is int:
            entries.append(value)
    return entries


def _of_line(line: JSON, prompt_id: int, prompt: str) -> Rollout:
    return Rollout(
        int(line.get("step", 0)),
        prompt_id,
        prompt,
        boundary.clean(str(line.get("text", ""))[:PREVIEW]),
        line.get("reward"),
        line.get("advantage"),
        line.get("components") or {},
        boundary.clean(str(line.get("said", ""))[:PREVIEW]),
        line.get("finish_reason") == "length",
        int(line.get("num_tokens", 0)),
    )


def _of_samples(db: Session, job: tables.Job, limit: int) -> list[Rollout]:
    sample, prompt = tables.Sample, tables.Prompt
    of_step = (sample.round_id == job.round_id, sample.kind == SampleKind.rollout, sample.step == job.step)
    query = select(sample, prompt.text).join(prompt, prompt.id == sample.prompt_id).where(*of_step)
    return [
        Rollout(
            int(row.extra.get("optimizer_step", 0)),
            row.prompt_id,
            text[:PREVIEW],
            row.text[:PREVIEW],
            row.extra.get("reward"),
            row.extra.get("advantage"),
            row.extra.get("components", {}),
            str(row.extra.get("said", ""))[:PREVIEW],
            row.finish_reason == "length",
            row.num_tokens,
        )
        for row, text in db.execute(query.order_by(sample.id.desc()).limit(limit))
    ]


def _examples(db: Session, job: tables.Job) -> Any:
    """The dataset that the training reads: the newest before its step."""
    dataset = tables.Dataset
    before = (dataset.round_id == job.round_id, dataset.step < (job.step or 0))
    return db.scalar(select(dataset.id).where(*before).order_by(dataset.step.desc()).limit(1))


def _prompts(db: Session, job: tables.Job, rows: Collection[int]) -> dict[int, tuple[int, str]]:
    """Id and start of the prompt of each row of the dataset."""
    row, prompt = tables.Example, tables.Prompt
    query = select(row.position, prompt.id, prompt.text).join(prompt, prompt.id == row.prompt_id)
    query = query.where(row.dataset_id == _examples(db, job), row.position.in_(rows))
    return {position: (id_, text[:PREVIEW]) for position, id_, text in db.execute(query)}


def _asked(db: Session, job: tables.Job, prompt_ids: Collection[int]) -> list[tables.Prompt]:
    """The prompts, each of which the training asks."""
    wanted = sorted(set(prompt_ids))
    if len(wanted) > MOST:
        raise InvalidInput(f"{len(wanted)} prompts are marked, and {MOST} at a time can become probes. Mark fewer.")
    row, prompt = tables.Example, tables.Prompt
    known = select(row.prompt_id).where(row.dataset_id == _examples(db, job), row.prompt_id.in_(wanted))
    prompts = list(db.scalars(select(prompt).where(prompt.id.in_(known)).order_by(prompt.id)))
    if len(prompts) < len(wanted):
        missing = min(set(wanted) - {prompt.id for prompt in prompts})
        raise InvalidInput(f"Job {job.id} does not ask prompt {missing}. Mark texts of this training.")
    return prompts


def _add_probes(db: Session, actor: Actor, round_: tables.Round, prompts: Sequence[tables.Prompt]) -> int:
    """Put copies of the prompts into the round's set of probes; the set is made where there is none."""
    row, name = tables.PromptSet, f"round {round_.number} probes"
    here = (row.project_id == round_.project_id, row.name == name)
    prompt_set = db.scalar(select(row).where(*here))
    if prompt_set is not None and prompt_set.origin != tables.PROBES:
        raise Conflict(f"There is already a prompt set {name!r} that holds no probes. Rename or delete it first.")
    if prompt_set is None:
        prompt_set = row(
            project_id=round_.project_id,
            name=name,
            split=Split.held_out,
            origin=tables.PROBES,
            num_prompts=0,
            created_by=actor.user_id,
        )
        db.add(prompt_set)
        db.flush()
    has = set(db.scalars(select(tables.Prompt.content_hash).where(tables.Prompt.prompt_set_id == prompt_set.id)))
    new = {prompt.content_hash: prompt for prompt in prompts if prompt.content_hash not in has}
    for position, probe in enumerate(new.values(), prompt_set.num_prompts):
        copied = {
            name: getattr(probe, name) for name in ("messages", "text", "answer", "extra", "content_hash", "text_key")
        }
        db.add(tables.Prompt(prompt_set_id=prompt_set.id, position=position, **copied))
    prompt_set.num_prompts += len(new)
    return prompt_set.id


def _job(db: Session, actor: Actor, job_id: int, role: Role) -> tables.Job:
    """The job, if the actor has the role in its project; a stranger does not learn that it exists."""
    missing = f"There is no job {job_id} here. Choose one from the list."
    job = db.get(tables.Job, job_id)
    return require_row(db, actor, job, role, missing)
