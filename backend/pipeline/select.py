"""Labelled groups -> selector or mixer -> a frozen dataset."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from backend import values
from backend.db import reading, tables
from backend.db.many import in_chunks
from backend.errors import EmptySelection
from backend.mixers import Mixer
from backend.pipeline import cuts, mix, ratings, reviewers, scores
from backend.pipeline import groups as group_values
from backend.pipeline import rows as dataset_rows
from backend.pipeline.ask import ask_due
from backend.pipeline.chosen import ChosenRows, add_earlier, add_mix, rows_before
from backend.pipeline.funnel import funnel, looked_at
from backend.pipeline.known import known_labels, with_known, write_known
from backend.pipeline.provenance import provenance
from backend.pipeline.stage import Finish, StageContext, only_selectors_since_gate
from backend.prompt_sources import PromptSource
from backend.selectors import Selector

GROUPS_AT_ONCE = 500
PARENT_REJECTED = "parent rejected"
BACK_IN_REVIEW = (
    "The round is back in review: accept or reject samples by hand and close the review again, select again with "
    "another threshold on the Jobs page, or launch a round with more samples per prompt."
)
LAUNCH_ANOTHER = (
    "Nobody reviews this round, so its labels stay as they are: select again with another threshold on the Jobs page, "
    "or launch a round with more samples per prompt or a review."
)


def choose(stage: StageContext, db: Session) -> ChosenRows:
    """Run the selector over the step's groups, then add what the recipe asks for beside them.

    The last selector before a training refuses an empty dataset; one before it may keep nothing.
    """
    chosen, known = ChosenRows(before=rows_before(stage, db)), known_labels(db, stage.round.id)
    rows = group_values.groups_for_step(db, stage)
    cut = cuts.of_step(stage, db)
    chosen.cut = None if cut is None else cut.noted(selector_of(stage))
    selector, is_last = cuts.selector_at(selector_of(stage), cut), is_last_before_training(stage)
    stage.progress.start(len(rows), "groups")
    at_once = max(len(rows), 1) if selector.needs_all_groups else GROUPS_AT_ONCE
    for number, batch in enumerate(in_chunks(rows, at_once)):
        loaded = labelled(stage, db, batch, known)
        groups = [cuts.relabelled(group, cut) for group in offered(stage, loaded)]
        selection = selector.select(groups, seed=stage.seed("select", number))
        chosen.selected += with_ends(selection.examples, groups)
        chosen.dropped.update(selection.dropped)
        chosen.unit = selection.unit
        if len(groups) < len(loaded):
            orphans = [group for group in loaded if is_parent_rejected(group)]
            of_samples = sum(len(group.samples) for group in orphans)
            chosen.dropped[PARENT_REJECTED] += of_samples if selection.unit == "samples" else len(orphans)
        stage.progress.advance(len(batch))
    if not is_last:
        return chosen
    check_any(stage, chosen, f"{len(rows)} groups")
    if stage.recipe.earlier_rounds:
        add_earlier(stage, db, chosen, selector.makes)
    if stage.recipe.mix_share:
        add_mix(stage, db, chosen)
    check_labels(stage, chosen, selector.makes)
    return chosen


def labelled(
    stage: StageContext, db: Session, batch: Sequence[group_values.StageGroup], known: dict[int, dict[str, Any]]
) -> list[values.Group]:
    """These groups as the step's selector sees them, those of rejected texts among them."""
    selector = selector_of(stage)
    groups = group_values.load(db, batch, place=stage.place)
    if selector.reads_reviewers:
        groups = reviewers.with_reviewers(db, groups, known)
    if selector.rated_question:
        asked = (selector.rated_question, selector.reads_ratings_of)
        groups = ratings.with_ratings(db, groups, stage.project_id, *asked)
    return [with_known(group, known) for group in groups if group.samples or not selector.needs_texts]


def offered(stage: StageContext, groups: Sequence[values.Group]) -> list[values.Group]:
    """Those of the groups that the step's selector gets: of rejected texts none, unless it is about these."""
    keeps_rejected = selector_of(stage).reads_parents or is_about_rejected(stage)
    return [group for group in groups if keeps_rejected or not is_parent_rejected(group)]


def with_ends(examples: list[values.Example], groups: Sequence[values.Group]) -> list[values.Example]:
    """The examples, those whose texts are steps that go on saying so: a training does not end the turn after these."""
    made_here = (
        sample for group in groups for sample in group.samples if sample.kind != values.SampleKind.imported
    )  # a file may note anything
    steps = {sample.id for sample in made_here if sample.extra.get(values.GOES_ON)}
    if not steps:
        return examples
    samples = []
    for example in examples:
        first = "chosen" if example.rejected_id is not None else "completion"
        sides = (first, example.completion, example.sample_id), ("rejected", example.rejected, example.rejected_id)
        goes_on = [side for side, text, sample_id in sides if text is None and sample_id in steps]
        samples.append(replace(example, extra=example.extra | {values.GOES_ON: goes_on}) if goes_on else example)
    return samples


def mixed(stage: StageContext, db: Session) -> ChosenRows:
    """Run the step's mixer over the rows so far; the last one before a training refuses an empty dataset."""
    mixer = stage.place.step.part
    assert isinstance(mixer, Mixer)
    chosen = mix.choose(stage, db, mixer, groups_of_step(stage, db))
    chosen.cut = mix.dataset_before(stage, db).provenance.get("cut")
    if is_last_before_training(stage):
        before = mix.dataset_before(stage, db)
        check_any(stage, chosen, f"{before.num_examples} rows")
        check_labels(stage, chosen, before.type)
    return chosen


