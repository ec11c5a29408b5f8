"""Write the dataset in TRL's format, run the trainer as a process of its own, follow its progress file."""

import hashlib
import json
import logging
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.config import settings
from backend.db import reading, tables
from backend.engines._model_check import Outcome
from backend.errors import Conflict, InvalidInput, TrainerError
from backend.jobs.child import run_grandchild
from backend.jobs.logs import log_path
from backend.pipeline import groups as group_values
from backend.pipeline import left_out, model_check, rollouts
from backend.pipeline import rows as dataset_rows
from backend.pipeline.ask import ask_due
from backend.pipeline.bind import acting, checkpoint_row, engine_json
from backend.pipeline.stage import Finish, StageContext
from backend.recipes import POLICY, Place
from backend.trainers import LIVE, Trainer, TrainSpec, final_folder
from backend.values import JSON, SCORER, Failure, FailureKind

logger = logging.getLogger("rondo.pipeline")


FOLDER = Path("checkpoints")
"""Below the data folder; in it `round-ID-...` for each training."""
OF_ROUND = re.compile(r"round-(\d{1,18})-.*", re.ASCII)


def folder_of(round_: tables.Round, dataset: tables.Dataset, place: Place | None = None, start_id: int = 0,
              reference_id: int = 0, asked: Mapping[str, int] = MappingProxyType({})) -> Path:  # fmt: skip
    """Where a round's training writes, below the data folder. place: its step, None in a recipe of slots.
    asked: who answers in the roles that the trainer asks.

    What is trained, and from where, is part of the name: after a database is restored from a backup the same round
    id may mean another training, and its weights must not be taken for this one's.
    """
    if place is None:
        known = [dataset.content_hash, round_.recipe["trainer"], round_.policy_id, round_.reference_id, round_.seed]
    else:
        trainer = place.step.part
        assert isinstance(trainer, Trainer)
        known = [
            dataset.content_hash, trainer.known(), start_id, reference_id, round_.seed, round_.phase,
            place.index, *([dict(asked)] if asked else []),
        ]  # fmt: skip
    key = json.dumps(known)
    return FOLDER / f"round-{round_.id}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def dataset_of(round_id: int, before: int | None = None) -> tables.Dataset:
    """The round's newest frozen dataset, of those written before a step."""
    dataset = tables.Dataset
    query = select(dataset).where(dataset.round_id == round_id)
    if before is not None:
        query = query.where(dataset.step < before)
    with reading() as db:
        return db.scalars(query.order_by(dataset.step.desc()).limit(1)).one()


def trainer_of(stage: StageContext) -> Trainer:
    """The trainer of the job's step."""
    trainer = stage.place.step.part
    assert isinstance(trainer, Trainer)
    return trainer


def starts_from(stage: StageContext) -> int:
    """The checkpoint that is trained."""
    return acting(stage.round, trainer_of(stage).start, stage.step)


def compared_with(stage: StageContext) -> int:
    """The checkpoint that the loss compares with, where it compares with one."""
    return acting(stage.round, trainer_of(stage).reference, stage.step)


def asks(stage: StageContext) -> dict[str, int]:
    """The checkpoints that answer in the roles that the trainer asks; the policy in training is none."""
    roles = [role for role in trainer_of(stage).asked_roles if role != LIVE]
    return {role: acting(stage.round, role, stage.step) for role in roles}


def makes_product(stage: StageContext) -> bool:
    """Whether this training makes what the round is for: the last one of that role."""
    product = stage.recipe.product
    makers = [place.index for place in stage.places if place.step.kind == "trainer" and place.step.makes == product]
    return bool(makers) and makers[-1] == stage.step


def write_dataset(dataset: tables.Dataset, folder: Path) -> None:
    """Write the frozen rows to `dataset.jsonl`; refuse if they are not what was frozen."""
    path, part = folder / "dataset.jsonl", folder / "dataset.jsonl.part"
    with reading() as db:
        with part.open("w", encoding="utf-8") as out:

            def lines() -> Any:
                for row in dataset_rows.iterate(db, dataset.id):
                    text = dataset_rows.line(row)
                    out.write(text)
                    yield text

            digest = dataset_rows.content_hash(lines())
    if digest != dataset.content_hash:
        raise Conflict(
            f"Dataset {dataset.id} no longer has the content it was frozen with: its hash is {digest[:12]}, not "
            f"{dataset.content_hash[:12]}. Somebody changed rows in the database. Launch the round again."
        )
    part.replace(path)


