"""Real trainings by GRPO and RLOO of a tiny model, a step or two each: what rewards them, what they leave, resuming."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from backend import demo
from backend.errors import InvalidInput, TrainerError
from backend.judges.brevity import Brevity
from backend.judges.exact_match import ExactMatch
from backend.judges.majority_vote import MajorityVote
from backend.judges.surface_rules import SurfaceRules
from backend.judges.weighted_sum import WeightedSum
from backend.judges.written_verdict import WrittenVerdict
from backend.trainers.grpo import GRPO
from backend.trainers.rloo import RLOO
from tests.integration.trainers.online import DATA, DIGITS, SMALL, samples
from tests.integration.trainers.test_trl_ends import KILLED, start
from tests.integration.trainers.training import message, progress, same, spec_for, train

SELF = WrittenVerdict(votes=1, max_tokens=4, template=demo.JUDGE_TEMPLATE)
MIXED = WeightedSum(judges=(DIGITS, SELF), weights=(1.0, 0.5), optional=("written_verdict",))


@pytest.mark.parametrize("lora", [False, True])
@pytest.mark.parametrize("kind", [GRPO, RLOO])
def test_trains_on_a_judge_that_the_policy_itself_answers(kind: type[Any], lora: bool, tiny: Path, tmp_path: Path):
    final = train(kind(**SMALL, reward=MIXED, beta=0.1, lora=lora), tiny, tmp_path / "out", data=DATA)
    assert (final / "adapter_config.json").is_file() == lora
    if not lora:
        assert not same(final, tiny)
    written = samples(tmp_path / "out")
    assert [line["position"] for line in written] == [0, 1, 2, 3] * 2
    assert len({line["row"] for line in written}) == 2
    assert {line["step"] for line in written} == {1}
    for line in written:
        assert set(line["components"]) == {"surface_rules", "written_verdict"}
        assert line["reward"] == line["components"]["surface_rules"] + 0.5 * (
            line["components"]["written_verdict"] or 0
        )
        assert line["components"]["surface_rules"] == any(sign.isdigit() for sign in line["text"])
        assert line["num_tokens"] <= 6
    logged = progress(tmp_path / "out")[-1]["metrics"]
    assert {"reward", "rewards/weighted_sum/mean", "rewards/surface_rules", "rewards/none", "kl"} <= set(logged)
    assert json.loads((final / "train.json").read_text())["rows_used"] == 8


def test_advantages_are_of_the_group_and_a_text_without_a_reward_has_none(tiny: Path, tmp_path: Path):
    # Nobody answers in the form that is asked for: only what can be read as an answer has a share of votes.
    vote = MajorityVote(pattern=r"(\d)")
    train(GRPO(**SMALL, reward=vote, scale_rewards="none"), tiny, tmp_path / "out", data=DATA)
    written = samples(tmp_path / "out")
    for group in (written[:4], written[4:]):
        rewards = [line["reward"] for line in group if line["reward"] is not None]
        for line in group:
            expected = 0.0 if line["reward"] is None else line["reward"] - sum(rewards) / len(rewards)
            assert line["advantage"] == pytest.approx(expected, abs=1e-5)
    assert any(line["reward"] is None for line in written)


def test_rloo_compares_a_text_with_the_others_of_its_group(tiny: Path, tmp_path: Path):
    train(RLOO(**SMALL, reward=DIGITS, beta=0.0), tiny, tmp_path / "out", data=DATA)
    for line, others in ((line, samples(tmp_path / "out")) for line in samples(tmp_path / "out")):
        rest = [
            entry["reward"] for entry in others if entry["row"] == line["row"] and entry["position"] != line["position"]
        ]
        assert line["advantage"] == pytest.approx(line["reward"] - sum(rest) / 3, abs=1e-5)


def test_a_reward_reads_the_known_answer_of_its_row(tiny: Path, tmp_path: Path):
    # The first character of any text is its "answer", and only row 3 has a known one that can be compared.
    data = [row | {"answer": None} for row in DATA[:1]] + DATA[1:2]
    knobs = SMALL | {"max_completion_length": 4}
    train(GRPO(**knobs, reward=ExactMatch(pattern="(?s)^(.)")), tiny, tmp_path / "out", data=data)
    for line in samples(tmp_path / "out"):
        if line["row"] == 0:
            assert line["reward"] is None
            assert line["said"] == "The prompt has no known answer."
        else:
            assert line["reward"] in (0.0, 1.0, None)
            assert "known 2" in line["said"] or line["reward"] is None


@pytest.mark.slow
def test_killed_midway_ends_in_the_same_weights_and_texts(tiny: Path, tmp_path: Path):
    knobs = SMALL | {"max_steps": 16, "save_steps": 4, "steps_per_generation": 2, "learning_rate": 1e-3}
    trainer = GRPO(**knobs, reward=MIXED, beta=0.05, sync_ref_model=True, ref_model_sync_steps=3)
    straight = train(trainer, tiny, tmp_path / "straight", data=DATA)
    spec = spec_for(trainer, tiny, tmp_path / "killed", data=DATA)
    assert start(spec, tmp_path, "-c", KILLED).wait() == -signal.SIGKILL
    trainer.main(spec)
    assert json.loads((tmp_path / "killed/final/train.json").read_text())["resumed_from_step"] == 12
    assert same(straight, tmp_path / "killed/final")
    assert samples(tmp_path / "killed") == samples(tmp_path / "straight")
    # A generation of 16 completions is trained on for two steps.
    assert sorted({line["step"] for line in samples(tmp_path / "straight")}) == list(range(1, 17, 2))


def test_another_model_judges_and_the_reference_is_the_one_that_is_named(tiny: Path, other: Path, tmp_path: Path):
    """At its start the policy differs from a reference that is another model, and not from itself."""
    engines = {"teacher": {"name": "transformers", "model": str(other)}}
    kl = {}
    for reference in (tiny, other):
        trainer = GRPO(
            **SMALL,
            reward=WeightedSum(judges=(SurfaceRules(), SELF), optional=("written_verdict",)),
            judge_by="teacher",
            beta=0.1,
        )
        spec = spec_for(trainer, tiny, tmp_path / reference.name, data=DATA, reference=reference)
        spec.engines.update(engines)
        trainer.main(spec)
        kl[reference] = progress(tmp_path / reference.name)[-1]["metrics"]["kl"]
    assert kl[tiny] == pytest.approx(0.0, abs=1e-6)
    assert kl[other] > 0.1
    with_adapter = GRPO(**SMALL, reward=Brevity(), beta=0.1, lora=True)
    with pytest.raises(InvalidInput, match="compares with the weights that training starts from"):
        with_adapter.main(spec_for(with_adapter, tiny, tmp_path / "lora", data=DATA, reference=other))


def test_prompts_that_leave_no_room_are_left_out_and_too_few_are_refused(tiny: Path, tmp_path: Path):
    long = {"prompt": message("user", "x" * 260)}
    grpo = GRPO(**SMALL, reward=Brevity())
    final = train(grpo, tiny, tmp_path / "some", data=[*DATA[:2], long])
    record = json.loads((final / "train.json").read_text())
    assert (record["rows"], record["rows_used"], record["left_out"][0][1]) == (3, 2, "too_long")
    with pytest.raises(InvalidInput, match="One generation takes 2 prompts, but the dataset has 1 that fit"):
        train(grpo, tiny, tmp_path / "few", data=[DATA[0], long])


def test_a_judge_that_cannot_be_asked_stops_the_training_with_its_reason(tiny: Path, tmp_path: Path):
    trainer = GRPO(**SMALL, reward=SELF, judge_by="judge")
    spec = spec_for(trainer, tiny, tmp_path / "out", data=DATA)
    rule = {"pattern": ".", "reply": "the server is gone", "fails": "server"}
    spec.engines["judge"] = {"name": "scripted", "rules": [rule]}
    with pytest.raises(TrainerError, match=r"could not be asked about any of the 8 .* of step 1: the server is gone"):
        trainer.main(spec)


def test_nothing_of_the_judge_changes_what_the_training_draws(tiny: Path, tmp_path: Path):
    """Two steps, with a judge whose score is always 0 beside one that counts: the same weights as without it."""
    knobs = SMALL | {"max_steps": 2, "learning_rate": 1e-3}
    beside = WeightedSum(judges=(DIGITS, SELF), weights=(1.0, 0.0), optional=("written_verdict",))
    left = train(GRPO(**knobs, reward=DIGITS), tiny, tmp_path / "alone", data=DATA)
    right = train(GRPO(**knobs, reward=beside), tiny, tmp_path / "beside", data=DATA)
    assert same(left, right)
    assert not same(left, tiny)
