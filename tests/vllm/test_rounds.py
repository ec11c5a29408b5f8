"""A whole round of the demo's model by a real vLLM server: sampled, judged, trained to an adapter, measured with it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

import backend.demo
from backend.config import reread
from backend.db import reading, tables
from backend.engines import _server_folders
from backend.values import RoundStatus, Split
from tests.integration.loop import RIGHT, Loop
from tests.rows import make_prompt_set
from tests.served_round import recipe
from tests.vllm_server import stop_servers

pytestmark = pytest.mark.on_sqlite
MODEL = Path(backend.demo.__file__).parent / "model"


@pytest.fixture
def served(database: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("RONDO_VLLM_PYTHON", os.environ["TEST_VLLM_PYTHON"])
    reread()
    yield
    stop_servers()


def test_a_round_goes_through_one_server(served: None) -> None:
    loop = Loop(recipe(), {"name": "transformers", "model": str(MODEL)}, MODEL)
    held_out = make_prompt_set(loop.project, prompts=["3 5 7 = 38"], answers=["3+5*7"], split=Split.held_out)
    ended = loop.run(loop.launch(engine="vllm", held_out_set_ids=(held_out.id,)), trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    with reading() as db:
        of_round = tables.Sample.round_id == ended.id
        split = db.scalar(select(func.count()).where(of_round, tables.Sample.split == Split.train))
        measured = set(db.scalars(select(tables.Metric.checkpoint_id).where(tables.Metric.round_id == ended.id)))
    assert split == 4 * len(RIGHT)
    assert {ended.policy_id, ended.checkpoint_id} <= measured
    assert len([*_server_folders.home().parent.glob("*/*/spec.json")]) == 1
