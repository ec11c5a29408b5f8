from dataclasses import replace

import pytest
from pydantic import ValidationError

from backend.engines.scripted import Scripted
from backend.errors import MissingPrerequisite
from backend.judges.all_of import AllOf
from backend.judges.exact_match import ExactMatch
from backend.judges.novelty import Novelty
from backend.judges.round_trip import RoundTrip
from backend.judges.run_tests import RunTests
from backend.judges.self_certainty import SelfCertainty
from backend.judges.text_similarity import TextSimilarity
from backend.values import Group, Judgment, Verdict
from tests.groups import prompt, sample

BACK = Scripted(
    rules=(
        {"pattern": "rain", "reply": "rain falls today"},
        {"pattern": "snow", "reply": "snow is white"},
        {"pattern": "fog", "reply": " "},
        {"pattern": "sun", "reply": "a b c d e f"},
    )
)
TEXT = "Rain falls."


def judged(part: RoundTrip, *texts: str, answer: str | None = TEXT, engine: Scripted = BACK) -> list[Judgment]:
    group = Group(prompt("asked", answer=answer), tuple(sample(n, text) for n, text in enumerate(texts, 1)))
    return part.judge(engine, [group], seed=3)


def test_an_input_is_as_good_as_what_it_leads_back_to():
    # "rain falls today" with "rain falls": 2 of 3 and 2 words, F = 4/5; "snow is white": 0.
    judgments = judged(RoundTrip(), "what of rain?", "what of snow?")
    assert [judgment.score for judgment in judgments] == [pytest.approx(0.8), 0.0]
    assert [judgment.verdict for judgment in judgments] == [Verdict.accept, Verdict.reject]
    assert (judgments[0].raw, judgments[0].judge, judgments[0].position) == ("rain falls today", "round_trip", 0)


def test_a_way_back_that_fails_says_nothing_of_the_text():
    assert [judgment.score for judgment in judged(RoundTrip(), "fog?")] == [None]
    cut_off = judged(RoundTrip(max_tokens=3), "sun?")
    assert [(judgment.score, judgment.finish_reason) for judgment in cut_off] == [(None, "length")]
    assert [judgment.score for judgment in judged(RoundTrip(), "rain", answer=None)] == [None]


def test_it_is_asked_again_before_it_has_no_score():
    engine = Scripted(rules=({"pattern": "rain", "reply": (" ", " ", " ", "rain falls")},))
    scores = {n: judged(RoundTrip(temperature=1.0, retries=n), "rain", engine=engine)[0].score for n in (0, 10)}
    assert scores == {0: None, 10: 1.0}
    # Greedily the same question has the same reply.
    assert judged(RoundTrip(retries=10), "rain", engine=Scripted(replies=(" ",)))[0].score is None


def test_the_label_is_the_mean_of_the_replies():
    engine = Scripted(replies=("rain falls", "snow"))
    part = RoundTrip(votes=8, temperature=1.0)
    judgments = judged(part, "x", engine=engine)
    scores = [judgment.score for judgment in judgments]
    assert set(scores) == {0.0, 1.0}
    assert part.label(judgments)[0] == sum(scores) / 8
    assert [judgment.position for judgment in judgments] == [*range(8)]


def test_the_way_back_may_lead_to_the_question():
    part = RoundTrip(to="question", template="Back: {response}")
    group = Group(prompt("snow is white"), (sample(1, "der Schnee, snow"), sample(2, "Regen, rain")))
    assert [judgment.score for judgment in part.judge(BACK, [group], seed=0)] == [1.0, 0.0]
    assert (part.needs_answer, part.takes_targets) == (False, False)
    assert (RoundTrip().needs_answer, RoundTrip().takes_targets) == (True, True)


def test_what_is_asked_may_hold_the_draft_and_the_comparison_may_be_another():
    draft = sample(5, "one")
    group = Group(prompt("asked", answer="#### 4"), (sample(1, "add three"),), parent=draft)
    part = RoundTrip(template="{draft} {response} of {prompt}", by=ExactMatch())
    engine = Scripted(rules=({"pattern": "^one add three of asked$", "reply": "#### 4"},))
    assert [judgment.score for judgment in part.judge(engine, [group], seed=0)] == [1.0]
    assert part.reads_parents
    assert not RoundTrip().reads_parents


def test_a_reply_that_could_not_be_made_is_left_out_with_its_reason():
    engine = Scripted(rules=({"pattern": "rain", "reply": "no room", "fails": "context"},), replies=(TEXT,))
    judgments = judged(RoundTrip(), "rain", "snow", engine=engine)
    reasons = [judgment.failure.reason if judgment.failure else None for judgment in judgments]
    assert reasons == ["no room The judge's template is part of it: a shorter `template` leaves more room.", None]
    assert judgments[1].score == 1.0


def test_groups_are_judged_in_their_order():
    groups = [
        Group(prompt(answer=TEXT, id=n), (replace(sample(n, text), prompt_id=n),))
        for n, text in ((1, "snow"), (2, "fog"), (3, "rain"))
    ]
    assert [judgment.sample_id for judgment in RoundTrip().judge(BACK, groups, seed=0)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"template": "x"}, "lacks {response}"),
        ({"by": SelfCertainty()}, "does not compute"),
        ({"by": TextSimilarity(compare_to="siblings")}, "Choose text_similarity or exact_match"),
        ({"by": AllOf(judges=(ExactMatch(), RunTests()))}, "does not compute"),
        ({"by": AllOf(judges=(ExactMatch(), Novelty()))}, "does not compute"),
    ],
)
def test_what_compares_nothing_is_refused(knobs, message):
    with pytest.raises(ValidationError, match=message):
        RoundTrip(**knobs)


def test_an_estimate_counts_what_may_be_asked_again():
    assert RoundTrip(votes=3, retries=2, temperature=1.0).calls_at_most(1, 4) == 36
    assert RoundTrip(votes=3, retries=2).calls_at_most(1, 4) == 12


def test_it_needs_a_model():
    with pytest.raises(MissingPrerequisite):
        RoundTrip().judge(None, [], seed=0)
