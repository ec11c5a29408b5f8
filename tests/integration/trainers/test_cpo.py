"""Xu et al. 2024 (CPO), arXiv 2401.08417, and Meng et al. 2024 (SimPO), arXiv 2405.14734, on a fixed batch."""

from pathlib import Path

import pytest

from backend.trainers._pairs import tokens_of
from backend.trainers.cpo import CPO
from tests.integration.trainers.losses import ONE_STEP, first_loss, logprobs_of, pair

PAIRS = [pair("a", "yes", "n"), pair("bb", "k", "nope"), pair("c", "a longer text", "x")]


def test_cpo_and_simpo(tiny: Path, tmp_path: Path):
    import torch

    sides = [[logprobs_of(tiny, p["prompt"], p[side][0]["content"]) for side in ("chosen", "rejected")] for p in PAIRS]
    nll = -sum(float(chosen.sum()) for chosen, _ in sides) / sum(len(chosen) for chosen, _ in sides)

    def mean(margins: list[float]) -> float:
        return -float(torch.nn.functional.logsigmoid(torch.tensor(margins)).mean())

    cpo = mean([0.5 * float(chosen.sum() - rejected.sum()) for chosen, rejected in sides])
    value = first_loss(CPO(**ONE_STEP, beta=0.5, cpo_alpha=0.3), tiny, tmp_path / "cpo", PAIRS)
    assert value == pytest.approx(cpo + 0.3 * nll, abs=1e-4)
    simpo = mean([2.0 * float(chosen.mean() - rejected.mean()) - 1.5 for chosen, rejected in sides])
    trainer = CPO(**ONE_STEP, beta=2.0, loss_type="simpo", cpo_alpha=0.0, simpo_gamma=1.5)
    assert first_loss(trainer, tiny, tmp_path / "simpo", PAIRS) == pytest.approx(simpo, abs=1e-4)


def test_rows_hold_what_the_template_wrote_and_no_more(tiny: Path):
    """TRL's own tokens would begin with the first token and end with the last one, wherever the template has them."""
    from backend.engines._weights import load_tokenizer

    tokenizer = load_tokenizer(str(tiny))
    numbers = tokens_of(tokenizer, {"prompt": "ab", "chosen": "cd", "rejected": "e"}, 3)
    letters = dict(zip("abcde", tokenizer.convert_tokens_to_ids(list("abcde")), strict=True))
    assert numbers["chosen_input_ids"] == [letters["a"], letters["b"], letters["c"]], "cut off at three tokens"
    assert numbers["chosen_labels"] == [-100, -100, letters["c"]]
    assert numbers["rejected_labels"] == [-100, -100, letters["e"]]
    assert numbers["prompt_input_ids"] == [letters["a"], letters["b"]]
