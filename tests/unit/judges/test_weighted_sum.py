import pytest
from pydantic import ValidationError

from backend.engines import Ability
from backend.engines.scripted import Scripted
from backend.judges import Judge
from backend.judges.brevity import Brevity
from backend.judges.exact_match import ExactMatch
from backend.judges.from_children import FromChildren
from backend.judges.majority_vote import MajorityVote
from backend.judges.novelty import Novelty
from backend.judges.reward_model import RewardModel
from backend.judges.self_certainty import SelfCertainty
from backend.judges.surface_rules import SurfaceRules
from backend.judges.weighted_sum import WeightedSum
from backend.judges.written_verdict import WrittenVerdict
from backend.trainers.grpo import GRPO
from backend.values import Verdict
from tests.groups import texts

RULES = SurfaceRules(max_words=2)


def labels(judge: WeightedSum, *written: str, answer: str | None = None, engine=None):
    judgments = judge.judge(engine, [texts(*written, answer=answer)], seed=0)
    return [judge.label([j for j in judgments if j.sample_id == n]) for n in range(1, len(written) + 1)]


def test_scores_are_weighed_and_summed_and_each_judge_keeps_its_word():
    judge = WeightedSum(judges=(ExactMatch(), RULES), weights=(1.0, 0.25), accept_at=1.0)
    judgments = judge.judge(None, [texts("#### 4", "much too long #### 4", "#### 5", answer="4")], seed=0)
    assert [(j.sample_id, j.judge, j.score) for j in judgments] == [
        (1, "exact_match", 1.0),
        (2, "exact_match", 1.0),
        (3, "exact_match", 0.0),
        (1, "surface_rules", 1.0),
        (2, "surface_rules", 0.0),
        (3, "surface_rules", 1.0),
    ]
    result = labels(judge, "#### 4", "much too long #### 4", "#### 5", answer="4")
    assert result == [(1.25, Verdict.accept), (1.0, Verdict.accept), (0.25, Verdict.reject)]


def test_without_a_score_of_one_there_is_no_sum_unless_that_one_is_optional():
    assert labels(WeightedSum(judges=(ExactMatch(), RULES)), "x") == [(None, None)]
    assert labels(WeightedSum(judges=(ExactMatch(), RULES), optional=("exact_match",)), "x") == [(1.0, Verdict.accept)]
    alone = WeightedSum(judges=(ExactMatch(),), optional=("exact_match",))
    assert labels(alone, "x") == [(None, None)]


def test_gated_judges_count_only_where_the_first_scores():
    judge = WeightedSum(judges=(ExactMatch(), RULES), weights=(1.0, 0.5), gated=True)
    assert [score for score, _ in labels(judge, "#### 4", "#### 5", answer="4")] == [1.5, 0.0]


def test_whole_groups_reach_judges_that_count_them_and_only_those_that_ask_get_the_engine():
    judge = WeightedSum(judges=(MajorityVote(), WrittenVerdict()))
    assert judge.needs_engine
    assert judge.calls_per_sample == 1
    result = labels(judge, "#### 4", "#### 4", engine=Scripted(replies=("fine;Y",)))
    assert [score for score, _ in result] == [2.0, 2.0]


def test_asks_for_what_its_judges_ask_for():
    assert WeightedSum(judges=(Brevity(), RewardModel())).asks_for is Ability.rate
    assert WeightedSum(judges=(SelfCertainty(), WrittenVerdict())).asks_for is Ability.read_all
    assert WeightedSum(judges=(Brevity(), MajorityVote())).asks_for is Ability.complete
    assert WeightedSum(judges=(RewardModel(normalize="per_prompt"),)).needs_whole_groups


def test_is_written_and_read_with_its_judges():
    judge = WeightedSum(judges=(WrittenVerdict(votes=3, temperature=1.0), Brevity()), weights=(1.0, 0.1))
    assert Judge.load(judge.dump()) == judge


@pytest.mark.parametrize(
    ("knobs", "reply"),
    [
        ({"judges": (Brevity(), RULES), "weights": (1.0,)}, "There are 1 weights for 2 judges"),
        ({"judges": (Brevity(), Brevity())}, "is summed twice"),
        ({"judges": (Brevity(),), "optional": ("noted",)}, "noted is called optional, but is not summed"),
        ({"judges": (FromChildren(),)}, "from_children cannot be summed"),
        ({"judges": (WeightedSum(judges=(Brevity(),)),)}, "weighted_sum cannot be summed"),
        ({"judges": (Brevity(),), "optional": ("brevity",), "gated": True}, "it cannot be optional"),
        ({"judges": ()}, "at least 1"),
        ({"judges": (RewardModel(), WrittenVerdict())}, "One judge asks a scorer and another one a language model"),
    ],
)
def test_sums_that_mean_nothing_are_refused(knobs, reply):
    with pytest.raises(ValidationError, match=reply):
        WeightedSum(**knobs)


def test_what_compares_with_the_pool_is_given_it_inside_a_sum():
    judge = WeightedSum(judges=(Brevity(), Novelty()))
    assert judge.needs_pool
    assert judge.with_pool(["a prompt"]) != judge
    with pytest.raises(ValidationError, match="cannot be a reward"):
        GRPO(reward=judge)
