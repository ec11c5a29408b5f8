import pytest

from backend.engines.scripted import Scripted
from backend.judges.additive_rubric import AdditiveRubric
from backend.judges.all_of import AllOf
from backend.judges.exact_match import ExactMatch
from backend.judges.from_children import FromChildren
from backend.judges.novelty import Novelty
from backend.judges.prompt_rules import PromptRules
from backend.values import Verdict
from tests.groups import texts

RULES = PromptRules(min_words=2, without=(), plain_start=False)


def labels(judge: AllOf, group, engine=None):
    judgments = judge.judge(engine, [group], seed=0)
    return {s.id: judge.label([j for j in judgments if j.sample_id == s.id]) for s in group.samples}, judgments


def test_all_have_to_accept_and_one_that_rejects_decides():
    judge = AllOf(judges=(RULES, Novelty())).with_pool(["one two"])
    label, reply = labels(judge, texts("one two", "three", "three four"))
    assert label == {1: (0.0, Verdict.reject), 2: (0.0, Verdict.reject), 3: (1.0, Verdict.accept)}
    # Each leaves a judgment of its own, at its place in the list.
    assert [(judgment.sample_id, judgment.position, judgment.rationale.split(":")[0]) for judgment in reply] == [
        (1, 0, "prompt_rules"),
        (2, 0, "prompt_rules"),
        (3, 0, "prompt_rules"),
        (1, 1, "novelty"),
        (2, 1, "novelty"),
        (3, 1, "novelty"),
    ]
    assert {entry.judge for entry in reply} == {"all_of"}


def test_a_text_of_which_one_says_nothing_has_no_verdict_unless_another_rejects_it():
    judge = AllOf(judges=(RULES, ExactMatch()))
    label, _ = labels(judge, texts("it is 4", "4", "no idea at all", answer="4"))
    assert label[1] == (1.0, Verdict.accept)
    assert label[2] == (0.0, Verdict.reject)
    assert label[3] == (None, None)
    assert judge.needs_answer
    assert AllOf().label([]) == (None, None)


def test_the_score_is_the_lowest_and_votes_are_one_judgment():
    rubric = AdditiveRubric(votes=2, accept_at=3)
    engine = Scripted(replies=("Score: 3", "Score: 5"))
    judge = AllOf(judges=(rubric, RULES))
    label, reply = labels(judge, texts("two words"), engine)
    rated = rubric.label(rubric.judge(engine, [texts("two words")], seed=0))
    assert (reply[0].score, reply[0].verdict) == rated
    assert label[1] == (min(rated[0], 1.0), Verdict.accept)
    assert (judge.calls_per_sample, judge.needs_engine) == (rubric.calls_per_sample, True)


def test_what_cannot_stand_together_is_refused():
    with pytest.raises(ValueError, match="asks a model and one that has to see all texts at once"):
        AllOf(judges=(AdditiveRubric(), Novelty()))
    with pytest.raises(ValueError, match="holds a judge of parents"):
        AllOf(judges=(FromChildren(),))


def test_it_survives_json():
    judge = AllOf(judges=(RULES, Novelty(below=0.5)))
    assert AllOf.load(judge.dump()) == judge
