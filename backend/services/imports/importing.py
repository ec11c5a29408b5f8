"""A file of another tool's samples becomes a round that waits for review: whole, or not at all.

The file is read and checked first, without the database; one transaction then writes. Samples are known by their
external ids, so the same file again writes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import boundary
from backend.db import now, reading, session, tables
from backend.errors import InvalidInput, NotFound
from backend.files import require_regular
from backend.garbage import collected_seldom
from backend.generators.imported import Imported
from backend.judges.noted import Noted
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe
from backend.selectors.above_threshold import AboveThreshold
from backend.services import archived, events
from backend.services.access import Actor, require
from backend.services.imports import scales, staging, updating
from backend.services.imports.deciders import ImportProvenance, most_deciders, named, people_of
from backend.services.imports.reading import SampleReader
from backend.services.imports.staging import StagedSamples
from backend.services.imports.writing import SampleWriter
from backend.services.prompts.files import open_file
from backend.services.prompts.files.arrow_rows import LARGEST
from backend.services.prompts.intake import staging_folder
from backend.services.review_settings import ReviewSettings
from backend.services.rounds import moving
from backend.trainers.sft import SFT
from backend.values import JSON, Role, RoundStatus, SetUse, Split, Stage

REVIEW = 3
"""The step before which people decide: the selector's."""


@dataclass(frozen=True)
class ImportRequest:
    """How a file is imported. `columns`: the column of a role, in an export of a tool the question of `label` and
    `score`; `people`: who somebody of the file is here, by name; `accept_at`: needed where scores are not from 0 to 1;
    `lowest`, `highest`: the scale, by default as far as the file's scores go; `file`: what the file is called;
    `update`: samples that are there with other scores or metadata get these, where nobody has decided.
    """

    name: str
    columns: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    accept_at: float | None = None
    policy_id: int | None = None
    is_blind: bool = True
    lowest: float | None = None
    highest: float | None = None
    file: str = ""
    update: bool = False

    @property
    def scale(self) -> tuple[float | None, float | None, float | None]:
        """The cut, the lowest and the highest score, as far as they were given."""
        return self.accept_at, self.lowest, self.highest

    def to_json(self) -> JSON:
        return asdict(self)


@dataclass(frozen=True)
class ImportedRound:
    """What an import did. No new sample, no round.

    `num_present`: samples that the project had already; `num_updated`: those of them that have other scores or metadata
    now; `num_repeated`: those that the file has again. `num_reviewers`: how many the round asks for each item.
    `left_out`: what was answered in the file and is no decision, by reason.
    """

    round_id: int | None
    round_number: int | None
    num_rows: int
    num_samples: int
    num_present: int
    num_prompts: int = 0
    num_judgments: int = 0
    num_decisions: int = 0
    num_repeated: int = 0
    num_reviewers: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    num_updated: int = 0


def import_samples(actor: Actor, project_id: int, path: Path, asked: ImportRequest) -> ImportedRound:
    """Import a file here and now."""
    require_importable(actor, project_id, asked)
    path = path.expanduser().resolve()
    if not path.exists():
        raise NotFound(f"There is no file {path}. Check its name.")
    asked = replace(asked, file=asked.file or path.name)
    with staging_folder() as folder:
        staged = stage(path, asked, folder)
        with session() as db:
            return write(db, actor, project_id, staged, asked)


def require_importable(actor: Actor, project_id: int, asked: ImportRequest) -> None:
    """Raise unless the actor may import into the project what was asked for."""
    boundary.name(asked.name, "The name of the prompt set", 100)
    for name in ("accept_at", "lowest", "highest"):
        value = getattr(asked, name)
        if value is not None and not abs(value) <= boundary.MOST_SCORE:
            raise InvalidInput(f"{name} is {value}; it must be a number from -1e9 to 1e9.")
    scales.check(*asked.scale)
    with reading() as db:
        require(db, actor, project_id, Role.curator)
        policy_of(db, project_id, asked.policy_id)


def stage(
    path: Path, asked: ImportRequest, folder: Path, advance: Callable[[int], None] = lambda _: None
) -> StagedSamples:
    """Read and check a file into `folder`; raises `InvalidInput` that names rows."""
    require_regular(path, LARGEST)
    reader = SampleReader(asked.columns)
    with collected_seldom():
        staged = staging.stage(open_file(path), reader, folder / "samples", advance, called=asked.file)
    scales.scale_of(staged, *asked.scale)
    return staged


