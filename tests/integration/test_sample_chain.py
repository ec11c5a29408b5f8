"""Samples of a round of steps: by step, with what they came from and what was said of them, and who is told that."""

import pytest

from app.widgets import sample_card, sample_filters
from backend.db import session, tables
from backend.db.filters import Filters
from backend.errors import NotFound, PermissionDenied
from backend.services import queue, samples
from backend.services.access import Actor
from backend.services.decisions import bulk
from backend.services.rounds import review_scope
from backend.services.samples import chain, detail, text_steps
from backend.services.samples.text_steps import TextStep
from backend.values import DecisionKind, RoundStatus, Stage
from tests import rows
from tests.integration.stepped import ANSWERS, JUDGMENTS, Stepped

pytestmark = pytest.mark.usefixtures("database")


def listed(actor: Actor, made: Stepped, *steps: int) -> set[int]:
    return {row.id for row in samples.page(actor, made.round.id, Filters(step=steps)).rows}


def test_samples_are_listed_by_the_step_that_made_them_and_name_it() -> None:
    made = Stepped()
    judgments = {n for some in made.said.values() for n in some}
    assert listed(made.curator, made) == {*made.answers, *judgments}
    assert listed(made.curator, made, ANSWERS) == set(made.answers)
    assert listed(made.curator, made, JUDGMENTS) == judgments
    steps = text_steps.steps(made.curator, made.round.id)
    assert steps == [TextStep(ANSWERS, "answers"), TextStep(JUDGMENTS, "judgments")]
    assert list(map(str, steps)) == ["2. answers", "4. judgments"]
    names = {one.step: one.name for one in steps}
    (row, *_) = samples.page(made.curator, made.round.id, Filters(step=(JUDGMENTS,))).rows
    assert (row.step, row.role) == (JUDGMENTS, "policy")
    assert "judgments" in sample_card.table_row(row, names)[7]
    plain = rows.make_round(made.project)
    assert text_steps.steps(made.curator, plain.id) == []


def test_a_step_in_the_address_that_the_round_does_not_have_is_said() -> None:
    steps = [TextStep(ANSWERS, "answers"), TextStep(JUDGMENTS, "judgments")]
    for address, kept, says in (("1", "1", ""), ("9", None, "step 10"), ("0003", "3", "")):
        query, said = sample_filters.without_missing_step(steps, sample_filters.from_address({"step": address}))
        assert query.get("step") == kept
        assert says in said
    assert sample_filters.from_address({"step": "one"}) == sample_filters.from_address({"step": "-1"}) == {}


def test_a_text_tells_what_was_asked_about_it_and_an_answer_what_it_is_about() -> None:
    made = Stepped()
    answer = made.answers[0]
    found = detail.detail(made.curator, answer)
    assert [[row.id for row in one.answers] for one in found.chain.questions] == [made.said[answer]]
    assert (found.chain.above, found.chain.step, found.is_question) == ((), ANSWERS, False)
    shown = sample_card.card(found, {"round": made.round.id})
    assert "step 2 (answers), role policy" in shown["facts"]
    (question,) = shown["questions"]
    assert "grading an answer" in question["asked"]
    assert [(one["text"], one["score"], one["step"]) for one in question["answers"]] == [
        ("Score: 5", "5", "judgments"),
        ("Score: 3", "3", "judgments"),
    ]
    judgment = detail.detail(made.curator, made.said[answer][0])
    assert [row.id for row in judgment.chain.above] == [answer]
    assert "grading an answer" in judgment.messages[0]["content"]
    shown = sample_card.card(judgment, {})
    assert (shown["asked"], shown["siblings"]) == ("What was asked", "The other answers to this question")
    assert [one["address"] for one in shown["above"]] == [f"sample={answer}"]


def test_a_long_line_and_many_questions_are_cut() -> None:
    made = Stepped(prompts=1)
    with session() as db:
        below = db.get_one(tables.Sample, made.said[made.answers[0]][0])
    (deep, _) = made.ask_about(below)
    found = chain.read(made.curator, deep)
    assert [row.id for row in found.above] == [below.id, made.answers[0]]
    with session() as db:
        top = db.get_one(tables.Sample, made.answers[1])
    for _ in range(chain.MOST_QUESTIONS):
        made.ask_about(top)
    found = chain.read(made.curator, top.id)
    assert len(found.questions) == chain.MOST_QUESTIONS
    assert found.has_more


