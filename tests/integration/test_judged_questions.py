"""A round's judge answers the project's questions: rows beside people's, labels untouched, at launch and as a branch."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput
from backend.services import plans, questions, rounds
from backend.services.questions import NewQuestion, answers
from backend.services.questions.answers import NewAnswer
from backend.services.recipes import judged_questions
from backend.services.rounds import failures, job_views
from backend.services.team import question_agreement
from backend.values import RoundStatus, Stage
from backend.values.questions import QuestionKind, QuestionOptions
from tests.integration.loop import TRAINING, Loop, dying, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.rows import make_actor

pytestmark = pytest.mark.on_sqlite
TONES = QuestionOptions(labels=("warm", "cold"))
JUDGED: dict[str, Any] = {
    "name": "scripted",
    "rules": [
        {"pattern": "Question: Accuracy", "reply": ("2", "4", "5", "hm")},
        {"pattern": "Question: Tone", "reply": ("warm", "cold")},
        {"pattern": "Review the user|additive|Score", "reply": ("fair\nScore: 3", "good\nScore: 5")},
        {"pattern": "prompt", "reply": ("short", "a longer answer", "quite a long answer", "an answer")},
    ],
}


class Asking(Loop):
    """A project that asks a rating and a label, and a recipe of four steps whose policy and judge are a script."""

    def __init__(self, folder: Path) -> None:
        recipe = recipes.get("self_rewarding").with_changes(
            {"groups_per_batch": 2, "metrics": [], "trainer": TRAINING | {"start": "base"}}
        )
        super().__init__(recipe, JUDGED, folder)
        self.rating = questions.add(self.actor, self.project.id, NewQuestion("Accuracy"))
        self.tone = questions.add(self.actor, self.project.id, NewQuestion("Tone", QuestionKind.label, options=TONES))

    def plan(self, **changes: Any) -> rounds.Plan:
        recipe = judged_questions.added(self.recipe.model_dump(mode="json"))
        recipe["steps"][3]["part"]["forced"] = False  # a script writes, and is not read
        fields = {"policy_id": self.policy.id, "reference_id": self.base.id, "sample_set_ids": (self.prompts.id,)}
        return rounds.Plan(**{"recipe": recipe, "num_prompts": 10, "is_reviewed": True, "seed": 3} | fields | changes)

    def asked(self, **changes: Any) -> tables.Round:
        return self.run(rounds.launch(self.actor, self.project.id, self.plan(**changes)))


def answers_of(round_id: int) -> list[tuple[Any, ...]]:
    row, sample, group = tables.JudgeAnswer, tables.Sample, tables.Group
    with reading() as db:
        query = select(group.position, sample.position, row.question_id, row.value, row.number, row.words, row.fault)
        query = query.join(sample, sample.id == row.sample_id).join(group, group.id == sample.group_id)
        rows = db.execute(
            query.where(row.round_id == round_id).order_by(group.position, sample.position, row.question_id)
        )
        return [tuple(row) for row in rows]


def labels_of(round_id: int) -> list[tuple[Any, ...]]:
    """Score and verdict of each text, and the machine's score."""
    return [text[8:] for text in rows_of_round(round_id)["texts"]]


