"""The demo project: Countdown, a tiny model, and the loop without a browser."""

import random
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import select

from backend import demo, private, recipes, shared_files
from backend.config import settings
from backend.db import reading, session, tables
from backend.demo import countdown, make_prompts
from backend.errors import RondoError
from backend.services import prompts, reviews, rounds
from backend.services.access import Actor, require
from backend.values import DecisionKind, LabelSource, Role, RoundStatus, Split, Stage, Verdict

NAME = "Countdown demo"
PROMPT_SETS = (
    ("Countdown problems", "train.jsonl", Split.train),
    ("Countdown held out", "held_out.jsonl", Split.held_out),
    ("Judging seed", "judging_seed.jsonl", Split.train),
)
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class RoundResult:
    """One line of the table `rondo demo --headless` prints; the first is the base, as number 0."""

    number: int
    checkpoint: str
    samples: int
    kept: int
    held_out_accuracy: float | None
    held_out_n: int
    seconds: float

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def create(actor: Actor) -> int:
    """Make the demo project, or finish making it; return its id. Safe to repeat."""
    project_id = _project(actor)
    checkpoint_id = _base(project_id)
    sets = _prompt_sets(actor, project_id)
    with session() as db:
        project = db.get_one(tables.Project, project_id)
        if not project.defaults:
            recipe = recipes.get("rejection_sampling").with_changes(demo.RECIPE_CHANGES)
            project.defaults = {
                "recipe": recipe.model_dump(mode="json"),
                "policy_id": checkpoint_id,
                "reference_id": checkpoint_id,
                "sample_set_ids": [sets["Countdown problems"]],
                "held_out_set_ids": [sets["Countdown held out"]],
                "mix_set_ids": [sets["Judging seed"]],
                "num_prompts": demo.NUM_PROMPTS,
                "seed": 1,
                "is_reviewed": True,
                "is_blind": True,
            }
    return project_id


def _project(actor: Actor) -> int:
    with session() as db:
        project_id = db.scalar(select(tables.Project.id).where(tables.Project.name == NAME))
        if project_id is not None:
            require(db, actor, project_id, Role.admin)  # it may be in the trash
            return project_id
        project = tables.Project(name=NAME, description=demo.DESCRIPTION, guidelines=demo.GUIDELINES)
        db.add(project)
        db.flush()
        return project.id


def _base(project_id: int) -> int:
    """Copy the shipped model into the data folder and register it."""
    folder = settings().folder / demo.LOCATION
    if not (folder / "config.json").exists():
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        private.copy_folder(demo.MODEL_FOLDER, part)
        part.rename(folder)
    shared_files.share(folder)
    with session() as db:
        checkpoint = tables.Checkpoint
        known = select(checkpoint.id).where(checkpoint.project_id == project_id, checkpoint.name == "base")
        checkpoint_id = db.scalar(known)
        if checkpoint_id is not None:
            return checkpoint_id
        engine = {"name": "transformers", "model": demo.LOCATION, "batch_size": demo.BATCH_SIZE}
        row = checkpoint(
            project_id=project_id, name="base", kind="base", role="policy", location=demo.LOCATION, engine=engine
        )
        db.add(row)
        db.flush()
        return row.id


def _prompt_sets(actor: Actor, project_id: int) -> dict[str, int]:
    """Make and import the prompt sets that are not there yet; the id of each by its name."""
    ids = {prompt_set.name: prompt_set.id for prompt_set in prompts.list_sets(actor, project_id)}
    missing = [(name, file, split) for name, file, split in PROMPT_SETS if name not in ids]
    if missing:
        with tempfile.TemporaryDirectory(prefix="demo-", dir=settings().folder) as folder:
            make_prompts.write(Path(folder))
            for name, file, split in missing:
                imported = prompts.import_file(actor, project_id, name, Path(folder) / file, split=split)
                ids[name] = imported.sets[0].id
    return ids


def run_headless(
    actor: Actor,
    project_id: int,
    *,
    num_rounds: int,
    seed: int,
    decisions: int = 0,
    say: Callable[[str], None] = lambda _line: None,
    tell: Callable[[str], None] = lambda _line: None,
) -> list[RoundResult]:
    """Launch rounds one after the other and wait for each; a worker must be running. `say`: called with each result;
    `tell`: with each stage that begins meanwhile.

    With `decisions`, a simulated reviewer who is always right decides so many samples of each round, drawn at
    random. The true checker is used here and in the metrics only.
    """
    results: list[RoundResult] = []
    before = len(rounds.list_rounds(actor, project_id))
    for index in range(num_rounds):
        started = time.monotonic()
        plan = rounds.defaults(actor, project_id)
        plan = rounds.Plan(**plan.__dict__ | {"is_reviewed": decisions > 0, "seed": seed * 1000 + before + index})
        round_id = rounds.launch(actor, project_id, plan)
        if decisions:
            wait(actor, round_id, RoundStatus.review, tell=tell)
            review(actor, round_id, decisions, seed=seed)
            reviews.close(actor, round_id)
        done = wait(actor, round_id, RoundStatus.done, tell=tell)
        if not results:
            results.append(_result(0, _base_of(done.policy_id), done, seconds=0.0, is_base=True))
            say(describe(results[-1]))
        results.append(_result(done.number, done.checkpoint_id, done, seconds=time.monotonic() - started))
        say(describe(results[-1]))
    return results


