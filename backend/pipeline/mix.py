"""The rows since the last training -> mixer -> the rows that go on."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import recipes, values
from backend.db import tables
from backend.db.many import in_chunks
from backend.mixers import Mixer
from backend.pipeline import decided
from backend.pipeline import groups as group_values
from backend.pipeline import rows as dataset_rows
from backend.pipeline.chosen import ChosenRows, ancestors, example_of, require_rows, rows_before
from backend.pipeline.history import is_same
from backend.pipeline.stage import StageContext
from backend.values import DatasetType, Example, Past, SampleKind, SetUse, TrainingRow

AT_ONCE = 500
KNOWN = SampleKind.imported.value
"""The kind of a known answer's row: a file brought it."""
Key = tuple[int, int | None, int | None, bool | None]


def choose(stage: StageContext, db: Session, mixer: Mixer, groups: Iterable[values.Group]) -> ChosenRows:
    """Run the mixer over all rows since the last training."""
    before = rows_before(stage, db)
    stage.progress.start(len(before), "rows")
    rows = list(with_texts(db, before))
    mixed = mixer.mix(rows, groups, past(stage, db), seed=stage.seed("select", "mix"))
    stage.progress.advance(len(before))
    chosen = ChosenRows(before=[(row.origin, row.example) for row in mixed.rows], unit="rows")
    chosen.dropped.update(mixed.dropped)
    return chosen


def dataset_before(stage: StageContext, db: Session) -> tables.Dataset:
    """The dataset of the last selector or mixer before this step."""
    dataset = tables.Dataset
    query = select(dataset).where(dataset.round_id == stage.round.id, dataset.step == stage.place.rows[-1])
    return db.scalars(query).one()


def funnel(stage: StageContext, db: Session, chosen: ChosenRows) -> list[dict[str, Any]]:
    """The funnel of the dataset before, and what the mixer made of its rows."""
    *before, _ = dataset_before(stage, db).funnel
    name = stage.place.step.name or str(stage.place.step.part.name)
    origins = Counter(origin for origin, _ in chosen.origins())
    mixers = [stage.places[n].step.part for n in (*stage.place.rows, stage.step)]
    # Asked for and none is told, too: a mixer that found no decision adds nothing.
    asks_people = any(isinstance(mixer, Mixer) and mixer.reads_decided for mixer in mixers)
    count = origins.total()
    return [
        *before,
        {"stage": name, "count": count, "dropped": dict(chosen.dropped), "unit": chosen.unit},
        {
            "stage": "training rows",
            "count": count,
            "dropped": {},
            "earlier rounds": origins["earlier"],
            "seed rows": origins["mix"],
        }
        | ({"decisions": origins["decision"]} if asks_people else {}),
    ]


def with_texts(
    db: Session,
    rows: Sequence[tuple[str, Example]],
    *,
    age: int = 0,
    uses: Counter[Key] | None = None,
    is_same_recipe: bool = True,
) -> Iterator[TrainingRow]:
    """The rows of origins and examples, in order."""
    for some in in_chunks(rows, AT_ONCE):
        examples = [example for _, example in some]
        kinds = _kinds(db, {example.sample_id for example in examples if example.sample_id is not None})
        for (origin, chosen), texts in zip(some, dataset_rows.resolve(db, examples), strict=True):
            yield TrainingRow(
                chosen,
                texts.messages,
                texts.trained_text,
                texts.rejected,
                origin,
                kinds[chosen.sample_id] if chosen.sample_id is not None else KNOWN,
                age,
                uses[key(chosen)] if uses else 0,
                is_same_recipe,
            )


def past(stage: StageContext, db: Session) -> Past:
    """What the mixer of this step may add; nothing is read before it is gone through."""
    # A known answer has nothing that it is better than, and nothing that says it is good.
    type_ = dataset_before(stage, db).type
    has_seeds = type_ in (DatasetType.prompt_completion, DatasetType.language_modeling)
    return Past(
        trained=_earlier(stage, db, is_trained=True),
        selected=_earlier(stage, db, is_trained=False),
        seeds=_seeds(stage, db) if has_seeds else iter(()),
        decided=decided.read(stage, db),
        type=type_,
    )


