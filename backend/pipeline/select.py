"""Labelled groups -> selector -> a frozen dataset, and the funnel: how many dropped out, where, why."""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from backend import values
from backend.db import now, reading, standing, tables
from backend.errors import EmptySelection
from backend.pipeline import groups as group_values
from backend.pipeline import left_out
from backend.pipeline import rows as dataset_rows
from backend.pipeline.stage import Finish, StageContext, derive_seed
from backend.values import SetUse, Split

GROUPS_AT_ONCE = 500
LIBRARIES = ("rondo", "torch", "transformers", "trl", "peft", "datasets", "accelerate")
BACK_IN_REVIEW = (
    "The round is back in review: accept or reject samples by hand and close the review again, select again with "
    "another threshold on the Jobs page, or launch a round with more samples per prompt."
)
LAUNCH_ANOTHER = (
    "Nobody reviews this round, so its labels stay as they are: select again with another threshold on the Jobs page, "
    "or launch a round with more samples per prompt or a review."
)


@dataclass
class Chosen:
    """What goes into the dataset, by origin, and what fell out."""

    selected: list[values.Example] = field(default_factory=list)
    earlier: list[values.Example] = field(default_factory=list)
    mix: list[values.Example] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    unit: str = "samples"
    repeats: int = 0
    """Rows of earlier rounds left out because a newer row says the same."""

    def origins(self) -> Iterator[tuple[str, values.Example]]:
        for origin in ("selected", "earlier", "mix"):
            for example in getattr(self, origin):
                yield origin, example


def choose(stage: StageContext, db: Session) -> Chosen:
    """Run the selector over all groups, then add what the recipe asks for beside them."""
    chosen, known = Chosen(), known_labels(db, stage.round.id)
    rows = group_values.group_rows(db, stage.round.id, Split.train)
    stage.progress.start(len(rows), "groups")
    for number, batch in enumerate(group_values.chunks(rows, GROUPS_AT_ONCE)):
        groups = [with_known(g, known) for g in group_values.load(db, batch) if g.samples]
        selection = stage.recipe.selector.select(groups, seed=derive_seed(stage.round.seed, "select", number))
        chosen.selected += selection.examples
        chosen.dropped.update(selection.dropped)
        chosen.unit = selection.unit
        stage.progress.advance(len(batch))
    if not chosen.selected:
        reasons = "; ".join(f"{reason}: {count}" for reason, count in chosen.dropped.most_common()) or "no samples"
        raise EmptySelection(
            f"The selector {stage.recipe.selector.name} kept nothing of {len(rows)} groups ({reasons}). "
            + (BACK_IN_REVIEW if stage.round.is_reviewed else LAUNCH_ANOTHER)
        )
    if stage.recipe.earlier_rounds:
        add_earlier(stage, db, chosen)
    if stage.recipe.mix_share:
        add_mix(stage, db, chosen)
    check_labels(stage, chosen)
    return chosen


def check_labels(stage: StageContext, chosen: Chosen) -> None:
    """Refuse a dataset of good and bad examples that has one of them only: KTO learns from telling them apart."""
    if stage.recipe.selector.makes is not values.DatasetType.unpaired_preference:
        return
    labels = {example.label for _, example in chosen.origins() if example.label is not None}
    if len(labels) == 1:
        count, which = len(chosen.selected) + len(chosen.earlier), "good" if True in labels else "bad"
        raise EmptySelection(
            f"All {count} examples that the selector {stage.recipe.selector.name} kept are labelled {which}, and the "
            f"trainer {stage.recipe.trainer.name} learns from the difference between good and bad ones. "
            + (BACK_IN_REVIEW if stage.round.is_reviewed else LAUNCH_ANOTHER)
        )


def known_labels(db: Session, round_id: int) -> dict[int, dict[str, Any]]:
    """The columns of the labels of gold items: the verdict that is known, with the score that the judge gave."""
    gold, label = tables.GoldItem, tables.Label
    query = (
        select(gold.sample_id, gold.verdict, label.machine_score)
        .join(label, label.sample_id == gold.sample_id)
        .where(gold.round_id == round_id)
    )
    person = values.LabelSource.person
    return {n: {"verdict": verdict, "score": score, "source": person} for n, verdict, score in db.execute(query)}


