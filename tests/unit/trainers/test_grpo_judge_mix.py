"""SPARK (arXiv 2509.22624): what the policy is asked as a judge of the texts it just wrote."""

import json
import random

import pytest
from pydantic import ValidationError

from backend.judges.brevity import Brevity
from backend.trainers import Trainer
from backend.trainers._judge_mix import judgings
from backend.trainers.grpo_judge_mix import GRPOJudgeMix
from backend.values import Verdict
from tests.groups import prompt

RIGHT, WRONG = Verdict.accept, Verdict.reject


def made(**knobs) -> GRPOJudgeMix:
    return GRPOJudgeMix(**{"reward": Brevity(), "num_generations": 4} | knobs)


def rows(texts, verdicts, seed=1, **knobs):
    return judgings(texts, verdicts, [prompt().messages] * len(texts), made(**knobs), random.Random(seed))


def test_is_written_and_read():
    trainer = made(judge_kinds=("pointwise",), judge_weight=0.5)
    assert Trainer.load(json.loads(json.dumps(trainer.dump()))) == trainer


@pytest.mark.parametrize(
    ("knobs", "said"),
    [
        ({"judge_kinds": ("listwise",)}, "'listwise' is no kind of judging row"),
        ({"pointwise_template": "{prompt}"}, "pointwise template lacks {response}"),
        ({"pairwise_template": "{prompt} {first}"}, "pairwise template lacks {second}"),
        ({"reflection_template": "{response}"}, "reflection template lacks {prompt}"),
    ],
)
def test_what_cannot_work_is_refused_with_a_way_out(knobs, said):
    with pytest.raises(ValidationError, match=said):
        made(**knobs)


def test_every_text_with_a_verdict_becomes_a_row_and_the_verdict_what_is_learned():
    found = rows(["#### 4", "#### 5", "hm", "#### 6"], [RIGHT, WRONG, None, WRONG], judge_kinds=("pointwise",))
    assert found[2] is None
    assert [one.verdict for one in found if one] == ["Verdict: right", "Verdict: wrong", "Verdict: wrong"]
    assert found[0].chat[0]["content"].startswith("Task: question\n\nAnswer: #### 4\n\n")


def test_a_pair_is_of_one_group_and_its_order_is_by_chance():
    texts, verdicts = ["good", "bad", "bad", "bad"] + ["poor"] * 4, [RIGHT] + [WRONG] * 7
    places = set()
    for seed in range(20):
        found = rows(texts, verdicts, seed, judge_kinds=("pairwise",))
        for one in found[:4]:
            text = one.chat[0]["content"]
            assert (one.kind, "Answer A: good" in text or "Answer B: good" in text) == ("pairwise", True)
            letter = "A" if "Answer A: good" in text else "B"
            assert one.verdict == f"Verdict: {letter}"
            places.add(letter)
        # The other group holds no right text: nothing to compare with.
        assert {one.kind for one in found[4:]} == {"pointwise"}
    assert places == {"A", "B"}


def test_the_kinds_take_turns():
    found = rows(["good", "bad", "bad", "good"], [RIGHT, WRONG, WRONG, RIGHT])
    assert [one.kind for one in found] == ["pointwise", "pairwise", "reflection", "pointwise"]
    assert "Give no verdict yet" in found[2].chat[0]["content"]
    assert found[2].verdict == "Verdict: wrong"


def test_what_stands_in_a_text_is_not_filled_in():
    (found, *_) = rows(["{prompt}"] * 4, [RIGHT] * 4, judge_kinds=("pointwise",))
    assert "Answer: {prompt}" in found.chat[0]["content"]


def test_reflections_are_written_too():
    """Two prompts a generation of 8 texts, so 16 texts; a third of them, rounded up, are reflected on."""
    assert made().rollouts(prompts=4) == 16 + 6
    assert made(judge_kinds=("pointwise",)).rollouts(prompts=4) == made(judge_weight=0.0).rollouts(prompts=4) == 16