def write_spec(stage: StageContext, dataset: tables.Dataset, folder: Path) -> Path:
    """Write what the training process needs beside its output."""
    policy = engine_json(checkpoint_row(starts_from(stage)))
    reference = engine_json(checkpoint_row(compared_with(stage)))
    # Which checkpoints these roles mean is said beside it; a training of before they had names goes on.
    knobs = {name: value for name, value in trainer_of(stage).known().items() if name not in ("start", "reference")}
    spec = TrainSpec(
        trainer=knobs,
        dataset=str(folder / "dataset.jsonl"),
        dataset_type=dataset.type,
        policy=policy.get("adapter") or policy["model"],
        reference=reference.get("adapter") or reference.get("model"),
        output_dir=str(folder),
        seed=stage.round.seed,
        engines={role: engine_json(checkpoint_row(checkpoint_id)) for role, checkpoint_id in asks(stage).items()},
    )
    path = folder / "spec.json"
    path.write_text(json.dumps(spec.to_json(), indent=1, ensure_ascii=False))
    return path


class Follower:
    """Reads what the trainer appended to its progress file since the last look."""

    def __init__(self, stage: StageContext, path: Path) -> None:
        self.stage, self.path, self.offset, self.step = stage, path, 0, 0

    def __call__(self) -> None:
        if not self.path.exists():
            return
        if self.path.stat().st_size < self.offset:
            # A resumed trainer cuts off what lies behind the checkpoint it resumes from.
            self.offset = 0
        with self.path.open("rb") as file:
            file.seek(self.offset)
            for text in file:
                if not text.endswith(b"\n"):
                    break
                self.offset += len(text)
                self.show(json.loads(text))

    def show(self, entry: JSON) -> None:
        """Report one entry of the trainer's progress."""
        if self.step == 0:
            self.stage.progress.start(entry["max_steps"], "steps", done=entry["step"])
        elif entry["step"] > self.step:
            self.stage.progress.advance(entry["step"] - self.step)
        self.step = entry["step"]
        if entry["metrics"]:
            self.stage.progress.metrics(entry["step"], entry["metrics"])


def check_policy(stage: StageContext) -> None:
    """Check the model that is to be trained; its warnings go to the log, what cannot be used is raised."""
    lines = model_check.of_engine(engine_json(checkpoint_row(starts_from(stage))))
    for line in lines:
        if line.outcome is Outcome.warn:
            logger.warning("The policy's check, %s: %s", line.name, line.text)
    if failed := [line.text for line in lines if line.outcome is Outcome.fail]:
        raise InvalidInput(f"The policy cannot be trained. {' '.join(failed)}")


def own_words(log: Path, start: int) -> str | None:
    """The error line the trainer wrote in this attempt, if it wrote one."""
    with log.open("rb") as file:
        file.seek(start)
        lines = file.read().decode("utf-8", errors="replace").splitlines()
    said = [text.removeprefix("ERROR: ") for text in lines if text.startswith("ERROR: ")]
    return said[-1] if said else None


def rows_used(final: Path) -> dict[str, int]:
    """How many rows the training was given, how many held special tokens as text, and how many it used.

    TRL drops those whose prompt fills max_length.
    """
    record = json.loads((final / "train.json").read_text(encoding="utf-8"))
    return {name: record[name] for name in ("rows", "rows_special", "rows_refused", "rows_used") if name in record}


def rows_left_out(db: Session, dataset_id: int, final: Path) -> list[left_out.Item]:
    """The rows that the trainer left out, with their prompt and sample."""
    record = json.loads((final / "train.json").read_text(encoding="utf-8"))
    reasons = {number: Failure(FailureKind(kind), why) for number, kind, why in record.get("left_out", [])}
    items = []
    for some in group_values.chunks(sorted(reasons), group_values.CHUNK):
        row, sample = tables.Example, tables.Sample
        query = (
            select(row.position, row.prompt_id, row.sample_id, sample.group_id)
            .outerjoin(sample, sample.id == row.sample_id)
            .where(row.dataset_id == dataset_id, row.position.in_(some))
            .order_by(row.position)
        )
        items += [
            left_out.Item(reasons[position], group_id, prompt_id, sample_id, position=position)
            for position, prompt_id, sample_id, group_id in db.execute(query)
        ]
    return items


