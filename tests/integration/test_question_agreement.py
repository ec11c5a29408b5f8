"""Agreement in a project's questions: two people, five questions, a hundred samples, the same as the package says."""

import random
import uuid
from collections import Counter
from typing import Any

import krippendorff
import pytest
from sqlalchemy import func, select

from app.pages.team import agreement as page
from backend.db import reading, tables
from backend.errors import PermissionDenied
from backend.services import questions
from backend.services.access import Actor
from backend.services.questions import NewQuestion, answers
from backend.services.questions.answers import Given, NewAnswer
from backend.services.queue import gold
from backend.services.team import question_agreement
from backend.values import Verdict
from backend.values.questions import QuestionKind, QuestionOptions
from tests.integration.reviewing import ACCEPT, Team

LABELS = QuestionOptions(labels=("warm", "cold", "dry"))
ASKED = (
    NewQuestion("Accuracy", QuestionKind.rating, "accuracy"),
    NewQuestion("Tone", QuestionKind.label, "tone", options=LABELS),
    NewQuestion("Faults", QuestionKind.labels, "faults", options=LABELS),
    NewQuestion("Why", QuestionKind.text, "why"),
    NewQuestion("Where", QuestionKind.spans, "where", options=LABELS),
)


def drawn(chance: random.Random, kind: QuestionKind) -> dict[str, Any]:
    some = [label for label in LABELS.labels if chance.random() < 0.4]
    return {
        QuestionKind.rating: {"rating": chance.choice([1, 2, 3, 3, 4, 4, 5])},
        QuestionKind.label: {"label": chance.choice(LABELS.labels)},
        QuestionKind.labels: {"labels": some},
        QuestionKind.text: {"text": f"word {chance.random()}"},
        QuestionKind.spans: {"spans": [{"start": 0, "end": 1, "label": label} for label in some]},
    }[kind]


@pytest.mark.on_sqlite
def test_agreement_of_a_hundred_samples_is_the_packages_and_no_answer_is_lost(database: str) -> None:
    team, chance = Team(prompts=50), random.Random(7)
    views = [questions.add(team.curator, team.project.id, new) for new in ASKED]
    given: dict[tuple[str, str, int], dict[str, Any]] = {}
    for name in ("Ada", "Ben"):
        sent = []
        for sample_id in team.ids:
            for view in views:
                first = given.get(("Ada", view.key, sample_id))
                value = first if first and chance.random() < 0.6 else drawn(chance, view.kind)
                if (name, view.key) == ("Ben", "tone") and chance.random() < 0.1:
                    continue  # a question that is not required
                given[name, view.key, sample_id] = value
                sent.append(NewAnswer(uuid.uuid4().hex, sample_id, view.id, value))
        for start in range(0, len(sent), 200):
            outcomes = answers.give(team.who(name), team.round.id, sent[start : start + 200])
            assert all(isinstance(outcome, Given) for outcome in outcomes)
    with reading() as db:
        stands = select(func.count()).select_from(tables.Answer).where(tables.Answer.is_standing)
        assert db.scalar(stands) == len(given)

    def alpha(key: str, level: str, read: Any) -> float:
        table = [
            [read(given[name, key, n]) if (name, key, n) in given else float("nan") for n in team.ids]
            for name in ("Ada", "Ben")
        ]
        return float(krippendorff.alpha(reliability_data=table, level_of_measurement=level))

    question_agreements = {
        (line.key, line.label): line for line in question_agreement.measure(team.curator, team.round.id)
    }
    assert Counter(key for key, _ in question_agreements) == {
        "accuracy": 1,
        "tone": 1,
        "faults": 3,
        "why": 1,
        "where": 3,
    }
    assert question_agreements["accuracy", ""].alpha.value == pytest.approx(
        alpha("accuracy", "ordinal", lambda v: v["rating"])
    )
    assert question_agreements["tone", ""].alpha.value == pytest.approx(
        alpha("tone", "nominal", lambda v: LABELS.labels.index(v["label"]))
    )
    for label in LABELS.labels:
        assert question_agreements["faults", label].alpha.value == pytest.approx(
            alpha("faults", "nominal", lambda v, label=label: float(label in v["labels"]))
        )
        assert question_agreements["where", label].alpha.value == pytest.approx(
            alpha("where", "nominal", lambda v, label=label: float(any(s["label"] == label for s in v["spans"])))
        )
    assert question_agreements["why", ""].alpha.value is None
    assert (question_agreements["why", ""].answers, question_agreements["accuracy", ""].people) == (200, 2)
    with pytest.raises(PermissionDenied):
        question_agreement.measure(team.who("Ada"), team.round.id)


def test_agreement_is_of_answers_that_saw_no_others_and_not_of_gold_items(database: str) -> None:
    team = Team(prompts=2)
    rating, why = (questions.add(team.curator, team.project.id, ASKED[n]) for n in (0, 3))

    def say(actor: Actor, sample: int, number: int) -> None:
        values = ((rating, {"rating": number}), (why, {"text": "because"}))
        sent = [NewAnswer(uuid.uuid4().hex, team.ids[sample], view.id, value) for view, value in values]
        assert all(isinstance(rondo_error, Given) for rondo_error in answers.give(actor, team.round.id, sent))

    gold.mark(team.curator, team.round.id, [team.ids[3]], Verdict.accept)
    ada, ben = team.who("Ada"), team.who("Ben")
    for sample in (0, 1, 3):
        say(ada, sample, 1)
        say(ben, sample, 5)
    # Ada decides, sees Ben's 5, and says the same; the curator looks at both, and says it, too.
    team.act("Ada", team.ids[0], ACCEPT)
    say(ada, 0, 5)
    say(team.curator, 1, 5)
    left_out = {question_agreement.ON_GOLD: 2, question_agreement.SEEING: 2}
    ratings, texts = question_agreement.measure(team.curator, team.round.id)
    assert (ratings.answers, ratings.percent.n, ratings.percent.value, ratings.left_out) == (3, 1, 0.0, left_out)
    assert (texts.people, texts.answers, texts.left_out) == (2, 3, left_out)
    note = "Answers to questions in no figure: 4 given when others' answers could be seen; 4 on gold items."
    assert page.notes_of_questions([ratings, texts]) == [note]


@pytest.mark.on_sqlite
def test_what_a_desk_drew_for_a_curator_counts(database: str) -> None:
    team = Team(prompts=2)
    rating = questions.add(team.curator, team.project.id, ASKED[0])
    team.people["Cleo"] = team.curator
    drawn = team.queue("Cleo")[0]
    answers.give(team.curator, team.round.id, [NewAnswer(uuid.uuid4().hex, drawn, rating.id, {"rating": 3})])
    (line,) = question_agreement.measure(team.curator, team.round.id)
    assert (line.answers, line.left_out) == (1, {})
