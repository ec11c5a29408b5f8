"""Two rounds of three recipes on SmolLM2: held-out accuracy on sums of reasoning-gym before and after each round.

Each recipe begins with the model of `make real`, and its second round with what its first one made.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.place import data_folder
from tests.bench.recipes_compared import run_round, table

if TYPE_CHECKING:
    from backend.services.access import Actor
    from backend.services.rounds import Plan
    from tests.bench.recipes_on_demo import Entry

TRAINING = {"max_steps": 12, "per_device_train_batch_size": 4, "max_length": 192, "save_steps": 12}
METRICS = [{"name": "held_out_accuracy"}]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2, help="rounds of each recipe")
    parser.add_argument("--prompts", type=int, default=48, help="prompts of a round, four texts each")
    parser.add_argument("--only", nargs="*", default=[], help="names of recipes; all where none is given")
    parser.add_argument("--held-out", type=int, default=96, help="held-out prompts")
    asked = parser.parse_args()
    from backend.services.demo import real_demo
    from backend.services.people import accounts
    from tests.bench.recipes_on_demo import Entry

    entries = (
        Entry("rest_em", "filter and fine-tune the base", "known answers"),
        Entry("rejection_sampling", "filter and fine-tune", "known answers"),
        Entry("self_consistency_preference", "pairs by majority vote", "none"),
    )
    entries = tuple(entry for entry in entries if not asked.only or entry.recipe in asked.only)
    lines = []
    with data_folder() as folder:
        actor = accounts.local_owner()
        project_id = real_demo.create(actor)
        held_out = more_held_out(actor, project_id, folder / "more.jsonl", asked.held_out)
        for entry in entries:
            line: dict[str, Any] = {"recipe": entry.recipe, "seed": 1, "rounds": [], "error": None}
            plan = replace(
                first_plan(actor, project_id, entry), num_prompts=asked.prompts, held_out_set_ids=(held_out,)
            )
            try:
                for number in range(asked.rounds):
                    plan = run_round(actor, project_id, plan, number + 1, line)
            except (Exception, SystemExit) as error:
                line["error"] = f"round {len(line['rounds']) + 1}: {' '.join(str(error).split())}"
            lines.append(line)
            print(json.dumps(line), flush=True)
    print(table(entries, lines, asked.rounds))


def first_plan(actor: "Actor", project_id: int, entry: "Entry") -> "Plan":
    """The plan of a recipe's first round, with what makes it short on this model."""
    from sqlalchemy import select

    from backend import recipes
    from backend.db import reading, tables
    from backend.demo import smollm2
    from backend.services import rounds

    known = smollm2.RECIPES.get(entry.recipe)
    rate = 5e-6 if entry.kind.startswith("pairs") else 2e-5
    changes = known or {"generator": smollm2.RECIPES["rejection_sampling"]["generator"], "groups_per_batch": 8}
    changes = changes | {"metrics": METRICS, "trainer": TRAINING | {"learning_rate": rate}}
    recipe = recipes.get(entry.recipe).with_changes(changes)
    with reading() as db:
        base = db.scalars(select(tables.Checkpoint.id).where(tables.Checkpoint.parent_id.is_(None))).one()
    plan = rounds.defaults(actor, project_id)  # from the newest checkpoint, which another recipe has trained
    return replace(
        plan,
        recipe=recipe.model_dump(mode="json"),
        policy_id=base,
        reference_id=base,
        is_reviewed=False,
        parent_id=None,
    )


def more_held_out(actor: "Actor", project_id: int, file: Path, number: int) -> int:
    """So many sums more that the model is measured on, none of them trained on; the prompt set's id."""
    import reasoning_gym

    from backend.demo import smollm2
    from backend.services import prompts
    from backend.values import Split

    with (smollm2.folder() / "prompts" / "train.jsonl").open(encoding="utf-8") as lines:
        trained = {json.loads(line)["prompt"] for line in lines}
    drawn = reasoning_gym.create_dataset("chain_sum", size=10 * number, seed=7, **smollm2.TASK)
    rows = {row["question"]: row["answer"] for row in drawn if row["question"] not in trained}
    chosen = list(rows.items())[:number]
    text = "".join(json.dumps({"prompt": question, "answer": answer}) + "\n" for question, answer in chosen)
    file.write_text(text, encoding="utf-8")
    return prompts.import_file(actor, project_id, "More sums", file, split=Split.held_out).sets[0].id


if __name__ == "__main__":
    main()