def test_the_judge_answers_before_people_decide_and_changes_no_label(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Asking(tiny)
    plain = loop.run(loop.launch(is_reviewed=True))
    estimate = [
        plans.estimate(loop.actor, loop.project.id, loop.plan(recipe=recipe)).judge_calls
        for recipe in (plain.recipe, loop.plan().recipe)
    ]
    row = loop.asked()
    assert (row.status, row.error) == (RoundStatus.review, None)
    samples = len(rows_of_round(plain.id)["texts"])
    assert estimate[1] - estimate[0] == 2 * samples
    assert (row.counts["judge_answers"], row.counts["judgments"]) == (2 * samples, plain.counts["judgments"])
    answered = answers_of(row.id)
    unread = [answer for answer in answered if answer[3] is None]
    assert row.counts["unread_answers"] == len(unread) > 0
    assert {answer[6] for answer in unread} == {"The reply does not give one whole number from 1 to 5."}
    assert {answer[5] for answer in answered if answer[2] == loop.tone.id} == {"\nwarm\n", "\ncold\n"}
    assert rows_of_round(row.id)["said"] == rows_of_round(plain.id)["said"]
    assert labels_of(row.id) == labels_of(plain.id)
    with dying(monkeypatch) as kills:
        again = loop.asked(is_reviewed=False)
    assert kills[0] > 5
    assert answers_of(again.id) == answered, "killed and resumed, the same rows"


def test_a_branch_asks_the_judge_about_texts_that_are_there(tiny: Path) -> None:
    loop = Asking(tiny)
    first = loop.run(loop.launch(is_reviewed=True))
    with reading() as db:
        ids = list(db.scalars(select(tables.Sample.id).where(tables.Sample.round_id == first.id)))
    given = [NewAnswer(f"rated-{n:08}", n, loop.rating.id, {"rating": 2 + n % 2}) for n in ids]
    answers.give(make_actor(loop.project, "reviewer"), first.id, given)
    rounds.cancel(loop.actor, first.id)
    plan = plans.branch(loop.actor, first.id, "questions")
    assert plan.branch_step == 3
    branch = loop.run(rounds.launch(loop.actor, loop.project.id, replace(plan, is_reviewed=False)))
    assert len(answers_of(branch.id)) == 2 * len(rows_of_round(first.id)["texts"])
    assert rows_of_round(branch.id)["said"] == rows_of_round(first.id)["said"]
    assert labels_of(branch.id) == labels_of(first.id)
    read = sum(answer[3] is not None for answer in answers_of(branch.id) if answer[2] == loop.rating.id)
    (of_people, *_) = question_agreement.with_judges(loop.actor, branch.id)
    assert (of_people.first, of_people.percent.n) == ("people", read)
    judged = loop.run(rounds.launch(loop.actor, loop.project.id, plans.branch(loop.actor, branch.id, "questions")))
    assert answers_of(judged.id) == answers_of(branch.id)


def test_what_the_project_does_not_ask_is_refused_before_the_launch(tiny: Path) -> None:
    loop = Asking(tiny)
    plan = loop.plan()
    recipe = plan.recipe
    recipe["steps"][3]["part"]["questions"] = ["style"]
    with pytest.raises(InvalidInput, match=r"Step 4 \(judge project_questions\) answers 'style'.*accuracy, tone"):
        rounds.launch(loop.actor, loop.project.id, plan)
    recipe["steps"][3]["part"]["questions"] = []
    for question in (loop.rating, loop.tone):
        assert questions.delete(loop.actor, question.id) is None
    assert any("asks none" in warning for warning in plans.estimate(loop.actor, loop.project.id, plan).warnings)
    with pytest.raises(InvalidInput, match="asks none"):
        rounds.launch(loop.actor, loop.project.id, plan)


def _served(loop: Loop, engine: dict[str, Any]) -> None:
    with session() as db:
        db.get_one(tables.Checkpoint, loop.policy.id).engine = engine


def test_a_question_stays_as_it_is_asked_from_the_step_s_beginning(tiny: Path) -> None:
    loop = Asking(tiny)
    down = {"pattern": "Question: ", "reply": "status 503 loading.", "fails": "server"}
    _served(loop, JUDGED | {"rules": [down, *JUDGED["rules"]]})
    round_id = rounds.launch(loop.actor, loop.project.id, loop.plan())
    row = loop.run(round_id)
    assert row.status is RoundStatus.failed, "no reply was ever served"
    assert answers_of(round_id) == []
    with pytest.raises(Conflict, match="'cold' stays"):
        questions.change(loop.actor, loop.tone.id, options=QuestionOptions(labels=("warm", "hot")))
    retired = questions.delete(loop.actor, loop.rating.id)
    assert retired is not None
    assert not retired.is_active
    _served(loop, JUDGED)
    with reading() as db:
        job = db.scalars(
            select(tables.Job).where(tables.Job.round_id == round_id).order_by(tables.Job.id.desc())
        ).first()
    assert job is not None
    job_views.retry(loop.actor, job.id)
    assert loop.run(round_id).status is RoundStatus.review
    assert {answer[2] for answer in answers_of(round_id)} == {loop.rating.id, loop.tone.id}


def test_what_a_server_could_not_answer_is_left_out_and_asked_again_later(tiny: Path) -> None:
    loop = Asking(tiny)
    whole = loop.asked()
    limited = {"pattern": "(?s)a longer answer.*Question: Tone", "reply": "No reply in time.", "fails": "timeout"}
    _served(loop, JUDGED | {"rules": [limited, *JUDGED["rules"]]})
    row = loop.asked()
    missing = len(answers_of(whole.id)) - len(answers_of(row.id))
    assert missing > 0
    assert row.counts["unread_answers"] == whole.counts["unread_answers"]
    assert row.counts["judge_answers"] == whole.counts["judge_answers"] - missing
    left = failures.list_failures(loop.actor, row.id)
    assert {(view.stage, view.reason, view.position) for view in left} == {(Stage.judge, "No reply in time.", 1)}
    assert len(left) == missing
    _served(loop, JUDGED)
    failures.retry(loop.actor, row.id)
    loop.run(row.id)
    assert answers_of(row.id) == answers_of(whole.id)
    assert failures.list_failures(loop.actor, row.id) == []


@pytest.mark.parametrize("is_before", [True, False])
def test_what_is_sampled_late_is_answered_and_judged(tiny: Path, is_before: bool) -> None:
    loop = Asking(tiny)
    recipe = loop.plan().recipe
    if is_before:
        recipe["steps"][2:4] = recipe["steps"][3:1:-1]
    whole = loop.asked(recipe=recipe)
    filtered = {"pattern": "^prompt c", "reply": "Not now.", "fails": "timeout"}
    _served(loop, JUDGED | {"rules": [filtered, *JUDGED["rules"]]})
    row = loop.asked(recipe=recipe)
    assert len(rows_of_round(row.id)["said"]) < len(rows_of_round(whole.id)["said"])
    _served(loop, JUDGED)
    failures.retry(loop.actor, row.id)
    loop.run(row.id)
    assert answers_of(row.id) == answers_of(whole.id)
    assert labels_of(row.id) == labels_of(whole.id)
