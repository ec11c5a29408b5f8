"""Real trainings that choose their prompts as they go, and on texts that somebody helped with."""

import json
from pathlib import Path
from typing import Any

import pytest

from backend.judges.exact_match import ExactMatch
from backend.trainers import _rows
from backend.trainers._bandit import Bandit
from backend.trainers._remarks import shaped
from backend.trainers.grpo_category_bandit import GRPOCategoryBandit
from backend.trainers.grpo_prompt_value import GRPOPromptValue
from backend.trainers.guided_grpo import GuidedGRPO
from backend.trainers.teacher_remark_grpo import TeacherRemarkGRPO
from tests.integration.trainers.online import DATA, DIGITS, SMALL, built, generation, log_probs, samples
from tests.integration.trainers.test_self_score import LONG
from tests.integration.trainers.training import progress, spec_for, straight_and_killed, tensors, train

LEVELS = [row | {"metadata": {"category": "even" if n % 2 else "odd"}} for n, row in enumerate(DATA)]
MORE: dict[str, Any] = {
    "max_steps": 4,
    "save_steps": 2,
    "learning_rate": 1e-2,
    "reward": DIGITS,
    "steps_per_generation": 2,
}
CHOOSERS = {
    "bandit": GRPOCategoryBandit(**SMALL | MORE, value_temperature=0.1),
    "value": GRPOPromptValue(**SMALL | MORE, candidates=2, value_learning_rate=1e-2),
}


def prompt_of(fitted: Any, batch: dict[str, Any], n: int) -> str:
    ids = batch["prompt_ids"][n][batch["prompt_mask"][n].bool()]
    text: str = fitted.processing_class.decode(ids)
    return text


@pytest.mark.parametrize("name", CHOOSERS)
def test_broken_off_it_chooses_the_same_prompts_and_ends_in_the_same_weights(
    name: str, tiny: Path, tmp_path: Path
) -> None:
    knobs = CHOOSERS[name]
    straight, final = straight_and_killed(knobs, tiny, tmp_path, data=LEVELS)
    lines = samples(tmp_path / "straight")
    assert samples(tmp_path / "killed") == lines
    assert {line["step"] for line in lines} == {1, 3}
    assert len(lines) == 32
    logged = {curve: value for line in progress(tmp_path / "straight") for curve, value in line["metrics"].items()}
    if name == "bandit":
        values = json.loads((straight / "category_values.json").read_text())
        assert json.loads((final / "category_values.json").read_text()) == values
        again = bandit(knobs, tiny, tmp_path)
        again.begin(lines, None)
        assert values == again.values == {"even": logged["category_value/even"], "odd": logged["category_value/odd"]}
        # Training goes on with them.
        after = train(knobs, straight, tmp_path / "after", data=LEVELS)
        first = bandit(knobs, straight, tmp_path)
        assert first.values == values
        first.begin(samples(tmp_path / "after"), None)
        assert json.loads((after / "category_values.json").read_text()) == first.values
    else:
        tensor, other = (tensors(folder / "prompt_value") for folder in (straight, final))
        assert all(bool((tensor[key] == other[key]).all()) for key in tensor)
        assert {"prompt_value/predicted", "prompt_value/error", "prompt_value/loss"} <= set(logged)
        config = json.loads((straight / "prompt_value/config.json").read_text())
        assert config["architectures"] == ["LlamaForSequenceClassification"]


def bandit(knobs: Any, policy: Path, folder: Path) -> Bandit:
    """A bandit as a training from these weights begins with it."""
    spec = spec_for(knobs, policy, folder / "rows", data=LEVELS)
    return Bandit(knobs, {row.number: row for row in _rows.read(knobs, spec)}, spec)


def test_the_value_model_learns_the_mean_reward_of_the_prompts_it_took(tiny: Path, tmp_path: Path) -> None:
    """Of all eight prompts those with the nearest prediction; then one step of AdamW on the squared error."""
    knobs = GRPOPromptValue(**SMALL | {"reward": DIGITS}, candidates=4, value_learning_rate=1e-4)
    fitted = built(knobs, tiny, tmp_path / "out", data=DATA)
    values = fitted.prompt_values
    before = dict(zip(range(8), values.predict(range(8)), strict=True))
    generation(fitted)
    lines = fitted.reward_funcs[0].pending
    taken = list(dict.fromkeys(line["row"] for line in lines))
    assert taken == sorted(before, key=lambda row: abs(before[row] - 0.5))[:2]
    rates = {row: sum(line["reward"] for line in lines if line["row"] == row) / 4 for row in taken}
    expected = sum((before[row] - rate) ** 2 for row, rate in rates.items()) / 2
    (shown,) = fitted._metrics["train"]["prompt_value/loss"]
    assert shown == pytest.approx(expected, rel=1e-4)
    after = values.predict(taken)
    assert sum((value - rates[row]) ** 2 for row, value in zip(taken, after, strict=True)) / 2 < expected