def wait(
    actor: Actor, round_id: int, status: RoundStatus, *, tell: Callable[[str], None] = lambda _line: None
) -> rounds.RoundView:
    """Wait for the round to reach the status; raises `RondoError` with the reason if it ends otherwise or is held.
    `tell`: called with each stage that begins."""
    stage: Stage | None = None
    while True:
        round_ = rounds.get(actor, round_id)
        if round_.stage is not stage and round_.stage is not None:
            stage = round_.stage
            tell(f"Round {round_.number}: {stage}")
        if round_.status is status:
            return round_
        if round_.status is RoundStatus.held:
            raise RondoError(
                f"Round {round_.number} is held before its training: {round_.hold['said']} Let it go on with "
                f"`rondo round release {round_.number} --reason ...`."
            )
        is_given_back = round_.status is RoundStatus.review and round_.error is not None
        if is_given_back or round_.status in (RoundStatus.failed, RoundStatus.cancelled, RoundStatus.done):
            raise RondoError(f"Round {round_.number} is {round_.status}: {round_.error or 'no error was noted'}")
        time.sleep(POLL_SECONDS)


def review(actor: Actor, round_id: int, decisions: int, *, seed: int) -> int:
    """Let the perfect reviewer decide a random choice of samples; return how many labels it overrode."""
    with reading() as db:
        query = (
            select(tables.Sample.id, tables.Sample.text, tables.Prompt.text, tables.Label.machine_verdict)
            .join(tables.Prompt, tables.Prompt.id == tables.Sample.prompt_id)
            .join(tables.Label, tables.Label.sample_id == tables.Sample.id)
            .join(tables.Group, tables.Group.id == tables.Sample.group_id)
            .where(tables.Sample.round_id == round_id, tables.Label.source == LabelSource.judge)
            # By place: which of several workers wrote one first says nothing.
            .order_by(tables.Group.position, tables.Sample.step, tables.Sample.position, tables.Sample.id)
        )
        samples = list(db.execute(query))
    chosen = random.Random(seed).sample(samples, min(decisions, len(samples)))
    acts = []
    for sample_id, text, problem, _ in chosen:
        kind = DecisionKind.accept if countdown.is_correct(problem, text) else DecisionKind.reject
        acts.append(reviews.Act(f"simulated-{round_id}-{sample_id}", kind, sample_id, is_blind=True))
    reviews.decide_many(actor, round_id, acts)
    return sum(machine is not Verdict(act.kind.value) for act, (*_, machine) in zip(acts, chosen, strict=True))


def _base_of(checkpoint_id: int) -> int:
    """The checkpoint at the root of this one's lineage: where the first round of all started."""
    with reading() as db:
        checkpoint = db.get_one(tables.Checkpoint, checkpoint_id)
        while checkpoint.parent_id is not None:
            checkpoint = db.get_one(tables.Checkpoint, checkpoint.parent_id)
        return checkpoint.id


def _result(
    number: int, checkpoint_id: int | None, done: rounds.RoundView, *, seconds: float, is_base: bool = False
) -> RoundResult:
    with reading() as db:
        checkpoint = db.get_one(tables.Checkpoint, checkpoint_id)
        metric = db.scalars(
            select(tables.Metric).where(
                tables.Metric.checkpoint_id == checkpoint_id, tables.Metric.name == "held_out_accuracy"
            )
        ).first()
    return RoundResult(
        number=number,
        checkpoint=checkpoint.name,
        samples=0 if is_base else done.counts.get("samples", 0),
        kept=0 if is_base else done.counts.get("kept", 0),
        held_out_accuracy=metric.value if metric else None,
        held_out_n=metric.n if metric else 0,
        seconds=round(seconds, 1),
    )


def describe(result: RoundResult) -> str:
    """The result as one line of a table."""
    accuracy = "-" if result.held_out_accuracy is None else f"{result.held_out_accuracy:.1%}"
    return (
        f"{result.number:>5}  {result.checkpoint:<12} {result.samples:>8} {result.kept:>7} "
        f"{accuracy:>9} {result.held_out_n:>5} {result.seconds:>8.1f}"
    )


HEADER = f"{'round':>5}  {'checkpoint':<12} {'samples':>8} {'kept':>7} {'held out':>9} {'n':>5} {'seconds':>8}"
"""The header of the lines `describe` makes."""