def key(example: Example) -> Key:
    """What names a row in several datasets."""
    return example.prompt_id, example.sample_id, example.rejected_id, example.label


def _kinds(db: Session, sample_ids: set[int]) -> dict[int, str]:
    sample = tables.Sample
    query = select(sample.id, sample.kind).where(sample.id.in_(sample_ids))
    return dict(db.execute(query).tuples().all())


def _earlier(stage: StageContext, db: Session, *, is_trained: bool) -> Iterator[TrainingRow]:
    """The rows that ancestors selected, nearest round first: those they trained on, or those before their mixers."""
    trainer = next(place for place in stage.places[stage.step :] if place.step.kind == "trainer" and place.rows)
    makes, type_ = trainer.step.makes, dataset_before(stage, db).type
    above = ancestors(db, stage.round.parent_id)
    for round_id in above:
        require_rows(db, round_id)
    lines = [(round_id, *read_steps(db, round_id, makes)) for round_id in above]
    uses: Counter[Key] = Counter()
    for round_id, trained, _ in lines:
        uses.update(_keys(db, round_id, trained, type_))
    for age, (round_id, trained, selected) in enumerate(lines, start=1):
        steps = trained if is_trained else selected
        rows = [row for row in _examples(db, stage, round_id, steps, type_) if row[0] == "selected"]
        same = is_same(db.get_one(tables.Round, round_id).recipe, stage.recipe)
        examples = [("earlier", example) for _, example in rows]
        yield from with_texts(db, examples, age=age, uses=uses, is_same_recipe=same)


def read_steps(db: Session, round_id: int, makes: str) -> tuple[list[int], list[int]]:
    """Of the trainings of a role in a round: the steps whose datasets they read, and the last selectors before them."""
    round_ = db.get_one(tables.Round, round_id)
    places = recipes.read(round_.recipe).places(round_.phase)
    trainings = [place for place in places if place.step.kind == "trainer" and place.rows]
    rows = [place.rows for place in trainings if place.step.makes == makes]
    selectors = [[step for step in some if places[step].step.kind == "selector"] for some in rows]
    return [some[-1] for some in rows], [some[-1] for some in selectors]


def _of_steps(round_id: int, steps: Sequence[int], type_: DatasetType) -> tuple[Any, ...]:
    dataset = tables.Dataset
    return dataset.round_id == round_id, dataset.type == type_, dataset.step.in_(steps)


def _keys(db: Session, round_id: int, steps: Sequence[int], type_: DatasetType) -> Iterator[Key]:
    row = tables.Example
    query = select(row.prompt_id, row.sample_id, row.rejected_id, row.label).join(tables.Dataset)
    yield from db.execute(query.where(*_of_steps(round_id, steps, type_)).execution_options(yield_per=AT_ONCE)).tuples()


def _examples(
    db: Session, stage: StageContext, round_id: int, steps: Sequence[int], type_: DatasetType
) -> list[tuple[str, Example]]:
    """The rows of these steps but those about prompts that are probes by now."""
    row = tables.Example
    query = select(row).join(tables.Dataset).join(tables.Prompt, tables.Prompt.id == row.prompt_id)
    query = query.where(*_of_steps(round_id, steps, type_), group_values.is_no_probe(stage.project_id))
    query = query.order_by(tables.Dataset.step, row.position)
    return [(scalar.origin, example_of(scalar)) for scalar in db.scalars(query)]


def _seeds(stage: StageContext, db: Session) -> Iterator[TrainingRow]:
    """The known answers of the sets used as mix, in order of their ids."""
    prompt = tables.Prompt
    query = select(prompt.id, prompt.messages, prompt.answer).where(
        prompt.prompt_set_id.in_(stage.set_ids(SetUse.mix)),
        prompt.answer.is_not(None),
        group_values.is_no_probe(stage.project_id),
    )
    for prompt_id, messages, answer in db.execute(query.order_by(prompt.id).execution_options(yield_per=AT_ONCE)):
        yield TrainingRow(Example(prompt_id, None), messages, answer or "", origin="mix", kind=KNOWN)
