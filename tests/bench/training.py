"""A training job against the same TRL script written by hand, each as a process of its own."""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.place import data_folder, run_stage

BY_HAND = """
import json, sys
from datasets import load_dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import SFTConfig, SFTTrainer
import torch
torch.set_num_threads(1)
spec = json.load(open(sys.argv[1]))
knobs = {k: v for k, v in spec["trainer"].items() if k in SFTConfig.__dataclass_fields__ and v is not None}
config = SFTConfig(output_dir=sys.argv[2], use_cpu=True, bf16=False, report_to="none", disable_tqdm=True,
                   gradient_checkpointing=False, seed=spec["seed"], **{k: v for k, v in knobs.items()
                   if k not in ("gradient_checkpointing", "bf16")})
trainer = SFTTrainer(
    model=AutoModelForCausalLM.from_pretrained(spec["policy"], dtype="float32"), args=config,
    train_dataset=load_dataset("json", data_files=spec["dataset"], split="train", cache_dir=sys.argv[2] + "/cache"),
    processing_class=AutoTokenizer.from_pretrained(spec["policy"]),
)
trainer.train()
trainer.save_model(sys.argv[2] + "/final")
"""


def main(max_steps: int = 200, repeats: int = 3) -> None:
    """Print both in turn and the ratio of the medians."""
    from backend.db import reading, tables
    from backend.pipeline.train import dataset_of, folder_of
    from backend.services import demo, rounds
    from backend.services.people import accounts

    with data_folder() as folder:
        actor = accounts.local_owner()
        project_id = demo.create(actor)
        plan = rounds.defaults(actor, project_id)
        recipe = plan.recipe | {"trainer": plan.recipe["trainer"] | {"max_steps": max_steps}}
        script = folder / "by_hand.py"
        script.write_text(BY_HAND)
        job, hand = [], []
        for number in range(repeats):
            changes = {"recipe": recipe, "num_prompts": 300, "is_reviewed": False, "parent_id": None}
            round_id = rounds.launch(actor, project_id, rounds.Plan(**plan.__dict__ | changes))
            for _ in range(3):
                run_stage(round_id)
            job.append(run_stage(round_id))
            with reading() as db:
                round_ = db.get_one(tables.Round, round_id)
            spec = folder / folder_of(round_, dataset_of(round_id)) / "spec.json"
            hand.append(by_hand(script, spec, folder / f"hand-{number}"))
        ratio = statistics.median(job) / statistics.median(hand)
        rows = sum(1 for _ in Path(json.loads(spec.read_text())["dataset"]).open())
        print(
            f"training, {max_steps} steps, {rows} rows, {repeats} times in turn: job {statistics.median(job):.1f} s, "
            f"by hand {statistics.median(hand):.1f} s, ratio {ratio:.3f} (budget at most 1.05)"
        )


def by_hand(script: Path, spec: Path, output: Path) -> float:
    """Seconds of the script, from start to exit."""
    started = time.perf_counter()
    subprocess.run([sys.executable, str(script), str(spec), str(output)], check=True, capture_output=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="how often each is timed")
    main(repeats=parser.parse_args().repeats)
