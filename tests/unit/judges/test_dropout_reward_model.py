from pydantic import PrivateAttr

from backend.engines import Engine
from backend.engines.scripted import Scripted
from backend.errors import PromptError
from backend.judges.dropout_reward_model import DropoutRewardModel
from backend.values import FailureKind, Verdict
from tests.groups import texts


class Noisy(Engine):
    """Passes that differ by what the seed says; one text cannot be scored."""

    _seeds: list[int] = PrivateAttr(default_factory=list)

    def rate(self, chats, texts):
        if "bad" in texts:
            raise PromptError("too long", kind=FailureKind.context, position=list(texts).index("bad"))
        return [float(len(text)) for text in texts]

    def rates_with_dropout(self, chats, texts, *, passes, seed):
        self._seeds.append(seed)
        return [[len(text) + number for number in range(passes)] for text in texts]


del Engine.registry["noisy"]


def test_a_judgment_for_each_pass_and_the_mean_for_the_label():
    judge, engine = DropoutRewardModel(passes=3, accept_at=2.5), Noisy()
    judgments = judge.judge(engine, [texts("a", "bad", "bb")], seed=7)
    assert engine._seeds == [7]
    assert [(judgment.sample_id, judgment.position, judgment.score) for judgment in judgments] == [
        (1, 0, 1.0),
        (1, 1, 2.0),
        (1, 2, 3.0),
        (2, 0, None),
        (3, 0, 2.0),
        (3, 1, 3.0),
        (3, 2, 4.0),
    ]
    assert judgments[3].failure is not None
    assert judge.label(judgments[:3]) == (2.0, Verdict.reject)
    assert judge.label(judgments[4:]) == (3.0, Verdict.accept)


def test_a_script_says_the_same_in_every_pass():
    engine = Scripted(ratings=({"pattern": "", "number": 0.5},))
    assert {judgment.score for judgment in DropoutRewardModel().judge(engine, [texts("a")], seed=1)} == {0.5}
    assert len(DropoutRewardModel().judge(engine, [texts("a")], seed=1)) == 10