def groups_of_step(stage: StageContext, db: Session) -> Iterator[values.Group]:
    """The step's groups as selectors see them, read while they are gone through."""
    known, cut = known_labels(db, stage.round.id), cuts.of_step(stage, db)
    mixer, keeps_rejected = stage.place.step.part, is_about_rejected(stage)
    for batch in in_chunks(group_values.groups_for_step(db, stage), GROUPS_AT_ONCE):
        groups = group_values.load(db, batch, place=stage.place)
        if isinstance(mixer, Mixer) and mixer.reads_scores:
            groups = scores.with_scores(db, groups, stage.step)
        loaded = (with_known(group, known) for group in groups)
        yield from (cuts.relabelled(group, cut) for group in loaded if keeps_rejected or not is_parent_rejected(group))


def check_any(stage: StageContext, chosen: ChosenRows, of: str) -> None:
    """Refuse a dataset without rows."""
    if chosen.selected or chosen.before:
        return
    reasons = "; ".join(f"{reason}: {count}" for reason, count in chosen.dropped.most_common()) or "no samples"
    step = stage.place.step
    raise EmptySelection(
        f"The {step.kind} {step.part.name} kept nothing of {of} ({reasons}). "
        + (BACK_IN_REVIEW if goes_back(stage) else LAUNCH_ANOTHER)
    )


def check_labels(stage: StageContext, chosen: ChosenRows, makes: values.DatasetType) -> None:
    """Refuse a dataset of good and bad examples that has one of them only: KTO learns from telling them apart."""
    if makes is not values.DatasetType.unpaired_preference:
        return
    labels = {example.label for _, example in chosen.origins() if example.label is not None}
    if len(labels) == 1:
        count = len(chosen.before) + len(chosen.selected) + len(chosen.earlier)
        which, trainer = "good" if True in labels else "bad", stage.places[stage.next_step].step.part
        step = stage.place.step
        raise EmptySelection(
            f"All {count} examples that the {step.kind} {step.part.name} kept are labelled {which}, and the "
            f"trainer {trainer.name} learns from the difference between good and bad ones. "
            + (BACK_IN_REVIEW if goes_back(stage) else LAUNCH_ANOTHER)
        )


def selector_of(stage: StageContext) -> Selector:
    """The selector of the job's step."""
    selector = stage.place.step.part
    assert isinstance(selector, Selector)
    return selector


def is_last_before_training(stage: StageContext) -> bool:
    """Whether a trainer is the next to read rows: no selector or mixer stands between."""
    later = [place.step.kind for place in stage.places[stage.step + 1 :]]
    return next((kind for kind in later if kind in ("selector", "mixer", "trainer")), "trainer") == "trainer"


def goes_back(stage: StageContext) -> bool:
    """Whether people can still change what is selected: nothing but selectors and mixers ran since they decided."""
    return stage.round.is_reviewed and only_selectors_since_gate(stage.places, stage.step)


def is_about_rejected(stage: StageContext) -> bool:
    """Whether the questions are about texts because these were rejected."""
    source = stage.places[stage.place.source or 0].step.part
    return isinstance(source, PromptSource) and source.asks_about_rejected


def may_come_back(stage: StageContext) -> bool:
    """Whether the next job may give the round back to people, whom labels must not tell by then what was known."""
    after = stage.next_step
    return goes_back(stage) and after < len(stage.places) and stage.places[after].step.kind in ("selector", "mixer")


def is_parent_rejected(group: values.Group) -> bool:
    """Whether people rejected or rewrote the text that the question is about: what answers it is not trained on."""
    parent = group.parent
    is_decided = parent is not None and parent.source is values.LabelSource.person
    return parent is not None and is_decided and parent.verdict is values.Verdict.reject


def run(stage: StageContext) -> Finish:
    """Choose the training rows; the dataset is written in the transaction that ends the job."""
    ask_due(stage)
    is_mixer = isinstance(stage.place.step.part, Mixer)
    with reading() as db:
        chosen = mixed(stage, db) if is_mixer else choose(stage, db)
        dataset_type = mix.dataset_before(stage, db).type if is_mixer else selector_of(stage).makes
        examples = [example for _, example in chosen.origins()]
        digest = dataset_rows.content_hash(
            dataset_rows.line(row.trl(dataset_type)) for row in dataset_rows.resolve(db, examples)
        )
        steps = mix.funnel(stage, db, chosen) if is_mixer else funnel(stage, db, chosen)
        made_from = provenance(stage, db) | ({"cut": chosen.cut} if chosen.cut else {})

    def finish(db: Session) -> None:
        # Where people were asked again after nothing was kept, the steps from here on have run before.
        older = (tables.Dataset.round_id == stage.round.id, tables.Dataset.step >= stage.step)
        db.execute(delete(tables.Dataset).where(*older))
        dataset = tables.Dataset(
            project_id=stage.round.project_id,
            round_id=stage.round.id,
            type=dataset_type,
            content_hash=digest,
            num_examples=len(examples),
            funnel=steps,
            provenance=made_from,
            step=stage.step,
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
                "messages": e.messages,
                "completion": e.completion,
                "rejected": e.rejected,
                "extra": e.extra,
            }
            for i, (origin, e) in enumerate(chosen.origins())
        ]
        if rows:
            db.execute(insert(tables.Example), rows)
        if not may_come_back(stage):
            write_known(db, stage.round.id)
        decided, overridden = looked_at(db, stage.round.id)
        round_ = db.get_one(tables.Round, stage.round.id)
        asked, labelled = (
            next(step["count"] for step in steps if step["stage"] == name) for name in ("prompts", "labelled")
        )
        round_.counts = round_.counts | {
            "kept": sum(origin == "selected" for origin, _ in chosen.origins()),
            "decided": decided,
            "overridden": overridden,
            "labelled": labelled,
            "funnel": steps,
            "prompts": asked,
        }

    return finish
