"""GRPO with a judge as reward, by TRL alone: `python grpo_by_hand.py SPEC.json PROMPTS.json OUTPUT`.

Nothing of Rondo is imported but the task's checker, where that is the reward. What each step gave stands in
`rewards.jsonl` afterwards.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import GRPOConfig, GRPOTrainer

VERDICT = re.compile(r";([YN])\s*$")


def by_own_verdict(judge: dict[str, Any], tokenizer: Any, texts: list[tuple[str, str]]) -> list[float | None]:
    """Let the policy in training judge, greedily; equal questions are asked once."""
    asked = [judge["template"].replace("{prompt}", question).replace("{response}", text) for question, text in texts]
    distinct = list(dict.fromkeys(asked))
    chats = [[{"role": "user", "content": entry}] for entry in distinct]
    rendered = tokenizer.apply_chat_template(chats, add_generation_prompt=True, tokenize=False)
    inputs = tokenizer(rendered, padding=True, padding_side="left", add_special_tokens=False, return_tensors="pt")
    with torch.inference_mode():
        ids = trainer.model.generate(
            input_ids=inputs["input_ids"],
            attention_mask=inputs["attention_mask"],
            do_sample=False,
            max_new_tokens=judge["max_tokens"],
        )[:, inputs["input_ids"].shape[1] :]
    replies = tokenizer.batch_decode(ids, skip_special_tokens=True)
    ended = (ids == tokenizer.eos_token_id).any(1).tolist()
    results = {
        question: float(verdict[1] == "Y") if is_whole and (verdict := VERDICT.search(reply)) else None
        for question, reply, is_whole in zip(distinct, replies, ended, strict=True)
    }
    return [results[question] for question in asked]


def by_checker(texts: list[tuple[str, str]]) -> list[float | None]:
    """Score by the task's own checker."""
    from backend.demo import countdown

    return [float(countdown.is_correct(question, text)) for question, text in texts]


spec, prompts = (json.loads(Path(file).read_text()) for file in sys.argv[1:3])
output = Path(sys.argv[3])
torch.set_num_threads(1)
tokenizer = AutoTokenizer.from_pretrained(spec["policy"])
judge = spec["trainer"]["reward"]
lines: list[str] = []


def reward(prompts: Any, completions: Any, trainer_state: Any, **_: Any) -> list[float | None]:
    """The judge's score of each completion."""
    texts = [
        (asked[-1]["content"], completion[0]["content"]) for asked, completion in zip(prompts, completions, strict=True)
    ]
    scores = by_checker(texts) if judge["name"] == "countdown" else by_own_verdict(judge, tokenizer, texts)
    for (_, text), score in zip(texts, scores, strict=True):
        lines.append(json.dumps({"step": trainer_state.global_step + 1, "text": text, "reward": score}))
    return scores


knobs = {name: value for name, value in spec["trainer"].items() if name in GRPOConfig.__dataclass_fields__}
settings = {
    "num_train_epochs": 1.0,
    "shuffle_dataset": False,
    "use_cpu": True,
    "bf16": False,
    "report_to": "none",
    "disable_tqdm": True,
    "dataloader_pin_memory": False,
    "logging_first_step": True,
}
trainer = GRPOTrainer(
    AutoModelForCausalLM.from_pretrained(spec["policy"], dtype="float32"),
    reward_funcs=[reward],
    args=GRPOConfig(**knobs | settings | {"output_dir": str(output), "seed": spec["seed"] % 2**32}),
    train_dataset=Dataset.from_list([{"prompt": prompt} for prompt in prompts]),
    processing_class=tokenizer,
)
trainer.train()
trainer.save_model(str(output / "final"))
(output / "rewards.jsonl").write_text("\n".join(lines) + "\n")
