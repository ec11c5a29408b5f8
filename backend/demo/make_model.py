"""Make the demo's tiny model: `python -m backend.demo.make_model --out DIR --seed 0`.

It learns to check well and to solve a little: most of each batch are checks, the rest are the few solved problems
it ever sees. Takes about a quarter of an hour on one core.
"""

import argparse
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from backend.demo import make_prompts, measure
from backend.demo.countdown import CountdownProblem

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

FOLDER = Path(__file__).parent / "model"
PHASES = ((1_500, 2e-3, 0.25), (600, 1e-3, 0.15))
"""Steps, peak learning rate, share of solved problems: first both tasks, then mostly telling near misses apart."""
BATCH, WARMUP = 128, 100
MAX_LENGTH = 256
SPECIAL = ["<|pad|>", "<|unk|>", "<|bos|>", "<|eos|>", "<|user|>", "<|assistant|>"]
CHAT_TEMPLATE = (
    "<|bos|>{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}<|assistant|>"
    "{% generation %}{{ message['content'] }}<|eos|>{% endgeneration %}"
    "{% else %}<|user|>{{ message['content'] }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def make_tokenizer() -> "PreTrainedTokenizerFast":
    """Make one token of every printable ASCII character and the newline; any other is `<|unk|>`."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    characters = ["\n", *map(chr, range(32, 127))]
    vocabulary = {token: i for i, token in enumerate(SPECIAL + characters)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<|unk|>"))
    # `(?s).` would say the same; the regex engine of tokenizers refuses it.
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token="<|pad|>",
        unk_token="<|unk|>",
        bos_token="<|bos|>",
        eos_token="<|eos|>",
        additional_special_tokens=["<|user|>", "<|assistant|>"],
        chat_template=CHAT_TEMPLATE,
        model_max_length=MAX_LENGTH,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )


def make_model(tokenizer: "PreTrainedTokenizerFast") -> "LlamaForCausalLM":
    """Make the untrained model: 0.87 million parameters, 3.5 MB in fp32."""
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(  # type: ignore[no-untyped-call]
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=128,
            intermediate_size=384,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=MAX_LENGTH,
            tie_word_embeddings=True,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def train(
    model: "LlamaForCausalLM",
    tokenizer: "PreTrainedTokenizerFast",
    *,
    rng: random.Random,
    base: list[CountdownProblem],
    steps: int,
    learning_rate: float,
    solved_share: float,
) -> None:
    """Train in place on rows drawn afresh for each batch, with a warm-up and a linear decay."""
    import torch

    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=0.1, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / WARMUP, (steps - step) / (steps - WARMUP))
    )
    num_solved = int(BATCH * solved_share)
    started = time.monotonic()
    model.train()
    for step in range(steps):
        solved = [make_prompts.solved_row(base, rng) for _ in range(num_solved)]
        checks = [make_prompts.check_row(base, rng) for _ in range(BATCH - num_solved)]
        loss = 0.0
        # Solved problems are half as long as checks: apart, they need no padding to the same length.
        for rows, share in ((solved, solved_share), (checks, 1 - solved_share)):
            inputs, labels = _encode(tokenizer, rows)
            part = model(input_ids=inputs, labels=labels).loss * share
            part.backward()
            loss += part.item()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if step % 100 == 0:
            sys.stderr.write(f"step {step} loss {loss:.4f} {time.monotonic() - started:.0f} s\n")
    model.eval()  # type: ignore[no-untyped-call]


def _encode(tokenizer: "PreTrainedTokenizerFast", rows: list[tuple[str, str]]) -> "tuple[torch.Tensor, torch.Tensor]":
    """Encode (question, answer) rows as ids and labels, both (rows, longest row), padded on the right."""
    import torch

    ids, labels = [], []
    for question, answer in rows:
        head = tokenizer.encode(f"<|bos|><|user|>{question}<|assistant|>")
        tail = tokenizer.encode(f"{answer}<|eos|>")
        ids.append(torch.tensor(head + tail))
        labels.append(torch.tensor([-100] * len(head) + tail))
    pad = torch.nn.utils.rnn.pad_sequence
    # Causal attention never looks right, so the padding needs no mask: its labels are ignored.
    return pad(ids, True, float(tokenizer.pad_token_id)), pad(labels, True, -100.0)


def main(out: Path, *, seed: int) -> None:
    """Make, train, save and measure."""
    import torch
    from transformers import GenerationConfig

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    tokenizer = make_tokenizer()
    model = make_model(tokenizer)
    base, held_out, new = make_prompts.split(seed)
    rng = random.Random(seed)
    for steps, learning_rate, solved_share in PHASES:
        train(model, tokenizer, rng=rng, base=base, steps=steps, learning_rate=learning_rate, solved_share=solved_share)
    model.generation_config = GenerationConfig(  # type: ignore[no-untyped-call]
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    sys.stdout.write(measure.report(model, tokenizer, held_out, new[:300], seed=seed))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    main(arguments.out, seed=arguments.seed)
