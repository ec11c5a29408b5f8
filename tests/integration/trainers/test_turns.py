"""Real trainings on chats of several turns: what is written, the loss on a fixed batch, what is left, resuming."""

import json
from pathlib import Path
from typing import Any

import pytest

from backend.errors import InvalidInput
from backend.judges.read_critique import ReadCritique
from backend.judges.surface_rules import SurfaceRules
from backend.trainers.grpo import GRPO
from backend.trainers.multi_turn_grpo import AGAIN, MultiTurnGRPO
from tests.integration.trainers.online import (
    DATA,
    DIGITS,
    SMALL,
    built,
    generation,
    is_same_training,
    log_probs,
    samples,
)
from tests.integration.trainers.training import progress, straight_and_killed, tensors, train

LETTERS = ReadCritique(verdict_pattern=r"(?s)^(?:(?P<accept>[a-z])|(?P<reject>[^a-z]))")
S2R: dict[str, Any] = {
    "turn_kinds": ("answer", "verdict", "answer"),
    "follow_ups": ("check", "again"),
    "verdict_reader": LETTERS,
}
REFLECT: dict[str, Any] = {
    "turn_kinds": ("thought", "answer"),
    "follow_ups": ("again",),
    "credit": "outcome",
    "trained_turns": (1,),
}
STAGES: dict[str, dict[str, Any]] = {
    "first stage": {"turn_weights": (0.0, 1.0), "first_turn_beta": 0.3},
    "second stage": {"turn_weights": (1.0, 1.0), "progress_bonus": 2.0, "beta": 0.05},
    "both betas": {"first_turn_beta": 0.3, "beta": 0.05, "loss_type": "dr_grpo"},
    "reflection": REFLECT | {"loss_type": "bnpo"},
    "verified": S2R | {"credit": "turn", "loss_type": "grpo", "first_turn_beta": 0.1},
}


def turns(**knobs: Any) -> MultiTurnGRPO:
    return MultiTurnGRPO(**SMALL | {"reward": DIGITS, "follow_ups": ("again",)} | knobs)


@pytest.mark.parametrize("stage", STAGES)
def test_loss_and_gradient_on_a_fixed_batch(stage: str, tiny: Path, other: Path, tmp_path: Path) -> None:
    """Each token of turn t loses ratio (-A_t + beta_t (exp(d) - d - 1)), d = log pi_ref - log pi."""
    import torch

    knobs = turns(**STAGES[stage])
    fitted = built(knobs, tiny, tmp_path / "out", reference=other)
    batch, inputs = generation(fitted)
    chats = [entry["episode"] for entry in inputs]
    reward = fitted.reward_funcs[0]
    assert any(any(advantage) for advantage in reward.advantages), "something to learn"
    loss = fitted._compute_loss(fitted.model, batch)
    model = fitted.accelerator.unwrap_model(fitted.model)
    weights = list(model.parameters())
    gradient = torch.autograd.grad(loss, weights)

    ours = log_probs(model, batch)
    total, tokens = torch.zeros(()), 0
    first = knobs.beta if knobs.first_turn_beta is None else knobs.first_turn_beta
    theirs = log_probs(fitted.ref_model, batch).detach() if fitted.ref_model is not None else ours.detach()
    of_chats = []
    for n, chat in enumerate(chats):
        of_chat, counted = torch.zeros(()), 0
        for place, turn in enumerate(chat.turn_of):
            if turn == 0 or (knobs.trained_turns and turn not in knobs.trained_turns):
                continue
            d = theirs[n, place] - ours[n, place]
            beta = first if turn == 1 else knobs.beta
            ratio = (ours[n, place] - ours[n, place].detach()).exp()
            of_chat = of_chat + ratio * (beta * (d.exp() - d - 1) - reward.advantages[n][turn - 1])
            counted += 1
        total, tokens = total + of_chat, tokens + counted
        of_chats.append(of_chat / max(counted, 1))
    expected = {
        "dapo": total / tokens,
        "bnpo": total / tokens,
        "dr_grpo": total / (8 * knobs.max_completion_length),
        "grpo": torch.stack(of_chats).mean(),
    }[knobs.loss_type]
    assert loss.item() == pytest.approx(expected.item(), abs=1e-5)
    for result, wanted in zip(gradient, torch.autograd.grad(expected, weights), strict=True):
        assert torch.allclose(result, wanted, atol=1e-5, rtol=1e-3)


