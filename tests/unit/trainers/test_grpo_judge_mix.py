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


def make_trainer(**knobs) -> GRPOJudgeMix:
    return GRPOJudgeMix(**{"reward": Brevity(), "num_generations": 4} | knobs)


def rows(texts, verdicts, seed=1, **knobs):
    return judgings(texts, verdicts, [prompt().messages] * len(texts), make_trainer(**knobs), random.Random(seed))


def test_is_written_and_read():
    trainer = make_trainer(judge_kinds=("pointwise",), judge_weight=0.5)
    assert Trainer.load(json.loads(json.dumps(trainer.dump()))) == trainer


@pytest.mark.parametrize(
    ("knobs", "reply"),
    [
        ({"judge_kinds": ("listwise",)}, "'listwise' is no kind of judging row"),
        ({"pointwise_template": "{prompt}"}, "pointwise template lacks {response}"),
        ({"pairwise_template": "{prompt} {first}"}, "pairwise template lacks {second}"),
        ({"reflection_template": "{response}"}, "reflection template lacks {prompt}"),
    ],
)
def test_what_cannot_work_is_refused_with_a_way_out(knobs, reply):
    with pytest.raises(ValidationError, match=reply):
        make_trainer(**knobs)


def test_every_text_with_a_verdict_becomes_a_row_and_the_verdict_what_is_learned():
    records = rows(["#### 4", "#### 5", "hm", "#### 6"], [RIGHT, WRONG, None, WRONG], judge_kinds=("pointwise",))
    assert records[2] is None
    assert [record.verdict for record in records if record] == ["Verdict: right", "Verdict: wrong", "Verdict: wrong"]
    assert records[0].chat[0]["content"].startswith("Task: question\n\nAnswer: #### 4\n\n")


def test_a_pair_is_of_one_group_and_its_order_is_by_chance():
    texts, verdicts = ["good", "bad", "bad", "bad"] + ["poor"] * 4, [RIGHT] + [WRONG] * 7
    places = set()
    for seed in range(20):
        records = rows(texts, verdicts, seed, judge_kinds=("pairwise",))
        for record in records[:4]:
            text = record.chat[0]["content"]
            assert (record.kind, "Answer A: good" in text or "Answer B: good" in text) == ("pairwise", True)
            letter = "A" if "Answer A: good" in text else "B"
            assert record.verdict == f"Verdict: {letter}"
            places.add(letter)
        # The other group holds no right text: nothing to compare with.
        assert {entry.kind for entry in records[4:]} == {"pointwise"}
    assert places == {"A", "B"}


def test_the_kinds_take_turns():
    records = rows(["good", "bad", "bad", "good"], [RIGHT, WRONG, WRONG, RIGHT])
    assert [record.kind for record in records] == ["pointwise", "pairwise", "reflection", "pointwise"]
    assert "Give no verdict yet" in records[2].chat[0]["content"]
    assert records[2].verdict == "Verdict: wrong"


def test_what_stands_in_a_text_is_not_filled_in():
    (row, *_) = rows(["{prompt}"] * 4, [RIGHT] * 4, judge_kinds=("pointwise",))
    assert "Answer: {prompt}" in row.chat[0]["content"]


def test_reflections_are_written_too():
    """Two prompts a generation of 8 texts, so 16 texts; a third of them, rounded up, are reflected on."""
    assert make_trainer().rollouts(prompts=4) == 16 + 6
    assert (
        make_trainer(judge_kinds=("pointwise",)).rollouts(prompts=4)
        == make_trainer(judge_weight=0.0).rollouts(prompts=4)
        == 16
    )