def say_rows(used: Mapping[str, int]) -> str:
    """What `rows_used` found, in words."""
    rows, kept, special = used["rows"], used["rows_used"], used.get("rows_special", 0)
    if kept == rows:
        return f"All {rows:,} rows used"
    said = [f"{kept:,} of {rows:,} rows used"]
    refused = used.get("rows_refused", 0)
    if too_long := rows - kept - special - refused:
        said.append(f"{too_long:,} {'was' if too_long == 1 else 'were'} too long for max_length")
    if special:
        said.append(f"{special:,} {'holds' if special == 1 else 'hold'} a special token of the model as text")
    if refused:
        said.append(f"{refused:,} {'was' if refused == 1 else 'were'} refused by the chat template")
    return "; ".join(said)


def training_folder(stage: StageContext, dataset: tables.Dataset) -> Path:
    """Where the job's step trains, below the data folder."""
    if "trainer" in stage.round.recipe:
        return folder_of(stage.round, dataset)
    return folder_of(stage.round, dataset, stage.place, starts_from(stage), compared_with(stage), asks(stage))


def name_of(stage: StageContext) -> str:
    """What the checkpoint is called: by its round, one made on the way by its step too."""
    plain = f"round-{stage.round.number}"
    return plain if makes_product(stage) else f"{plain}-{stage.place.step.name or f'step-{stage.step + 1}'}"


def run(stage: StageContext) -> Finish:
    """Train, or take the weights a finished training left behind."""
    ask_due(stage)
    dataset = dataset_of(stage.round.id, stage.step)
    relative = training_folder(stage, dataset)
    folder = settings().folder / relative
    folder.mkdir(parents=True, exist_ok=True)
    check_policy(stage)
    write_dataset(dataset, folder)
    spec = write_spec(stage, dataset, folder)
    if trainer_of(stage).rewards:
        rollouts.announce(stage, relative)
    follow = Follower(stage, folder / "progress.jsonl")
    log = log_path(stage.job_id)
    log.parent.mkdir(parents=True, exist_ok=True)
    start = log.stat().st_size if log.exists() else 0
    try:
        run_grandchild([sys.executable, "-m", "backend.trainers", str(spec)], log=log, while_running=follow)
    except TrainerError as error:
        raise TrainerError(own_words(log, start) or error.message) from error
    final = final_folder(str(relative))
    used = rows_used(settings().folder / final)
    logger.info("%s", say_rows(used))
    special, refused = used.get("rows_special", 0), used.get("rows_refused", 0)
    too_long = used["rows"] - used["rows_used"] - special - refused
    dropped = {"rows_too_long": too_long, "rows_special": special, "rows_refused": refused}
    if any(dropped.values()):
        stage.progress.metrics(follow.step, {name: count for name, count in dropped.items() if count})

    made = model_check.stored(model_check.of_engine({"model": str(settings().folder / final)}))

    def finish(db: Session) -> None:
        parent = db.get_one(tables.Checkpoint, starts_from(stage))
        is_adapter = (settings().folder / final / "adapter_config.json").exists()
        engine = dict(parent.engine) | (
            {"adapter": str(final)} if is_adapter else {"model": str(final), "adapter": None}
        )
        is_scorer = trainer_of(stage).makes == SCORER
        checkpoint = tables.Checkpoint(
            project_id=stage.round.project_id,
            name=name_of(stage),
            kind=SCORER if is_scorer else "adapter" if is_adapter else "full",
            role="reward" if is_scorer else "policy",
            location=str(final),
            engine=engine | ({"head": "score"} if is_scorer else {}),
            parent_id=parent.id,
            details={"recipe": stage.recipe.name, "trainer": trainer_of(stage).name} | used | made,
        )
        left_out.write(db, stage, rows_left_out(db, dataset.id, settings().folder / final))
        db.add(checkpoint)
        db.flush()
        if trainer_of(stage).rewards:
            rollouts.write(db, stage, dataset.id, checkpoint.id, settings().folder / relative)
        if makes_product(stage):
            db.get_one(tables.Round, stage.round.id).checkpoint_id = checkpoint.id
        if not makes_product(stage) or stage.recipe.product != POLICY:
            # The next round finds it under its name, too.
            db.add(tables.RoundRole(round_id=stage.round.id, role=stage.place.step.makes, step=stage.step,
                                    checkpoint_id=checkpoint.id))  # fmt: skip

    return finish
