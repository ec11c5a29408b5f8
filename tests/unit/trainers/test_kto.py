import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from backend.trainers import TrainSpec
from backend.trainers._rows import read
from backend.trainers.kto import KTO


def test_rows_are_shuffled_by_the_seed(tmp_path: Path):
    rows = [{"prompt": [], "completion": [], "label": i < 20, "id": i} for i in range(40)]
    (tmp_path / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    spec = TrainSpec(KTO().dump(), str(tmp_path / "data.jsonl"), "unpaired_preference", "m", None, "out", 1)
    labels = [[row.columns["label"] for row in read(KTO(), spec)] for _ in range(2)]
    assert labels[0] == labels[1] != [row["label"] for row in rows]
    assert sum(labels[0]) == 20


def test_needs_neighbours_to_estimate_the_divergence():
    with pytest.raises(ValidationError, match="greater than or equal to 2"):
        KTO(per_device_train_batch_size=1)
