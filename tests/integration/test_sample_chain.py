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


def listed(actor: Actor, result: Stepped, *steps: int) -> set[int]:
    return {row.id for row in samples.page(actor, result.round.id, Filters(step=steps)).rows}


def test_samples_are_listed_by_the_step_that_made_them_and_name_it() -> None:
    result = Stepped()
    judgments = {n for some in result.judgments.values() for n in some}
    assert listed(result.curator, result) == {*result.answers, *judgments}
    assert listed(result.curator, result, ANSWERS) == set(result.answers)
    assert listed(result.curator, result, JUDGMENTS) == judgments
    steps = text_steps.steps(result.curator, result.round.id)
    assert steps == [TextStep(ANSWERS, "answers"), TextStep(JUDGMENTS, "judgments")]
    assert list(map(str, steps)) == ["2. answers", "4. judgments"]
    names = {step.step: step.name for step in steps}
    (row, *_) = samples.page(result.curator, result.round.id, Filters(step=(JUDGMENTS,))).rows
    assert (row.step, row.role) == (JUDGMENTS, "policy")
    assert "judgments" in sample_card.table_row(row, names)[7]
    plain = rows.make_round(result.project)
    assert text_steps.steps(result.curator, plain.id) == []


def test_a_step_in_the_address_that_the_round_does_not_have_is_said() -> None:
    steps = [TextStep(ANSWERS, "answers"), TextStep(JUDGMENTS, "judgments")]
    for address, kept, says in (("1", "1", ""), ("9", None, "step 10"), ("0003", "3", "")):
        query, text = sample_filters.without_missing_step(steps, sample_filters.from_address({"step": address}))
        assert query.get("step") == kept
        assert says in text
    assert sample_filters.from_address({"step": "one"}) == sample_filters.from_address({"step": "-1"}) == {}


def test_a_text_tells_what_was_asked_about_it_and_an_answer_what_it_is_about() -> None:
    result = Stepped()
    answer = result.answers[0]
    sample_detail = detail.detail(result.curator, answer)
    assert [[row.id for row in entry.answers] for entry in sample_detail.chain.questions] == [result.judgments[answer]]
    assert (sample_detail.chain.above, sample_detail.chain.step, sample_detail.is_question) == ((), ANSWERS, False)
    shown = sample_card.card(sample_detail, {"round": result.round.id})
    assert "step 2 (answers), role policy" in shown["facts"]
    (question,) = shown["questions"]
    assert "grading an answer" in question["asked"]
    assert [(entry["text"], entry["score"], entry["step"]) for entry in question["answers"]] == [
        ("Score: 5", "5", "judgments"),
        ("Score: 3", "3", "judgments"),
    ]
    judgment = detail.detail(result.curator, result.judgments[answer][0])
    assert [row.id for row in judgment.chain.above] == [answer]
    assert "grading an answer" in judgment.messages[0]["content"]
    shown = sample_card.card(judgment, {})
    assert (shown["asked"], shown["siblings"]) == ("What was asked", "The other answers to this question")
    assert [entry["address"] for entry in shown["above"]] == [f"sample={answer}"]


def test_a_long_line_and_many_questions_are_cut() -> None:
    result = Stepped(prompts=1)
    with session() as db:
        below = db.get_one(tables.Sample, result.judgments[result.answers[0]][0])
    (deep, _) = result.ask_about(below)
    outcome = chain.read(result.curator, deep)
    assert [row.id for row in outcome.above] == [below.id, result.answers[0]]
    with session() as db:
        top = db.get_one(tables.Sample, result.answers[1])
    for _ in range(chain.MOST_QUESTIONS):
        result.ask_about(top)
    outcome = chain.read(result.curator, top.id)
    assert len(outcome.questions) == chain.MOST_QUESTIONS
    assert outcome.has_more


def test_in_a_blind_review_reviewers_see_the_texts_they_decide_on_alone() -> None:
    result = Stepped()
    reviewer, answer = result.reviewer, result.answers[0]
    judgment = result.judgments[answer][0]
    assert listed(reviewer, result) == set(result.answers)
    assert samples.page(reviewer, result.round.id, Filters(text="Score")).rows == ()
    assert text_steps.steps(reviewer, result.round.id) == []
    with pytest.raises(PermissionDenied, match="texts of this step until"):
        listed(reviewer, result, JUDGMENTS)
    with pytest.raises(PermissionDenied, match=f"sample {judgment} until"):
        detail.detail(reviewer, judgment)
    with pytest.raises(PermissionDenied):
        chain.read(reviewer, judgment)
    hidden = detail.detail(reviewer, answer).chain
    assert (hidden.is_hidden, hidden.questions, hidden.above) == (True, (), ())
    assert queue.queue(reviewer, result.round.id, limit=1, include=[judgment])[0].sample_id in result.answers
    # Curators see everything, and so does everybody when people see the judge's view or have decided.
    assert chain.read(result.curator, answer).questions
    for change in ({"is_blind": False}, {"is_blind": True, "status": RoundStatus.done}):
        result.change(**change)
        assert chain.read(reviewer, answer).questions
        assert listed(reviewer, result, JUDGMENTS)
    with pytest.raises(NotFound):
        chain.read(result.stranger(), answer)


def test_a_hint_is_hidden_while_people_decide_and_told_apart_from_what_training_gets() -> None:
    result = Stepped(status=RoundStatus.done)
    with session() as db:
        group = db.query(tables.Group).filter_by(parent_id=result.answers[0]).one()
        group.is_stripped = True
    hinted = result.judgments[result.answers[0]][0]
    sample_detail = detail.detail(result.reviewer, hinted)
    assert sample_detail.is_hinted
    shown = sample_card.card(sample_detail, {})
    asked_in = "".join(piece["text"] for piece in shown["messages"][0]["pieces"])
    assert "grading" in asked_in
    assert shown["unhinted"] == sample_detail.prompt[0]["content"] != asked_in
    # As if people decided on these texts.
    asked = {**result.round.recipe, "phases": [{"steps": result.round.recipe["phases"][0]["steps"], "rounds": 1}]}
    steps = asked["phases"][0]["steps"]
    asked["phases"][0]["steps"] = [*steps[:5], {**steps[9], "name": "first", "of": ""}, *steps[10:]]
    result.change(status=RoundStatus.review, recipe=asked, step=5)
    sample_detail = detail.detail(result.reviewer, hinted)
    assert (sample_detail.messages, sample_detail.is_hinted) == (sample_detail.prompt, False)
    item, *_ = queue.queue(result.reviewer, result.round.id, limit=1, include=[hinted])
    assert item.messages == sample_detail.prompt
    assert detail.detail(result.curator, hinted).is_hinted


@pytest.mark.parametrize(("step", "is_ahead"), [(1, True), (5, False)])
def test_after_people_have_decided_texts_are_made_in_the_open(step: int, is_ahead: bool) -> None:
    result = Stepped("star", status=RoundStatus.running, stage=Stage.generate, step=step)
    assert review_scope.is_before_people(result.row()) is is_ahead
    assert samples.page(result.reviewer, result.round.id).rows[0].is_hidden is is_ahead


def test_a_bulk_action_decides_on_the_texts_that_people_decide_on_alone() -> None:
    result = Stepped()
    bulk_preview = bulk.preview(result.curator, result.round.id, Filters(), DecisionKind.reject)
    assert bulk_preview.count == len(result.answers)
    bulk.apply(result.curator, result.round.id, Filters(), DecisionKind.reject, reason="dull", token=bulk_preview.token)
    assert bulk.preview(result.curator, result.round.id, Filters(step=(JUDGMENTS,)), DecisionKind.reject).count == 0
