"""Decisions of people beyond the labels that they give: they move the judge's cut, and are rows that teach a judge."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from app.pages.datasets import card_value, funnel_value
from backend.db import reading, session, tables
from backend.recipes import Recipe
from backend.services import datasets, reviews
from backend.values import DecisionKind, RoundStatus, Verdict
from tests import rows
from tests.integration.loop import TRAINING, Loop, dying, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture

POLICY = {
    "name": "scripted",
    "rules": [
        {"pattern": "The sum is 1", "reply": "no\nScore: 1"},
        {"pattern": "The sum is [23]", "reply": "fair\nScore: 3"},
        {"pattern": "The sum is 4", "reply": "yes\nScore: 5"},
        {"pattern": "prompt", "reply": ("The sum is 1", "The sum is 2", "The sum is 3", "The sum is 4")},
    ],
}
"""As a judge it is too strict at 4: people reject nothing but 1."""


def recipe() -> Recipe:
    parts = (
        ("prompt_source", {"name": "prompt_set"}),
        ("generator", {"name": "sample", "n": 4, "temperature": 1.0}),
        ("judge", {"name": "additive_rubric", "votes": 1}),
        ("selector", {"name": "above_threshold", "threshold": 4.0, "drop_duplicates": False}),
        ("mixer", {"name": "decided_verdicts"}),
        ("trainer", {"name": "sft", "start": "base"} | TRAINING),
    )
    steps = [{"part": part, "kind": kind} for kind, part in parts]
    return Recipe.model_validate({"name": "pays", "title": "Pays", "steps": steps})


class Deciding(Loop):
    """Rounds of 10 prompts with 4 texts each; people decide on the first 24 texts, drawn at random."""

    def __init__(self, folder: Path) -> None:
        super().__init__(recipe(), POLICY, folder)
        self.prompts = rows.make_prompt_set(self.project, prompts=[f"prompt {n}" for n in range(10)])

    def reviewed(self, **review: Any) -> int:
        round_id = self.launch(is_reviewed=True, review=review)
        assert self.run(round_id).status is RoundStatus.review
        sample = tables.Sample
        with reading() as db:
            query = select(sample.id, sample.text).where(sample.round_id == round_id).order_by(sample.id).limit(24)
            texts = db.execute(query).all()
        kind = {True: DecisionKind.reject, False: DecisionKind.accept}
        acts = [reviews.Act(f"decide-{n:05}", kind[text.endswith("1")], n) for n, text in texts]
        reviews.decide_many(self.actor, round_id, acts)
        with session() as db:
            db.execute(update(tables.Decision).values(is_random=True))
        reviews.close(self.actor, round_id)
        return round_id


def frozen(round_id: int) -> list[tables.Dataset]:
    with reading() as db:
        query = select(tables.Dataset).where(tables.Dataset.round_id == round_id).order_by(tables.Dataset.step)
        return list(db.scalars(query))


def ends(round_id: int) -> list[str]:
    """The last sign of each text, in order."""
    sample = tables.Sample
    with reading() as db:
        return [
            one[-1] for one in db.scalars(select(sample.text).where(sample.round_id == round_id).order_by(sample.id))
        ]


def trained_rows(round_id: int) -> list[dict[str, Any]]:
    """The rows of a round's last dataset, without the ids of decisions."""
    return [{k: v for k, v in row.items() if k != "decision"} for row in rows_of_round(round_id)["rows"][4]]


@pytest.mark.on_sqlite
def test_a_cut_that_people_moved_and_their_verdicts_are_in_what_is_trained_on(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Deciding(tiny)
    first = loop.reviewed(cut="f1")
    done = loop.run(first, trains=True)
    assert (done.status, done.error) == (RoundStatus.done, None)
    selected, mixed = frozen(first)
    cut = {"rule": "f1", "old": 4.0, "new": 3.0, "rows": 24}
    assert selected.provenance["cut"] == mixed.provenance["cut"] == cut
    # What people accepted, and of the 16 others what scores 3 or more.
    kept = 40 - ends(first).count("1")
    assert (selected.num_examples, mixed.num_examples) == (kept, kept + 24)
    moved = "the judge’s cut moved from 4 to 3 by 24 decisions at random, by f1"
    detail = datasets.get(loop.actor, mixed.id)
    assert moved in next(one for one in funnel_value(detail)["stages"] if one["name"] == "labelled")["beside"]
    assert mixed.funnel[-1]["decisions"] == 24

    example = tables.Example
    with reading() as db:
        query = select(example).where(example.dataset_id == mixed.id, example.origin == "decision")
        taught = list(db.scalars(query.order_by(example.position)))
        decisions = {one.id: one for one in db.scalars(select(tables.Decision))}
        texts = {one.id: one.text for one in db.scalars(select(tables.Sample))}
        verdicts = dict(db.execute(select(tables.Label.sample_id, tables.Label.machine_verdict)).tuples().all())
    replies = {"1": "no\nScore: 1", "2": "Score: 5", "3": "Score: 5", "4": "yes\nScore: 5"}
    assert [one.completion for one in taught] == [replies[end] for end in ends(first)[:24]]
    for one in taught:
        assert one.sample_id is not None
        assert decisions[one.extra["decision"]].sample_id == one.sample_id
        assert one.messages is not None
        assert texts[one.sample_id] in one.messages[0]["content"]
    said = {texts[n][-1]: verdict for n, verdict in verdicts.items()}
    assert (said["3"], said["4"]) == (Verdict.reject, Verdict.accept), "the judge's own word stays as it was"
    assert detail.origins == {"selected": kept, "decision": 24}
    assert {"name": "cut", "value": moved} in card_value(detail)["provenance"]

    second = loop.reviewed(cut="f1")
    with dying(monkeypatch) as kills:
        loop.run(second)
    assert kills[0] >= 2
    assert trained_rows(second) == trained_rows(first), "killed and resumed it ends in the same rows"


@pytest.mark.on_sqlite
def test_the_cut_is_the_judges_own_unless_the_review_asks_for_another(tiny: Path) -> None:
    loop = Deciding(tiny)
    plain = loop.reviewed()
    loop.run(plain)
    said = ends(plain)
    kept = 24 - said[:24].count("1") + said[24:].count("4")
    assert (frozen(plain)[0].num_examples, "cut" in frozen(plain)[0].provenance) == (kept, False)
    few = loop.reviewed(cut="accuracy", cut_rows=25)
    loop.run(few)
    assert frozen(few)[0].num_examples == kept
    assert frozen(few)[0].provenance["cut"]["why"] == "24 blind decisions at random; at least 25 are needed."
    nobody = loop.launch()
    loop.run(nobody)
    assert frozen(nobody)[-1].funnel[-1]["decisions"] == 0, "a mixer that found no decision says so"