def test_in_a_blind_review_reviewers_see_the_texts_they_decide_on_alone() -> None:
    made = Stepped()
    reviewer, answer = made.reviewer, made.answers[0]
    judgment = made.said[answer][0]
    assert listed(reviewer, made) == set(made.answers)
    assert samples.page(reviewer, made.round.id, Filters(text="Score")).rows == ()
    assert text_steps.steps(reviewer, made.round.id) == []
    with pytest.raises(PermissionDenied, match="texts of this step until"):
        listed(reviewer, made, JUDGMENTS)
    with pytest.raises(PermissionDenied, match=f"sample {judgment} until"):
        detail.detail(reviewer, judgment)
    with pytest.raises(PermissionDenied):
        chain.read(reviewer, judgment)
    hidden = detail.detail(reviewer, answer).chain
    assert (hidden.is_hidden, hidden.questions, hidden.above) == (True, (), ())
    assert queue.queue(reviewer, made.round.id, limit=1, include=[judgment])[0].sample_id in made.answers
    # Curators see everything, and so does everybody when people see the judge's view or have decided.
    assert chain.read(made.curator, answer).questions
    for change in ({"is_blind": False}, {"is_blind": True, "status": RoundStatus.done}):
        made.change(**change)
        assert chain.read(reviewer, answer).questions
        assert listed(reviewer, made, JUDGMENTS)
    with pytest.raises(NotFound):
        chain.read(made.stranger(), answer)


def test_a_hint_is_hidden_while_people_decide_and_told_apart_from_what_training_gets() -> None:
    made = Stepped(status=RoundStatus.done)
    with session() as db:
        group = db.query(tables.Group).filter_by(parent_id=made.answers[0]).one()
        group.is_stripped = True
    hinted = made.said[made.answers[0]][0]
    found = detail.detail(made.reviewer, hinted)
    assert found.is_hinted
    shown = sample_card.card(found, {})
    asked_in = "".join(piece["text"] for piece in shown["messages"][0]["pieces"])
    assert "grading" in asked_in
    assert shown["unhinted"] == found.prompt[0]["content"] != asked_in
    # As if people decided on these texts.
    asked = {**made.round.recipe, "phases": [{"steps": made.round.recipe["phases"][0]["steps"], "rounds": 1}]}
    steps = asked["phases"][0]["steps"]
    asked["phases"][0]["steps"] = [*steps[:5], {**steps[9], "name": "first", "of": ""}, *steps[10:]]
    made.change(status=RoundStatus.review, recipe=asked, step=5)
    found = detail.detail(made.reviewer, hinted)
    assert (found.messages, found.is_hinted) == (found.prompt, False)
    item, *_ = queue.queue(made.reviewer, made.round.id, limit=1, include=[hinted])
    assert item.messages == found.prompt
    assert detail.detail(made.curator, hinted).is_hinted


@pytest.mark.parametrize(("step", "is_ahead"), [(1, True), (5, False)])
def test_after_people_have_decided_texts_are_made_in_the_open(step: int, is_ahead: bool) -> None:
    made = Stepped("star", status=RoundStatus.running, stage=Stage.generate, step=step)
    assert review_scope.is_before_people(made.row()) is is_ahead
    assert samples.page(made.reviewer, made.round.id).rows[0].is_hidden is is_ahead


def test_a_bulk_action_decides_on_the_texts_that_people_decide_on_alone() -> None:
    made = Stepped()
    seen = bulk.preview(made.curator, made.round.id, Filters(), DecisionKind.reject)
    assert seen.count == len(made.answers)
    bulk.apply(made.curator, made.round.id, Filters(), DecisionKind.reject, reason="dull", token=seen.token)
    assert bulk.preview(made.curator, made.round.id, Filters(step=(JUDGMENTS,)), DecisionKind.reject).count == 0
