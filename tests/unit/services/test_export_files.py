"""Rows of a dataset as lines of JSON: exactly what `json` would write, for every type and with every value."""

import json
from math import isfinite
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.row_files import write_jsonl
from backend.services.datasets.export_files import Provenance, columns, shape
from backend.services.datasets.export_rows import ExportRow, RowSide
from backend.values import DatasetType

PROVENANCE = Provenance("sha256:0", 'a"b,%s', {1: (3, "policy %d")})
NUMBERS = st.none() | st.floats()
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
ROLES = st.sampled_from(["system", "user", "assistant"])
MESSAGES = st.lists(st.builds(lambda role, text: {"role": role, "content": text}, ROLES, TEXTS), max_size=3)
SIDES = st.builds(
    RowSide,
    st.none() | st.integers(1),
    TEXTS,
    st.booleans(),
    NUMBERS,
    st.none(),
    st.none() | TEXTS,
    st.sampled_from([None, 1, 2]),
)
ROWS = st.builds(
    ExportRow,
    st.integers(),
    st.integers(),
    TEXTS,
    MESSAGES,
    SIDES,
    SIDES,
    st.sampled_from([None, True, False]),
    st.floats(),
    TEXTS,
    MESSAGES,
)


@pytest.mark.parametrize("is_strict", [False, True])
@pytest.mark.parametrize("type", list(DatasetType))
@given(rows=st.lists(ROWS, max_size=3))
def test_a_line_is_what_json_writes(
    tmp_path_factory: pytest.TempPathFactory, type: DatasetType, is_strict: bool, rows: list[ExportRow]
) -> None:
    named = columns(type, is_strict=is_strict)
    results = [shape(type, None if is_strict else PROVENANCE)(row) for row in rows]
    path = tmp_path_factory.getbasetemp() / "x.jsonl"
    assert write_jsonl(path, iter(results), named) == len(rows)
    objects = [dict(zip(named, map(no_nan, values), strict=True)) for values in results]
    assert path.read_bytes().decode() == "".join(json.dumps(o, ensure_ascii=False) + "\n" for o in objects)


def no_nan(value: Any) -> Any:
    return None if isinstance(value, float) and not isfinite(value) else value


def test_the_columns_say_what_they_hold(tmp_path: Path) -> None:
    good, bad = RowSide(7, "yes", False, 1.0, "accept", "judge", 1), RowSide(8, "no", False, 0.25, "reject", "human", 1)
    row = ExportRow(0, 5, "ff", [{"role": "user", "content": "q?"}], good, bad, None, 0.5, "selected", [], "q-5")
    assert line(tmp_path, row, DatasetType.preference) == {
        "prompt": [{"role": "user", "content": "q?"}],
        "chosen": [{"role": "assistant", "content": "yes"}],
        "rejected": [{"role": "assistant", "content": "no"}],
        "score_chosen": 1.0,
        "score_rejected": 0.25,
        "margin": 0.75,
        "source_chosen": "judge",
        "source_rejected": "human",
        "chosen_sample_id": 7,
        "rejected_sample_id": 8,
        "prompt_id": 5,
        "prompt_external_id": "q-5",
        "origin": "selected",
        "weight": 0.5,
        "round": 3,
        "checkpoint": "policy %d",
        "judge_template": 'a"b,%s',
        "snapshot": "sha256:0",
    }
    alone = row._replace(rejected=None, label=False, chosen=good._replace(round_id=9))
    assert line(tmp_path, alone, DatasetType.unpaired_preference) == {
        "prompt": [{"role": "user", "content": "q?"}],
        "completion": [{"role": "assistant", "content": "yes"}],
        "label": False,
        "score": 1.0,
        "source": "judge",
        "sample_id": 7,
        "prompt_id": 5,
        "prompt_external_id": "q-5",
        "origin": "selected",
        "weight": 0.5,
        "round": None,
        "checkpoint": None,
        "judge_template": 'a"b,%s',
        "snapshot": "sha256:0",
    }


def line(tmp_path: Path, row: ExportRow, type: DatasetType) -> dict[str, Any]:
    path = tmp_path / f"{type}.jsonl"
    write_jsonl(path, iter([shape(type, PROVENANCE)(row)]), columns(type, is_strict=False))
    return json.loads(path.read_text())
