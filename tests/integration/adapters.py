"""Real adapters on the tiny model: their weights are random, so that they change what it says."""

from pathlib import Path

from backend.config import settings
from backend.db import tables
from tests import rows
from tests.tiny import make_tiny_model

MODEL = "models/tiny"


def make_lora(folder: Path, base: Path, *, is_scorer: bool = False) -> Path:
    """Write a LoRA adapter on a model into a folder and return it."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

    auto = AutoModelForSequenceClassification if is_scorer else AutoModelForCausalLM
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = auto.from_pretrained(base, **({"num_labels": 1} if is_scorer else {}))
        task = "SEQ_CLS" if is_scorer else "CAUSAL_LM"
        lora = get_peft_model(model, LoraConfig(task_type=task, r=2, target_modules=["q_proj", "v_proj"]))
        for name, weight in lora.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=0.3)
    lora.save_pretrained(folder)
    return folder


def make_adapter_checkpoint(project: tables.Project, *, is_scorer: bool = False) -> tables.Checkpoint:
    """The tiny model and an adapter on it in the data folder, and a checkpoint of each; returns the adapter's."""
    home = settings().folder
    base = make_tiny_model(home / MODEL)
    make_lora(home / "models/lora", base, is_scorer=is_scorer)
    engine = {"name": "transformers", "model": MODEL, "adapter": None}
    below = rows.make_checkpoint(project, "tiny", location=MODEL, engine=engine)
    adapted = engine | {"adapter": "models/lora"} | ({"head": "score"} if is_scorer else {})
    return rows.make_checkpoint(
        project,
        "lora",
        parent=below,
        kind="scorer" if is_scorer else "adapter",
        role="reward" if is_scorer else "policy",
        location="models/lora",
        engine=adapted,
    )
