"""Diving into Self-Evolving Training for Multimodal Reasoning (M-STaR): a short round."""

from pathlib import Path

import pytest

from backend.config import settings
from backend.db import reading, tables
from backend.errors import InvalidInput
from backend.trainers.sft import SFT
from backend.values import Verdict
from tests.integration.loop import RIGHT, Loop, rows_of_round
from tests.integration.test_rounds_filtered import last_content
from tests.integration.test_rounds_scheduled import ONE_STEP, done, rows_of, short
from tests.integration.test_rounds_scheduled import tiny as tiny  # a fixture
from tests.integration.trainers.training import train
from tests.rows import make_checkpoint


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_multimodal_self_evolving_goes_on_with_the_optimizers_state(tiny: Path) -> None:
    pilot = {"prompts": 2, "n": 4, "temperatures": (0.7, 1.1)}
    recipe = short("multimodal_self_evolving", keep=("balance_score",), generator={"n": 6}).with_changes(
        {"schedule": pilot}
    )
    texts = tuple(f"{way}\n#### {answer}" for way in ("so", "well then", "hm") for answer in (4, 5, 6, 7, 8))
    loop = Loop(recipe, {"name": "scripted", "rules": [{"pattern": "prompt", "reply": texts}]}, tiny)
    ratings = [{"pattern": "well then", "number": 2.0}, {"pattern": "", "number": 0.0}]
    scorer = make_checkpoint(loop.project, "table", engine={"name": "scripted", "ratings": ratings})
    first = done(loop, loop.launch(roles={"scorer": scorer.id}))
    assert len(first.tuned["trials"]) == 2
    (rows,) = rows_of(first.id)
    assert all(last_content(row, "completion").endswith(f" {RIGHT[last_content(row, 'prompt')]}") for row in rows)
    for row in (
        text
        for text in rows_of_round(first.id)["texts"]
        if text[9] is Verdict.accept and text[7].startswith("well then")
    ):
        assert row[7] in {last_content(record, "completion") for record in rows}, "what the scorer puts first is kept"
    with reading() as db:
        final = settings().folder / db.get_one(tables.Checkpoint, first.checkpoint_id).location
    import torch

    def steps(folder: Path) -> set[float]:
        result = torch.load(folder / "optimizer.pt", weights_only=True)
        return {float(entry["step"]) for entry in result.values()}

    assert steps(final) == {1.0}
    knobs = ONE_STEP | {"continue_optimizer": True, "lr_scheduler_type": "constant"}
    assert steps(train(SFT(**knobs), final, settings().folder / "again")) == {2.0}
    assert not (train(SFT(**ONE_STEP), final, settings().folder / "anew") / "optimizer.pt").exists()
    with pytest.raises(InvalidInput, match="is of other weights"):
        train(SFT(**knobs, lora=True), final, settings().folder / "other")
