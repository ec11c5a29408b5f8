"""Dynamic Corrective Self-Distillation for Better Fine-Tuning of Pretrained Models: a short round."""

from pathlib import Path

import pytest

from tests.integration.loop import RIGHT, Loop
from tests.integration.test_rounds_filtered import last_content
from tests.integration.test_rounds_scheduled import done, rows_of, short
from tests.integration.test_rounds_scheduled import tiny as tiny  # a fixture


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_corrective_self_distillation_weighs_what_the_former_self_got_wrong(tiny: Path) -> None:
    solver = {
        "name": "scripted",
        "rules": [
            {"pattern": "prompt [ab]", "reply": "#### 0"},
            {"pattern": "prompt c", "reply": "#### 6"},
            {"pattern": "prompt", "reply": "I do not know"},
        ],
    }
    loop = Loop(short("corrective_self_distillation"), solver, tiny)
    first = done(loop, loop.launch())
    _, trained = rows_of(first.id)
    assert {last_content(row, "prompt"): last_content(row, "completion") for row in trained} == RIGHT
    weights = {last_content(row, "prompt")[-1]: row.get("weight", 1.0) for row in trained}
    assert weights == {"a": 2.0, "b": 2.0, "c": 1.0, "d": 1.0, "e": 1.0}
    second = loop.launch(parent_id=first.id, seed=4)
    assert loop.run(second).error is None
    again = {last_content(row, "prompt")[-1]: row.get("weight", 1.0) for row in rows_of(second)[1]}
    assert again == weights | {"a": 4.0, "b": 4.0}