def write(
    db: Session, actor: Actor, project_id: int, staged: StagedSamples, asked: ImportRequest, job_id: int | None = None
) -> ImportedRound:
    """Write what is new of a staged file as a round, in the caller's transaction; nothing is new, no round."""
    require(db, actor, project_id, Role.curator)
    # Another import or launch waits, but nobody who only writes rows of the project: that needs its key alone.
    db.get_one(tables.Project, project_id, with_for_update={"key_share": True})
    archived.refuse_external_ids(db, project_id)
    num_updated = updating.update(db, project_id, staged) if asked.update else 0
    if num_updated:
        what: dict[str, Any] = {"file": asked.file, "num_updated": num_updated}
        events.note(db, actor, "update samples", f"{num_updated:,} samples", project_id=project_id, **what)
    people = people_of(db, actor, project_id, staged, asked.people)
    settings = ReviewSettings(num_reviewers_per_item=most_deciders(staged, people))
    cut = scales.CUT if asked.accept_at is None else asked.accept_at
    recipe = recipe_of(cut, scales.scale_of(staged, *asked.scale))
    with collected_seldom(), db.begin_nested() as nothing_new:
        prompt_set = _new_set(db, actor, project_id, asked.name)
        round_ = _new_round(db, actor, project_id, asked, settings, recipe)
        provenance = ImportProvenance(actor, asked.file, job_id)
        writer = SampleWriter(db, staged, round_, prompt_set, people, cut, settings, provenance)
        with writer.arrival.gathering(tables.Prompt, tables.Sample):
            for chunk in staged.chunks():
                writer.write(chunk)
        if not writer.num_samples:
            nothing_new.rollback()
            return ImportedRound(
                None,
                None,
                staged.num_rows,
                0,
                writer.num_present,
                num_repeated=writer.num_repeated,
                num_updated=num_updated,
            )
    round_.num_prompts = prompt_set.num_prompts
    round_.counts = {
        "prompts": prompt_set.num_prompts,
        "left_out": {},
        "samples": writer.num_samples,
        "tokens": writer.num_tokens,
        "truncated": 0,
        "judgments": writer.num_judgments,
        "unparsed": writer.num_unparsed,
        "judge_tokens": 0,
    }
    db.add(tables.RoundPromptSet(round_id=round_.id, prompt_set_id=prompt_set.id, use=SetUse.sample))
    names = named(db, people.values())
    what = {
        "num_samples": writer.num_samples,
        "num_decisions": writer.num_decisions,
        "prompt_set_id": prompt_set.id,
        "file": asked.file,
        "people": {name: names[n] for name, n in people.items() if name is not None},
        "decisions": {names[person]: count for person, count in sorted(writer.num_decided.items())},
        "left_out": staged.left_out,
    }
    if job_id is not None:
        what["job_id"] = job_id
    place: dict[str, Any] = {"project_id": project_id, "round_id": round_.id}
    events.note(db, actor, "import samples", f"round {round_.number}", **place, **what)
    return ImportedRound(
        round_.id,
        round_.number,
        staged.num_rows,
        writer.num_samples,
        writer.num_present,
        prompt_set.num_prompts,
        writer.num_judgments,
        writer.num_decisions,
        writer.num_repeated,
        settings.num_reviewers_per_item,
        staged.left_out,
        num_updated,
    )


def recipe_of(accept_at: float, scale: tuple[float, float] | None) -> Recipe:
    """What an imported round is: its samples, what was said of them, and, once people have decided, a training.

    It keeps what is accepted, as the label says, and not what scores: a verdict may come without a score.
    """
    lowest, highest = scale or (None, None)
    judge = Noted(accept_at=accept_at, lowest=lowest, highest=highest)
    selector = AboveThreshold(threshold=accept_at, keep="accepted")
    return Recipe(
        name="imported_samples",
        title="Imported samples",
        steps=(PromptSet(), Imported(), judge, selector, SFT()),
    )


def policy_of(db: Session, project_id: int, policy_id: int | None) -> int:
    """The checkpoint that the round starts from: the one asked for, else the project's newest policy."""
    checkpoint = tables.Checkpoint
    here = select(checkpoint.id).where(checkpoint.project_id == project_id)
    if policy_id is not None:
        if db.scalar(here.where(checkpoint.id == policy_id)) is None:
            raise InvalidInput(f"The checkpoint {policy_id} is not in this project. Choose one from Checkpoints.")
        return policy_id
    newest = db.scalar(here.where(checkpoint.role == "policy").order_by(checkpoint.id.desc()).limit(1))
    if newest is None:
        raise InvalidInput(
            "The project has no checkpoint, and what comes of imported samples starts from one. Register a model first."
        )
    return newest


def _new_set(db: Session, actor: Actor, project_id: int, name: str) -> tables.PromptSet:
    """A set of the name, or, where that is taken, of the name with a number."""
    row = tables.PromptSet
    base = boundary.name(name, "The name of the prompt set", 100)
    taken = set(
        db.scalars(select(row.name).where(row.project_id == project_id, row.name.startswith(base, autoescape=True)))
    )
    free = next(
        candidate for n in range(1, len(taken) + 2) if (candidate := base if n == 1 else f"{base} {n}") not in taken
    )
    prompt_set = row(
        project_id=project_id, name=free, split=Split.train, origin="samples", num_prompts=0, created_by=actor.user_id
    )
    db.add(prompt_set)
    db.flush()
    return prompt_set


def _new_round(
    db: Session, actor: Actor, project_id: int, asked: ImportRequest, settings: ReviewSettings, recipe: Recipe
) -> tables.Round:
    """A round that waits for people."""
    policy_id = policy_of(db, project_id, asked.policy_id)
    round_ = tables.Round(
        project_id=project_id,
        number=moving.last_number(db, project_id) + 1,
        status=RoundStatus.review,
        stage=Stage.review,
        recipe=recipe.model_dump(mode="json"),
        policy_id=policy_id,
        reference_id=policy_id,
        num_prompts=0,
        seed=0,
        is_reviewed=True,
        is_blind=asked.is_blind,
        review=settings.model_dump(mode="json"),
        step=REVIEW,
        created_at=now(),
        created_by=actor.user_id,
    )
    db.add(round_)
    db.flush()
    return round_
