"""Write the dataset in TRL's format, run the trainer as a process of its own, follow its progress file."""

import hashlib
import json
import logging
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import machine, shared_files
from backend.config import settings
from backend.db import reading, tables
from backend.engines._model_check import CheckLevel
from backend.engines._server_folders import free_gpus
from backend.engines._wrapper import in_words, innermost, is_wrapper
from backend.errors import InvalidInput, TrainerError
from backend.jobs.child import run_grandchild
from backend.jobs.logs import log_path
from backend.pipeline import frozen, left_out, model_check, preflight, rollouts, trained, wrap
from backend.pipeline.ask import ask_due
from backend.pipeline.bind import acting, checkpoint_row, engine_json
from backend.pipeline.stage import Finish, StageContext
from backend.recipes import POLICY, StepPlace
from backend.trainers import LIVE, Trainer, TrainSpec, final_folder
from backend.values import JSON, SCORER

logger = logging.getLogger("rondo.pipeline")


FOLDER = Path("checkpoints")
"""Below the data folder; in it `round-ID-...` for each training."""
OF_ROUND = re.compile(r"round-(\d{1,18})-.*", re.ASCII)


def folder_of(
    round_: tables.Round,
    dataset: tables.Dataset | None,
    place: StepPlace | None = None,
    start_id: int = 0,
    reference_id: int = 0,
    asked: Mapping[str, int] = MappingProxyType({}),
) -> Path:
    """Where a round's training writes, below the data folder. dataset: None for a trainer that reads no rows. place:
    its step, None in a recipe of slots. asked: who answers in the roles that the trainer asks.

    What is trained, and from where, is part of the name: after a database is restored from a backup the same round
    id may mean another training, and its weights must not be taken for this one's.
    """
    content_hash = dataset.content_hash if dataset is not None else ""
    if place is None:
        known = [content_hash, round_.recipe["trainer"], round_.policy_id, round_.reference_id, round_.seed]
    else:
        trainer = place.step.part
        assert isinstance(trainer, Trainer)
        known = [
            content_hash,
            trainer.known(),
            start_id,
            reference_id,
            round_.seed,
            round_.phase,
            place.index,
            *([dict(asked)] if asked else []),
        ]
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


def write_spec(stage: StageContext, dataset: tables.Dataset | None, folder: Path) -> Path:
    """Write what the training process needs beside its output."""
    start = engine_json(checkpoint_row(starts_from(stage)))
    trainer, asked = trainer_of(stage), asks(stage)
    engines = {role: engine_json(checkpoint_row(checkpoint_id)) for role, checkpoint_id in asked.items()}
    policy, reference = {"model": ""}, {"model": None}
    if trainer.trains_weights:
        policy, reference = innermost(start), innermost(engine_json(checkpoint_row(compared_with(stage))))
    else:
        engines |= {trainer.start: start}
    # Which checkpoints these roles mean is said beside it; a training of before they had names goes on.
    named = ("start", "reference") if trainer.trains_weights else ()
    spec = TrainSpec(
        trainer={name: value for name, value in trainer.known().items() if name not in named},
        dataset=str(folder / "dataset.jsonl") if dataset is not None else "",
        dataset_type=dataset.type if dataset is not None else "",
        policy=policy.get("adapter") or policy["model"],
        reference=reference.get("adapter") or reference.get("model"),
        output_dir=str(folder),
        seed=stage.round.seed,
        engines=engines,
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
    start = checkpoint_row(starts_from(stage))
    if is_wrapper(start.engine):
        message = "%s answers by %s: the weights inside are trained, and the new checkpoint answers by itself."
        logger.info(message, start.name, in_words(start.engine))
    lines = model_check.of_engine(innermost(engine_json(start)))
    for line in lines:
        if line.outcome is CheckLevel.warn:
            logger.warning("The policy's check, %s: %s", line.name, line.text)
    if failed := [line.text for line in lines if line.outcome is CheckLevel.fail]:
        raise InvalidInput(f"The policy cannot be trained. {' '.join(failed)}")


def training_folder(stage: StageContext, dataset: tables.Dataset | None) -> Path:
    """Where the job's step trains, below the data folder."""
    if "trainer" in stage.round.recipe:
        return folder_of(stage.round, dataset)
    return folder_of(stage.round, dataset, stage.place, starts_from(stage), compared_with(stage), asks(stage))


def name_of(stage: StageContext) -> str:
    """What the checkpoint is called: by its round, one made on the way by its step too."""
    plain = f"round-{stage.round.number}"
    return plain if makes_product(stage) else f"{plain}-{stage.place.step.name or f'step-{stage.step + 1}'}"


def run(stage: StageContext) -> Finish:
    """Train, or take what a finished training left behind."""
    ask_due(stage)
    trainer = trainer_of(stage)
    dataset = dataset_of(stage.round.id, stage.step) if trainer.takes else None
    relative = training_folder(stage, dataset)
    folder = settings().folder / relative
    folder.mkdir(parents=True, exist_ok=True)
    if trainer.trains_weights:
        check_policy(stage)
    if dataset is not None:
        frozen.write(dataset, folder)
    spec = write_spec(stage, dataset, folder)
    if trainer.rewards:
        rollouts.announce(stage, relative)
    follow, note = Follower(stage, folder / "progress.jsonl"), preflight.Noting(stage, folder, dataset)

    def look() -> None:
        note()
        follow()

    log = log_path(stage.job_id)
    log.parent.mkdir(parents=True, exist_ok=True)
    start = log.stat().st_size if log.exists() else 0
    free_gpus()
    final = final_folder(str(relative))
    shared_files.bring(settings().folder / final)  # of an attempt on another machine that trained, and ended then
    try:
        run_grandchild([sys.executable, "-m", "backend.trainers", str(spec)], log=log, while_running=look)
    except TrainerError as error:
        raise TrainerError(frozen.own_words(log, start) or error.message) from error
    shared_files.share_first(settings().folder / final)
    report = trained.report_rows if trainer.trains_weights else wrap.report
    report(stage, settings().folder / final, follow.step)
    checks = trained.checks(settings().folder / final) if trainer.trains_weights else {}

    def finish(db: Session) -> None:
        parent = db.get_one(tables.Checkpoint, starts_from(stage))
        dataset_id = dataset.id if dataset is not None else None
        if trainer.trains_weights:
            columns = trained.columns(parent, final, is_scorer=trainer.makes == SCORER)
        else:
            columns = wrap.columns(db, parent, final, dataset_id)
        columns["details"] = (
            {"recipe": stage.recipe.name, "trainer": trainer.name, "machine": machine.described()}
            | columns["details"]
            | checks
        )
        checkpoint = tables.Checkpoint(
            project_id=stage.round.project_id, name=name_of(stage), location=str(final), parent_id=parent.id, **columns
        )
        if dataset is not None and trainer.trains_weights:
            left_out.write(db, stage, trained.rows_left_out(db, dataset.id, settings().folder / final))
        db.add(checkpoint)
        db.flush()
        if dataset is not None and trainer.rewards:
            rollouts.write(db, stage, dataset.id, checkpoint.id, settings().folder / relative)
        if makes_product(stage):
            db.get_one(tables.Round, stage.round.id).checkpoint_id = checkpoint.id
        if not makes_product(stage) or stage.recipe.product != POLICY:
            # The next round finds it under its name, too.
            db.add(
                tables.RoundRole(
                    round_id=stage.round.id, role=stage.place.step.makes, step=stage.step, checkpoint_id=checkpoint.id
                )
            )

    return finish