def test_a_chat_is_what_the_template_writes_and_a_verdict_that_accepts_ends_it(tiny: Path, tmp_path: Path) -> None:
    fitted = built(turns(**S2R), tiny, tmp_path / "out")
    batch, inputs = generation(fitted)
    tokenizer = fitted.processing_class
    end = tokenizer.eos_token_id
    lengths = set()
    for n, row in enumerate(inputs):
        chat = row["episode"]
        messages = list(row["prompt"])
        for turn, text in enumerate(chat.texts):
            asked = [{"role": "user", "content": ("check", "again")[turn - 1]}] if turn else []
            messages += [*asked, {"role": "assistant", "content": text}]
        head = batch["prompt_ids"][n][batch["prompt_mask"][n].bool()].tolist()
        ids = [*head, *chat.ids, *([] if chat.ended[-1] else [end])]
        whole = tokenizer.apply_chat_template(messages, tokenize=False).strip()
        # A model without training writes special tokens, which no text holds.
        special = set(tokenizer.all_special_ids)
        written = [i for i, t in zip(chat.ids, chat.turn_of, strict=True) if t]
        if not special & {i for i in written if i != end}:
            assert tokenizer.decode(ids).strip() == whole
        verdict = LETTERS.verdict_pattern and (chat.texts[1][:1].islower() and chat.texts[1][:1].isascii())
        assert len(chat.texts) == (2 if verdict and chat.ended[1] else 3)
        lengths.add(len(chat.texts))
        assert chat.turn_of.count(1) <= 6
    assert batch["tool_mask"].shape == batch["completion_ids"].shape
    assert lengths


def test_with_one_turn_it_is_grpo(tiny: Path, tmp_path: Path) -> None:
    knobs = SMALL | {"max_steps": 2, "learning_rate": 1e-3, "beta": 0.1, "reward": DIGITS}
    alone = MultiTurnGRPO(**knobs, turn_kinds=("answer",), follow_ups=())
    assert is_same_training(alone, GRPO(**knobs), tiny, tmp_path, data=DATA)


def test_broken_off_it_ends_in_the_same_weights_and_texts(tiny: Path, other: Path, tmp_path: Path) -> None:
    more = {"max_steps": 4, "save_steps": 2, "learning_rate": 1e-2, "first_turn_beta": 0.1, "progress_bonus": 2.0}
    knobs = turns(**more, **S2R, steps_per_generation=2)
    straight_and_killed(knobs, tiny, tmp_path, data=DATA, reference=other)
    assert samples(tmp_path / "killed") == samples(tmp_path / "straight")
    lines = samples(tmp_path / "straight")
    assert {line["step"] for line in lines} == {1, 3}
    assert [line["position"] for line in lines[:8]] == [0, 1, 2, 3] * 2
    for line in lines:
        assert line["advantage"] is None
        assert len(line["turns"]) == 3
        assert line["text"].count("\n\nassistant: ") >= 1
        assert line["components"]["turn_1"] == line["turns"][0]["reward"]
    logged = {name for line in progress(tmp_path / "straight") for name in line["metrics"]}
    assert {"rewards/turn_1", "kl/first_turn", "turns/fixed", "turns/broken", "reward"} <= logged


def test_only_the_reflection_learns(tiny: Path, tmp_path: Path) -> None:
    """Weights move by the reflection's tokens; a chat whose retry is not better than the others' moves none."""
    import torch

    # Every retry is as good as every other, so that there is nothing to learn.
    equal = turns(**REFLECT, learning_rate=1e-2, reward=SurfaceRules(min_chars=0, max_repetition=1.0))
    ours, start = tensors(train(equal, tiny, tmp_path / "equal", data=DATA)), tensors(tiny)
    assert all(torch.equal(ours[name], start[name]) for name in start)
    line = samples(tmp_path / "equal")[0]
    assert line["turns"][0]["reward"] is None
    assert set(line["components"]) == {"turn_2"}


def test_prompts_need_room_for_all_turns(tiny: Path, tmp_path: Path) -> None:
    long = [{"prompt": [{"role": "user", "content": "x" * 130}]}, *DATA[:2]]
    final = train(turns(follow_ups=(AGAIN,)), tiny, tmp_path / "out", data=long)
    (left_out,) = json.loads((final / "train.json").read_text())["left_out"]
    assert left_out[1] == "too_long"
    with pytest.raises(InvalidInput, match="All 1 rows had to be left out"):
        train(turns(follow_ups=("x" * 240,)), tiny, tmp_path / "none", data=DATA[:1])
