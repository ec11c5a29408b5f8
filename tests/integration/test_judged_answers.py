"""A judge's answers beside people's: agreement per question, the judge's health, filters, columns, exports; hidden where
its verdicts are."""

import json
from typing import Any

import krippendorff
import pytest

from app.pages.team import agreement as page
from backend.db import reading, session, tables
from backend.errors import PermissionDenied
from backend.pipeline import ratings
from backend.pipeline.health import questions as judged
from backend.pipeline.health.limits import HealthLimits
from backend.services import judge_health, questions, samples
from backend.services.samples import Filters, answers, exports, judge_answers
from backend.services.samples.exports import ExportRequest
from backend.services.team import question_agreement
from backend.values import Group, Prompt, Sample
from backend.values.questions import ANSWERS, QuestionKind, Raters, in_words
from tests import rows
from tests.integration.reviewing import ACCEPT
from tests.integration.test_questions import Desk


class Judged(Desk):
    """A desk whose judge answered, too: `judge` plants what it said of samples, in their order."""

    def judge(self, question: Any, *values: dict[str, Any] | None, step: int = 3) -> None:
        with session() as db:
            for sample_id, value in zip(self.ids, values, strict=False):
                read = None if value is None else ANSWERS[QuestionKind(question.kind)].model_validate(value)
                row = tables.JudgeAnswer(
                    question_id=question.id, round_id=self.round.id, sample_id=sample_id, step=step
                )
                row.judge, row.checkpoint_id, row.value = "project_questions", self.round.policy_id, value
                row.number, row.words = (read.number, in_words(read)) if read else (None, "")
                row.raw, row.fault = json.dumps(value), "" if value else "It does not answer."
                db.add(row)

    def rated(self, name: str, *numbers: int) -> None:
        for sample, number in enumerate(numbers):
            self.say(name, self.rating, {"rating": number}, sample)


def rating(number: int | None) -> dict[str, int] | None:
    return None if number is None else {"rating": number}


@pytest.fixture
def desk(database: str) -> Judged:
    return Judged(prompts=3)


def test_agreement_with_a_judge_is_the_packages_and_takes_peoples_one_word(desk: Judged) -> None:
    desk.rated("Ada", 1, 2, 3, 5, 4)
    desk.rated("Ben", 1, 2, 5, 5)  # of the third the median is 4
    desk.judge(desk.rating, *map(rating, (1, 3, 4, 5, None, 2)))
    desk.judge(desk.tone, {"label": "warm"}, {"label": "cold"}, step=3)
    desk.judge(desk.rating, *map(rating, (1, 1, 1, 1, 1, 1)), step=4)
    desk.say("Ada", desk.tone, {"label": "warm"}, 0)
    desk.say("Ben", desk.tone, {"label": "cold"}, 0)
    desk.say("Ada", desk.tone, {"label": "cold"}, 1)
    lines = {
        (line.key, line.first[:6], line.second[-6:]): line
        for line in question_agreement.with_judges(desk.curator, desk.round.id)
    }
    of_people = lines["accuracy", "people", "step 4"]
    alpha = krippendorff.alpha(reliability_data=[[1, 2, 4, 5], [1, 3, 4, 5]], level_of_measurement="ordinal")
    assert of_people.alpha.value == pytest.approx(float(alpha))
    assert (of_people.percent.value, of_people.percent.n) == (0.75, 4)
    assert of_people.left_out == {judged.UNREAD: 1}
    tone = lines["tone", "people", "step 4"]
    assert (tone.percent.n, tone.left_out) == (1, {judged.TIED: 1})
    between = [line for (key, first, _), line in lines.items() if key == "accuracy" and first != "people"]
    assert [line.percent.n for line in between] == [5]
    assert page.judged_row(of_people)[:5] == ["Accuracy", "", "people", of_people.second, "4"]
    with pytest.raises(PermissionDenied):
        question_agreement.with_judges(desk.who("Ada"), desk.round.id)


def test_what_was_said_with_the_judge_in_sight_is_in_no_figure_and_few_rows_have_none(desk: Judged) -> None:
    desk.rated("Ada", 1, 2)
    desk.act("Ada", desk.ids[0], ACCEPT)
    desk.rated("Ada", 5)  # now that Ada has decided, the judge's view is shown
    desk.judge(desk.rating, rating(5), rating(2))
    (line,) = question_agreement.with_judges(desk.curator, desk.round.id)
    assert (line.percent.n, line.left_out) == (1, {judged.SEEN: 1})
    health = judge_health.of_round(desk.curator, desk.round.id)
    measure = health.measures[-1]
    assert measure.name.startswith("question_accuracy, ")
    assert measure.number.value is None
    assert measure.missing.startswith(f"1 {judged.BOTH}; at least {HealthLimits().fewest}")
    with session() as db:
        db.get_one(tables.Round, desk.round.id).is_blind = False
    (line,) = question_agreement.with_judges(desk.curator, desk.round.id)
    assert (line.percent.n, line.left_out) == (0, {judged.SEEN: 2})


