"""Generating and judging through Rondo against the same engine called in a bare loop."""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from backend.db.many import in_chunks
from backend.jobs.process import KEEP_FREED_MEMORY
from tests.bench.place import data_folder, run_stage

if TYPE_CHECKING:
    from backend.services.access import Actor


def bare_loop(round_id: int, file: Path | None = None) -> float:
    """Seconds of the same calls with nothing around them: same prompts, batches, sampling, template.

    With a `file`, the loop keeps what it made, as a script would: a line a sample, with the verdict that was read.
    """
    from sqlalchemy import select

    from backend.db import reading, tables
    from backend.pipeline import groups as group_values
    from backend.pipeline.bind import engine_for
    from backend.pipeline.stage import derive_seed
    from backend.recipes import Recipe
    from backend.values import Sampling, Split

    with reading() as db:
        round_ = db.get_one(tables.Round, round_id)
        recipe = Recipe.model_validate(round_.recipe)
        loaded = group_values.load(db, group_values.group_rows(db, round_id, Split.train))
        seeds = set(db.scalars(select(tables.Sample.seed).where(tables.Sample.round_id == round_id)))
    assert seeds, "the round has no samples to compare with"
    batches = list(in_chunks(loaded, recipe.groups_per_batch))
    g, j = recipe.generator.model_dump(), recipe.judge.model_dump()
    started = time.perf_counter()
    with engine_for(round_.policy_id) as engine:
        answered = []
        for number, batch in enumerate(batches):
            seed = derive_seed(round_.seed, "generate", number)
            sampling = Sampling(g["temperature"], g["top_p"], g["top_k"], g["max_tokens"], g["n"], seed)
            answered.append(engine.complete([group.prompt.messages for group in batch], sampling))
    with engine_for(round_.policy_id) as engine:
        for number, (batch, answers) in enumerate(zip(batches, answered, strict=True)):
            seed = derive_seed(round_.seed, "judge", number)
            sampling = Sampling(j["temperature"], j["top_p"], 0, j["max_tokens"], j["votes"], seed)
            asked = [
                (group.prompt, completion, recipe.judge.render(group.prompt.messages, completion.text))  # type: ignore[attr-defined]
                for group, completions in zip(batch, answers, strict=True)
                for completion in completions
            ]
            # Rondo asks a greedy judge once for equal chats; so does this loop, else it would lose unfairly.
            distinct = {chat[0]["content"]: chat for _, _, chat in asked}
            replies = dict(zip(distinct, engine.complete(list(distinct.values()), sampling), strict=True))
            if file is not None:
                with file.open("a") as lines:
                    for prompt, completion, chat in asked:
                        reply = replies[chat[0]["content"]][0]
                        score = recipe.judge.parse(reply.text, is_complete=reply.finish_reason != "length").score  # type: ignore[attr-defined]
                        row = {
                            "messages": prompt.messages,
                            "text": completion.text,
                            "logprob": completion.logprob,
                            "tokens": completion.num_tokens,
                            "reply": reply.text,
                            "score": score,
                        }
                        lines.write(json.dumps(row) + "\n")
    return time.perf_counter() - started


def untrained(actor: "Actor", project_id: int, folder: Path, *, width: int, layers: int) -> tuple[int, float]:
    """A checkpoint of random weights with the demo's tokenizer, as large as asked; its id and millions of weights."""
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    from backend import demo
    from backend.services.checkpoints import registration

    tokenizer = AutoTokenizer.from_pretrained(demo.MODEL_FOLDER)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=width,
            intermediate_size=3 * width,
            num_hidden_layers=layers,
            num_attention_heads=8,
            max_position_embeddings=2048,
            tie_word_embeddings=True,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    tokenizer.model_max_length = 2048
    place = folder / "models" / f"untrained-{width}"
    model.save_pretrained(place), tokenizer.save_pretrained(place)
    number = registration.register(actor, project_id, name=place.name, location=str(place))
    return number, model.num_parameters() / 1e6


def compare(launch: Callable[[int], int], folder: Path, *, num_prompts: int, repeats: int, name: str) -> None:
    """Print all three in turn and the ratios of the medians, after one round that loads the libraries."""
    warm = launch(32)
    run_stage(warm), run_stage(warm), bare_loop(warm)
    through, bare, kept = [], [], []
    for number in range(repeats):
        round_id = launch(num_prompts)
        through.append(run_stage(round_id) + run_stage(round_id))
        bare.append(bare_loop(round_id))
        kept.append(bare_loop(round_id, folder / f"{name}-{number}.jsonl"))
    ours, thrown, script = map(statistics.median, (through, bare, kept))
    print(
        f"generate + judge, {name}, {num_prompts} prompts, {repeats} times in turn: through Rondo {ours:.1f} s; "
        f"a script that keeps its samples and scores as JSONL {script:.1f} s, throughput ratio {script / ours:.3f} "
        f"(budget at least 0.97); the engine's calls alone {thrown:.1f} s, ratio {thrown / ours:.3f}",
        flush=True,
    )


def main() -> None:
    """The demo's model, which makes and judges a sample in two milliseconds, and a larger one."""
    from backend.services import demo, rounds
    from backend.services.people import accounts

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="how often each is timed")
    repeats = parser.parse_args().repeats
    with data_folder() as folder:
        actor = accounts.local_owner()
        project_id = demo.create(actor)
        plan = rounds.defaults(actor, project_id).__dict__ | {"is_reviewed": False}
        # What an untrained model says is no verdict; here only the time counts.
        other = {"recipe": plan["recipe"] | {"unparsed_limit": 1.0}}

        def launcher(**changed: object) -> Callable[[int], int]:
            return lambda number: rounds.launch(
                actor, project_id, rounds.Plan(**plan | changed | {"num_prompts": number})
            )

        compare(launcher(), folder, num_prompts=1500, repeats=repeats, name="the demo's model (0.9 M)")
        number, size = untrained(actor, project_id, folder, width=512, layers=8)
        launch = launcher(policy_id=number, reference_id=number, **other)
        compare(launch, folder, num_prompts=64, repeats=repeats, name=f"an untrained model ({size:.0f} M)")


if __name__ == "__main__":
    # A job's process gets this from its worker, and a process reads it when it starts; both sides run with it.
    if os.environ.keys() >= KEEP_FREED_MEMORY.keys():
        main()
    else:
        os.execve(
            sys.executable,
            [sys.executable, "-m", "tests.bench.throughput", *sys.argv[1:]],
            os.environ | KEEP_FREED_MEMORY,
        )