@pytest.mark.parametrize("strip", [False, True])
def test_a_prompt_that_no_text_solves_is_asked_with_ever_more_of_the_solution(
    strip: bool, tiny: Path, tmp_path: Path
) -> None:
    """Row 0 is solved by any text, row 1 by none: what is right is read from the texts' first character."""
    data = [
        DATA[0] | {"answer": "5", "metadata": {"solution": "abcdefgh"}},
        DATA[1] | {"answer": "nothing", "metadata": {"solution": "ABCDEFGH"}},
    ]
    reward = ExactMatch(pattern="(?s)^(.)")
    knobs = GuidedGRPO(**SMALL | {"reward": reward}, strip_hints=strip)
    fitted = built(knobs, tiny, tmp_path / "out", data=data)
    monkey = fitted.rollout_func.reward
    real = monkey.judge_texts

    def judged(texts: Any, step: int) -> Any:
        reply = real(texts, step)
        right = monkey.judge
        for text in texts:
            if text.prompt_id == 0:
                reply[text.id] = [right.judgment(text, 1.0, "right")]
            else:
                reply[text.id] = [right.judgment(text, 0.0, "wrong")]
        return reply

    monkey.judge_texts = judged
    batch, inputs = generation(fitted)
    lines = fitted.reward_funcs[0].pending
    for n, (row, line) in enumerate(zip(inputs, lines, strict=True)):
        shown = prompt_of(fitted, batch, n)
        if row["row"] == 0:
            assert "guided" not in line
            assert "abcdef" not in shown
        else:
            assert line["guided"] == 0.75
            assert ("ABCDEF" in shown) is not strip
            assert "ABCDEFG" not in shown
    assert [line["reward"] for line in lines if line["row"] == 0] == [1.0] * 4
    early = GuidedGRPO(**SMALL | {"reward": reward}, first_hint_step=1)
    fitted = built(early, tiny, tmp_path / "early", data=data)
    generation(fitted)
    assert not any("guided" in line for line in fitted.reward_funcs[0].pending)


def test_a_remark_is_part_of_the_text_and_weighs_less_where_it_is_strange(tiny: Path, tmp_path: Path) -> None:
    """Each token loses -A f(p, A), f being 1 in the plain texts of the group."""
    import torch

    plain = {name: value for name, value in LONG.items() if name != "reference_log_prob"}
    knobs = TeacherRemarkGRPO(
        **plain,
        remarks_by="teacher",
        remark_share=0.5,
        last_share=0.5,
        least_share=0.0,
        remark_tokens=40,
        shaping=0.005,
    )
    teacher = {"name": "scripted", "rules": [{"pattern": "Answer of the student", "reply": "Wait, 1 + 1 = 2."}]}
    fitted = built(knobs, tiny, tmp_path / "out", data=DATA, teacher=teacher)
    fitted.state.max_steps = 1
    batch, inputs = generation(fitted)
    guided = [entry["guided"] for entry in inputs]
    assert 0 < sum(guided) < 8
    lines = fitted.reward_funcs[0].pending
    end = fitted.processing_class.eos_token_id
    for n, (line, is_guided) in enumerate(zip(lines, guided, strict=True)):
        assert line["text"].endswith("\n\nWait, 1 + 1 = 2.") is is_guided
        ids = batch["completion_ids"][n][batch["completion_mask"][n].bool()]
        if is_guided:
            assert ids[-1] == end
            assert ids.tolist().count(end) == 1
            assert line["guided"] == pytest.approx(18 / len(ids), abs=1e-4)
    learned = fitted._logs["advantages"]
    model = fitted.accelerator.unwrap_model(fitted.model)
    ours, mask = log_probs(model, batch), batch["completion_mask"]
    assert batch["advantages"].shape == mask.shape
    expected = torch.tensor(
        [
            [advantage * shaped(p.exp().item(), advantage, 0.005) if is_guided else advantage for p in row]
            for advantage, is_guided, row in zip(learned, guided, ours.detach(), strict=True)
        ]
    )
    assert torch.allclose(batch["advantages"] * mask, expected * mask, atol=1e-4)
    loss = fitted._compute_loss(fitted.model, batch)
    wanted = -(expected * (ours - ours.detach()).exp() * mask).sum() / mask.sum()
    assert loss.item() == pytest.approx(wanted.item(), abs=1e-4)
    silent = {"name": "scripted", "replies": ("No remark.",)}
    fitted = built(knobs, tiny, tmp_path / "silent", data=DATA, teacher=silent)
    fitted.state.max_steps = 1
    batch, inputs = generation(fitted)
    assert not any(entry["guided"] for entry in inputs)
    assert batch["advantages"].dim() == 1, "a generation without remarks is GRPO's"