@pytest.mark.parametrize(
    ("tests", "places"),
    [
        (("judge.accuracy>=4",), [0, 2]),
        (("differ.accuracy>=2",), [0]),
        (("differ.accuracy<=0",), [1]),
        (("judge.tone=warm",), [0]),
        (("differ.tone=warm",), [1]),
        (("judge.accuracy>=4", "accuracy>=1"), [0]),
        (("differ.accuracy>=0", "differ.tone=cold"), [1]),
    ],
)
def test_samples_are_filtered_by_the_judges_answers(desk: Judged, tests: tuple[str, ...], places: list[int]) -> None:
    desk.rated("Ada", 2, 3)
    desk.say("Ada", desk.tone, {"label": "warm"}, 0)
    desk.say("Ada", desk.tone, {"label": "warm"}, 1)
    desk.judge(desk.rating, rating(4), rating(3), rating(5), None)
    desk.judge(desk.tone, {"label": "warm"}, {"label": "cold"})
    page_of_samples = samples.page(desk.curator, desk.round.id, Filters(answer=tests))
    assert sorted(row.id for row in page_of_samples.rows) == [desk.ids[n] for n in places]


@pytest.mark.on_sqlite
def test_the_judges_answers_are_hidden_where_its_verdicts_are(desk: Judged) -> None:
    ada, first = desk.who("Ada"), desk.ids[0]
    desk.judge(desk.rating, rating(4), rating(2))
    both = [desk.ids[0], desk.ids[1]]
    assert judge_answers.of_round(ada, desk.round.id, both) == []
    assert (answers.answered(ada, desk.round.id), answers.answered(desk.curator, desk.round.id)) == (
        set(),
        {"judge.accuracy"},
    )
    with pytest.raises(PermissionDenied, match="answers"):
        samples.page(ada, desk.round.id, Filters(answer=("judge.accuracy>=4",)))
    desk.act("Ada", first, ACCEPT)
    (told,) = judge_answers.of_round(ada, desk.round.id, both)
    assert (told.sample_id, told.key, told.value, told.raw) == (first, "accuracy", {"rating": 4}, '{"rating": 4}')
    shown = {row.id: row.answers for row in samples.page(ada, desk.round.id).rows}
    assert (shown[first], shown[desk.ids[1]]) == ({"judge.accuracy": 4.0}, {})
    for actor, number in ((ada, 1), (desk.curator, 2)):
        export = exports.export(actor, desk.project.id, ExportRequest((desk.round.id,), Filters()))
        lines = [json.loads(line) for line in export.path.read_text(encoding="utf-8").splitlines()]
        export.path.unlink()
        export.release()
        assert sum(len(line["answers"] or ()) for line in lines) == number
    assert len(judge_answers.of_round(rows.make_actor(desk.project, "viewer"), desk.round.id, both)) == 0


@pytest.mark.on_sqlite
def test_a_question_that_only_a_judge_answered_is_retired_and_not_deleted(desk: Judged) -> None:
    desk.judge(desk.rating, rating(4))
    retired = questions.delete(desk.curator, desk.rating.id)
    assert retired is not None
    assert not retired.is_active
    with reading() as db:
        assert db.get(tables.Question, desk.rating.id) is not None


@pytest.mark.on_sqlite
@pytest.mark.parametrize(
    ("of", "numbers"),
    [
        (Raters.people, [(2.0,), (), ()]),
        (Raters.judge, [(4.0, 3.0), (5.0,), ()]),
        (Raters.both, [(2.0,), (5.0,), ()]),
    ],
)
def test_a_selector_goes_by_whose_ratings_it_says_and_people_win(desk: Judged, of: Raters, numbers: list) -> None:
    desk.rated("Ada", 2)
    desk.judge(desk.rating, rating(4), rating(5), None)
    desk.judge(desk.rating, rating(3), step=4)
    texts = tuple(Sample(n, 1, f"text {n}") for n in desk.ids[:3])
    with reading() as db:
        (group,) = ratings.with_ratings(db, [Group(Prompt(1, []), texts)], desk.project.id, "accuracy", of)
    assert [sample.ratings for sample in group.samples] == numbers
