"""Generating and judging through Rondo against the same engine called in a bare loop."""

import statistics
import time

from tests.bench.place import data_folder, run_stage


def bare_loop(round_id: int) -> float:
    """Seconds of the same calls with nothing around them: same prompts, batches, sampling, template."""
    from sqlalchemy import select

    from backend.db import reading, tables
    from backend.pipeline import groups as group_values
    from backend.pipeline.bind import engine_for
    from backend.recipes import Recipe
    from backend.values import Sampling, Split

    with reading() as db:
        found = db.get_one(tables.Round, round_id)
        recipe = Recipe.model_validate(found.recipe)
        loaded = group_values.load(db, group_values.group_rows(db, round_id, Split.train))
        seeds = set(db.scalars(select(tables.Sample.seed).where(tables.Sample.round_id == round_id)))
    assert seeds, "the round has no samples to compare with"
    batches = list(group_values.chunks(loaded, recipe.groups_per_batch))
    g, j = recipe.generator.model_dump(), recipe.judge.model_dump()
    started = time.perf_counter()
    with engine_for(found.policy_id) as engine:
        sampling = Sampling(g["temperature"], g["top_p"], g["top_k"], g["max_tokens"], g["n"], 1)
        answered = [engine.complete([group.prompt.messages for group in batch], sampling) for batch in batches]
    with engine_for(found.policy_id) as engine:
        sampling = Sampling(j["temperature"], j["top_p"], 0, j["max_tokens"], j["votes"], 1)
        for batch, answers in zip(batches, answered, strict=True):
            chats = [
                recipe.judge.render(group.prompt.messages, completion.text)  # type: ignore[attr-defined]
                for group, completions in zip(batch, answers, strict=True)
                for completion in completions
            ]
            # Rondo asks a greedy judge once for equal chats; so does this loop, else it would lose unfairly.
            distinct = {chat[0]["content"]: chat for chat in chats}
            engine.complete(list(distinct.values()), sampling)
    return time.perf_counter() - started


def main(num_prompts: int = 600, repeats: int = 3) -> None:
    """Print both in turn and the ratio of the medians."""
    from backend.services import accounts, demo, rounds

    with data_folder():
        actor = accounts.local_owner()
        project_id = demo.create(actor)
        plan = rounds.defaults(actor, project_id)
        through, bare = [], []
        for _ in range(repeats):
            changed = rounds.Plan(**plan.__dict__ | {"num_prompts": num_prompts, "is_reviewed": False})
            round_id = rounds.launch(actor, project_id, changed)
            through.append(run_stage(round_id) + run_stage(round_id))
            bare.append(bare_loop(round_id))
        ratio = statistics.median(bare) / statistics.median(through)
        print(f"generate + judge, {num_prompts} prompts, {repeats} times in turn: through Rondo "
              f"{statistics.median(through):.1f} s, bare loop {statistics.median(bare):.1f} s, throughput ratio {ratio:.3f} "
              "(budget at least 0.97)")  # fmt: skip


if __name__ == "__main__":
    main()