def with_known(group: values.Group, known: dict[int, dict[str, Any]]) -> values.Group:
    """The group with the labels that are known, which stand above everything that was said of them."""
    if not any(one.id in known for one in group.samples):
        return group
    return replace(group, samples=tuple(replace(one, **known.get(one.id, {})) for one in group.samples))


def write_known(db: Session, round_id: int) -> None:
    """Give gold items the label that is known, now that nobody decides any more."""
    label = tables.Label
    for sample_id, columns in known_labels(db, round_id).items():
        is_overridden = label.machine_verdict.is_not(None) & (label.machine_verdict != columns["verdict"])
        change = update(label).where(label.sample_id == sample_id)
        db.execute(change.values(**columns, is_overridden=is_overridden, updated_at=now()))


def ancestors(db: Session, round_id: int | None) -> list[int]:
    """Ids of the rounds above, nearest first."""
    found: list[int] = []
    while round_id is not None:
        found.append(round_id)
        round_id = db.scalar(select(tables.Round.parent_id).where(tables.Round.id == round_id))
    return found


def add_earlier(stage: StageContext, db: Session, chosen: Chosen) -> None:
    """Add what the ancestor rounds selected, unless the same text for the same prompt is there already."""
    seen = {key(row) for row in dataset_rows.resolve(db, chosen.selected)}
    for round_id in ancestors(db, stage.round.parent_id):
        query = (
            select(tables.Example)
            .join(tables.Dataset)
            .where(
                tables.Dataset.round_id == round_id,
                tables.Dataset.type == stage.recipe.selector.makes,
                tables.Example.origin == "selected",
            )
            .order_by(tables.Example.position)
        )
        older = [values.Example(e.prompt_id, e.sample_id, e.rejected_id, e.label, e.weight) for e in db.scalars(query)]
        for example, row in zip(older, dataset_rows.resolve(db, older), strict=True):
            if key(row) in seen:
                chosen.repeats += 1
            else:
                seen.add(key(row))
                chosen.earlier.append(example)


def key(row: dataset_rows.Row) -> bytes:
    """What makes two rows the same for training."""
    return hashlib.sha256(repr((row.prompt_id, row.completion, row.rejected, row.label)).encode()).digest()


def add_mix(stage: StageContext, db: Session, chosen: Chosen) -> None:
    """Add seed rows until they are `mix_share` of the dataset, or all there are."""
    share = stage.recipe.mix_share
    wanted = round(share / (1 - share) * (len(chosen.selected) + len(chosen.earlier)))
    query = select(tables.Prompt.id).where(
        tables.Prompt.prompt_set_id.in_(stage.set_ids(SetUse.mix)), tables.Prompt.answer.is_not(None)
    )
    ids = list(db.scalars(query.order_by(tables.Prompt.id)))
    random.Random(derive_seed(stage.round.seed, "mix")).shuffle(ids)
    chosen.mix = [values.Example(prompt_id, None) for prompt_id in ids[:wanted]]


def funnel(stage: StageContext, db: Session, chosen: Chosen) -> list[dict[str, Any]]:
    """Prompts -> samples -> judged -> labelled -> selected, each with its count; the last with reasons for drops."""
    counts, label, gold = stage.round.counts, tables.Label, tables.GoldItem
    is_known = gold.sample_id.is_not(None)
    labelled, people, unparsed = db.execute(
        select(
            func.count().filter(label.verdict.is_not(None) | is_known),
            func.count().filter((label.source == values.LabelSource.person) | is_known),
            func.count().filter(label.is_unparsed),
        )
        .outerjoin(gold, gold.sample_id == label.sample_id)
        .where(label.round_id == stage.round.id)
    ).one()
    samples = counts.get("samples", 0)
    unjudged = left_out.counts(db, stage.round.id, values.Stage.judge)
    no_verdict = {"no verdict in any reply": unparsed} if unparsed else {}
    repeats = {"same text in a newer round": chosen.repeats} if chosen.repeats else {}
    return [
        {"stage": "prompts", "count": counts.get("prompts", 0), "dropped": counts.get("left_out", {})},
        {"stage": "samples", "count": samples, "dropped": {}},
        {"stage": "judged", "count": samples - unparsed - sum(unjudged.values()), "dropped": no_verdict | unjudged},
        {"stage": "labelled", "count": labelled, "dropped": {}, "by people": people},
        {"stage": "selected", "count": len(chosen.selected), "dropped": dict(chosen.dropped), "unit": chosen.unit},
        {"stage": "training rows", "count": sum(1 for _ in chosen.origins()), "dropped": repeats,
         "earlier rounds": len(chosen.earlier), "seed rows": len(chosen.mix)},
    ]  # fmt: skip


