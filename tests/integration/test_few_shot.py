"""Accepted samples of earlier rounds stand before the prompts of a later one, and nobody but its model sees them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from backend import demo, recipes
from backend.db import reading, session, tables
from backend.errors import InvalidInput
from backend.recipes import _parts as parts
from backend.services import plans, round_report, rounds
from backend.services.access import Actor
from backend.services.datasets import descent
from backend.services.samples import detail, export_rows
from backend.services.samples.visibility import Hidden
from backend.values import LabelSource, Role, RoundStatus, Split, Stage, Verdict
from tests import rows
from tests.integration.loop import TRAINING, Loop, of_steps
from tests.integration.loop import tiny as tiny  # a fixture

pytestmark = pytest.mark.on_sqlite
OF_PROMPT = (tables.Prompt, tables.Prompt.id == tables.Sample.prompt_id)
SEEING = {
    "name": "scripted",
    "rules": [{"pattern": r"(?s)#### .*prompt", "reply": "saw #### 4"}, {"pattern": "prompt", "reply": "#### 4"}],
}


def recipe(**knobs: Any) -> recipes.Recipe:
    steps = (
        parts.PromptSet(),
        parts.Sample(n=1, **knobs),
        parts.ExactMatch(),
        parts.KeepAll(),
        parts.SFT(**TRAINING | {"start": "base"}),
    )
    return of_steps(*steps, unparsed_limit=1.0)


class Shown:
    """A round that is over, whose samples of the prompts a, b and c people accepted; a second one shows them."""

    def __init__(self, folder: Path, engine: dict[str, Any] = SEEING) -> None:
        self.loop = Loop(recipe(), engine, folder)
        first = self.loop.run(self.loop.launch())
        self.first_id = first.id
        label = tables.Label
        with session() as db:
            db.execute(update(tables.Job).values(active_key=None))
            db.execute(update(tables.Round).values(status=RoundStatus.done))
            query = select(tables.Sample.id, tables.Prompt.text).join(*OF_PROMPT)
            self.ids = {text[-1]: id_ for id_, text in db.execute(query).tuples()}
            kept = label.sample_id.in_([self.ids[name] for name in "abc"])
            db.execute(update(label).where(kept).values(verdict=Verdict.accept, source=LabelSource.person))

    def launch(self, **knobs: Any) -> int:
        self.loop.recipe = recipe(**knobs)
        return self.loop.launch(seed=5)


def test_a_later_round_shows_them_to_the_policy_alone_and_says_which(tiny: Path) -> None:
    shown = Shown(tiny)
    round_id = shown.launch(num_few_shot=2)
    round_ = shown.loop.run(round_id)
    assert round_.stage is Stage.train, round_.error
    assert sorted(round_.few_shot["1"]["ids"]) == sorted(shown.ids[name] for name in "abc")
    sample, prompt = tables.Sample, tables.Prompt
    with reading() as db:
        query = select(sample.id, prompt.text, sample.text, sample.extra).join(prompt, prompt.id == sample.prompt_id)
        samples = db.execute(query.where(sample.round_id == round_id)).tuples().all()
        [dataset] = db.scalars(select(tables.Dataset).where(tables.Dataset.round_id == round_id))
        examples = db.scalars(select(tables.Example).where(tables.Example.dataset_id == dataset.id)).all()
        learned = descent.with_shown_to(db, shown.loop.project.id, [shown.ids["a"]])
        told_by_a = next(db.get_one(sample, id_) for id_, *_, extra in samples if shown.ids["a"] in extra["few_shot"])
        is_told = {"round_id": told_by_a.round_id, "group_id": told_by_a.group_id, "prompt_id": told_by_a.prompt_id}
    assert len(samples) == 5
    for _, asked, text, extra in samples:
        assert text == "saw #### 4"
        assert len(extra["few_shot"]) == 2
        assert shown.ids.get(asked[-1]) not in extra["few_shot"], "a prompt never sees its own sample"
        assert set(extra["few_shot"]) <= set(round_.few_shot["1"]["ids"])
    assert all(example.messages is None for example in examples), "training rows hold the prompt alone"
    assert set(learned) - {shown.ids["a"]} == {
        id_ for id_, _, _, extra in samples if shown.ids["a"] in extra["few_shot"]
    }
    with session() as db:
        edit = sample(
            project_id=shown.loop.project.id,
            **is_told,
            kind="edit",
            edited_from_id=told_by_a.id,
            position=9,
            text="better",
            finish_reason="stop",
            num_tokens=1,
            seed=0,
        )
        db.add(edit)
    with reading() as db:
        assert {*descent.with_shown_to(db, shown.loop.project.id, [shown.ids["a"]])} == {*learned, edit.id}
    with session() as db:
        db.delete(db.get_one(sample, edit.id))
    viewed = detail.detail(shown.loop.actor, samples[0][0])
    assert [turn["role"] for turn in viewed.few_shot_chat] == ["user", "assistant"] * 2 + ["user"]
    assert viewed.few_shot_chat[-1] == viewed.messages[-1]
    [told] = round_report.opening(shown.loop.actor, round_id).asked.few_shot
    assert "2 few-shot samples" in told
    assert "3 accepted ones of round 1" in told
    # From the same rounds the same seed draws the same samples, though people accept others meanwhile.
    label = tables.Label
    with session() as db:
        kept = update(label).where(label.sample_id.in_([id_ for id_, *_ in samples]))
        db.execute(kept.values(verdict=Verdict.accept, source=LabelSource.person))
        db.get_one(tables.Round, round_id).status = RoundStatus.done
        db.execute(update(tables.Job).values(active_key=None))
    again = shown.loop.run(shown.launch(num_few_shot=2, few_shot_rounds=(1,)))
    with reading() as db:
        both = [
            db.scalars(
                select(sample.extra).join(*OF_PROMPT).where(sample.round_id == n).order_by(prompt.position)
            ).all()
            for n in (round_id, again.id)
        ]
    assert both[0] == both[1]


def test_held_out_prompts_open_rounds_and_other_verdicts_are_left_aside(tiny: Path) -> None:
    shown = Shown(tiny)
    plan = rounds.Plan(
        recipe=recipe(num_few_shot=2).model_dump(mode="json"),
        policy_id=shown.loop.policy.id,
        reference_id=shown.loop.base.id,
        sample_set_ids=(shown.loop.prompts.id,),
        num_prompts=5,
    )

    def told(**knobs: Any) -> str:
        asked = replace(plan, recipe=recipe(**{"num_few_shot": 2} | knobs).model_dump(mode="json"))
        warnings = plans.estimate(shown.loop.actor, shown.loop.project.id, asked).warnings
        return " ".join(warning for warning in warnings if "few-shot" in warning)

    assert told() == ""
    assert told(few_shot_rounds=(1,)) == ""
    assert "there is no round 7" in told(few_shot_rounds=(7,))
    assert "answer 3 different prompts that no held-out set asks, and 4 are needed, since" in told(num_few_shot=3)
    rows.make_prompt_set(shown.loop.project, prompts=["Prompt  A"], split=Split.held_out)
    assert "answer 2 different prompts" in told()
    with pytest.raises(InvalidInput, match="answer 2 different prompts"):
        rounds.launch(shown.loop.actor, shown.loop.project.id, plan)
    assert rounds.list_rounds(shown.loop.actor, shown.loop.project.id)[-1].number == 1
    with session() as db:
        db.get_one(tables.Round, shown.first_id).status = RoundStatus.review
    assert "answer 0 different prompts" in told()


def test_what_does_not_fit_into_the_context_is_refused_and_what_is_gone_fails(tiny: Path) -> None:
    shown = Shown(tiny)
    small = rows.make_checkpoint(shown.loop.project, engine={"name": "transformers", "model": str(demo.MODEL_FOLDER)})
    scripted, shown.loop.policy = shown.loop.policy, small
    with pytest.raises(InvalidInput, match=r"The longest ones have \d+ tokens.*holds 256"):
        shown.launch(num_few_shot=2, max_tokens=240)
    shown.loop.policy = scripted
    round_id = shown.launch(num_few_shot=2)
    with session() as db:
        db.get_one(tables.Sample, shown.ids["b"]).text = "another text"
    failed = shown.loop.run(round_id)
    assert failed.status is RoundStatus.failed
    assert "are gone" in (failed.error or "")


def test_who_decides_again_is_not_told_what_was_accepted(tiny: Path) -> None:
    shown = Shown(tiny)
    round_ = shown.loop.run(shown.launch(num_few_shot=2))
    reviewer = rows.make_actor(shown.loop.project, Role.reviewer)
    with reading() as db:
        sample_id = db.scalar(select(tables.Sample.id).where(tables.Sample.round_id == round_.id))
    assert sample_id is not None

    def told(actor: Actor) -> tuple[bool, bool, bool, bool]:
        seen = detail.detail(actor, sample_id)
        [listed] = [row for row in rounds.list_rounds(actor, shown.loop.project.id) if row.id == round_.id]
        with reading() as db:
            names = export_rows.Names()
            lines = export_rows.rows(db, actor, db.get_one(tables.Round, round_.id), Hidden(), [sample_id], names)
            [line] = [dict(zip(export_rows.COLUMNS, line, strict=True)) for line in lines]
        is_in_rounds = "ids" in rounds.get(actor, round_.id).few_shot["1"]
        assert is_in_rounds == ("ids" in listed.few_shot["1"])
        return is_in_rounds, "few_shot" in seen.noted, bool(seen.few_shot_chat), "few_shot" in line["noted"]

    assert told(reviewer) == (True,) * 4
    with session() as db:
        db.get_one(tables.Round, shown.first_id).status = RoundStatus.review
    assert told(reviewer) == (False,) * 4
    assert told(shown.loop.actor) == (True,) * 4
    assert rounds.get(reviewer, round_.id).few_shot["1"]["num_ids"] == 3


def test_a_held_out_set_that_came_after_the_launch_counts_and_so_does_a_round_that_failed(tiny: Path) -> None:
    shown = Shown(tiny)
    round_id = shown.launch(num_few_shot=2)
    rows.make_prompt_set(shown.loop.project, prompts=["Prompt  A"], split=Split.held_out)
    failed = shown.loop.run(round_id)
    assert failed.status is RoundStatus.failed
    assert "came after the launch asks 1 of the prompts" in (failed.error or "")
    with session() as db:
        db.get_one(tables.Round, shown.first_id).status = RoundStatus.failed
        db.execute(update(tables.Job).values(active_key=None))
    with pytest.raises(InvalidInput, match="answer 0 different prompts"):
        shown.launch(num_few_shot=2, few_shot_by="anyone")
