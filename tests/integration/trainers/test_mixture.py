"""A mixture of experts can be sampled after all of it was trained: what training switches on is switched off again."""

import json
from pathlib import Path
from typing import Any

from backend.demo.make_model import make_tokenizer
from backend.engines.transformers import Transformers
from backend.trainers import final_folder
from backend.trainers.sft import SFT
from backend.values import Sampling
from tests.integration.trainers.training import KNOBS, spec_for


def make_mixture(folder: Path, **config: Any) -> Path:
    import torch
    from transformers import MixtralConfig, MixtralForCausalLM

    torch.set_num_threads(1)
    tokenizer = make_tokenizer()
    mixtral_config = MixtralConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        num_local_experts=4,
        num_experts_per_tok=2,
        max_position_embeddings=128,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **config,
    )
    MixtralForCausalLM(mixtral_config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def sampled(folder: Path) -> list[str]:
    prompts = [[{"role": "user", "content": text}] for text in ("1 + 1 =", "a longer one?")]
    with Transformers(model=str(folder), device="cpu") as engine:
        results = engine.complete(prompts, Sampling(n=2, max_tokens=4, seed=1))
    return [completion.finish_reason for group in results for completion in group]


def test_a_trained_mixture_can_be_sampled(tmp_path: Path) -> None:
    policy = make_mixture(tmp_path / "moe")
    trainer = SFT(**KNOBS | {"max_steps": 1})
    trainer.main(spec_for(trainer, policy, tmp_path / "out"))
    final = final_folder(str(tmp_path / "out"))
    assert json.loads((final / "config.json").read_text()).get("output_router_logits", False) is False
    assert len(sampled(final)) == 4


def test_a_mixture_that_was_saved_with_router_logits_on_can_be_sampled(tmp_path: Path) -> None:
    assert len(sampled(make_mixture(tmp_path / "moe", output_router_logits=True))) == 4