def provenance(stage: StageContext, db: Session) -> dict[str, Any]:
    """What one needs to make these rows again, and who had a hand in them."""
    decision, user = tables.Decision, tables.User
    people = db.execute(
        select(user.name, func.count())
        .join(decision, decision.user_id == user.id)
        .where(decision.id.in_(standing.last_label_words().where(decision.round_id == stage.round.id)))
        .group_by(user.name)
        .order_by(user.name)
    )
    templates = select(tables.Judgment.template_hash).where(tables.Judgment.round_id == stage.round.id).distinct()
    recipe = json.dumps(stage.round.recipe, sort_keys=True).encode()
    return {
        "recipe": stage.recipe.name,
        "recipe_hash": hashlib.sha256(recipe).hexdigest(),
        "seed": stage.round.seed,
        "policy_id": stage.round.policy_id,
        "judge_id": stage.round.judge_id or stage.round.policy_id,
        "template_hashes": sorted(h for h in db.scalars(templates) if h),
        "people": {name: count for name, count in people},
        "libraries": {name: library_version(name) for name in LIBRARIES},
    }


def looked_at(db: Session, round_id: int) -> tuple[int, int]:
    """To how many samples that the judge had labelled people gave a verdict, and how many of these they overrode.

    Gold items have the label that was known, whether or not anybody reviewed them: they are in neither.
    """
    label, gold = tables.Label, tables.GoldItem
    is_judged = label.machine_verdict.is_not(None)
    query = select(func.count(), func.count().filter(label.is_overridden)).where(
        label.round_id == round_id,
        label.source == values.LabelSource.person,
        label.verdict.is_not(None),
        label.kind != "edit",
        is_judged,
        ~select(gold.sample_id).where(gold.sample_id == label.sample_id).exists(),
    )
    decided, overridden = db.execute(query).one()
    return decided, overridden


def library_version(name: str) -> str | None:
    """The installed version, or None."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def run(stage: StageContext) -> Finish:
    """Choose the training rows; the dataset is written in the transaction that ends the job."""
    with reading() as db:
        chosen = choose(stage, db)
        dataset_type = stage.recipe.selector.makes
        examples = [example for _, example in chosen.origins()]
        digest = dataset_rows.content_hash(
            dataset_rows.line(row.trl(dataset_type)) for row in dataset_rows.resolve(db, examples)
        )
        steps, made_from = funnel(stage, db, chosen), provenance(stage, db)

    def finish(db: Session) -> None:
        dataset = tables.Dataset(
            project_id=stage.round.project_id,
            round_id=stage.round.id,
            type=dataset_type,
            content_hash=digest,
            num_examples=len(examples),
            funnel=steps,
            provenance=made_from,
        )
        db.add(dataset)
        db.flush()
        rows = [
            {
                "dataset_id": dataset.id,
                "position": i,
                "prompt_id": e.prompt_id,
                "sample_id": e.sample_id,
                "rejected_id": e.rejected_id,
                "label": e.label,
                "weight": e.weight,
                "origin": origin,
            }
            for i, (origin, e) in enumerate(chosen.origins())
        ]
        db.execute(insert(tables.Example), rows)
        write_known(db, stage.round.id)
        decided, overridden = looked_at(db, stage.round.id)
        found = db.get_one(tables.Round, stage.round.id)
        found.counts = found.counts | {
            "kept": len(chosen.selected), "decided": decided, "overridden": overridden,
            "labelled": steps[3]["count"], "funnel": steps,
        }  # fmt: skip

    return finish
