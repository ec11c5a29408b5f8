"""A model by its name in the hub: registered before it is there, fetched by the process that loads it, then kept."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from backend.config import reread, settings
from backend.services.checkpoints import registration
from tests import rows
from tests.integration.hub import COMMIT, hub
from tests.tiny import make_tiny_model

pytestmark = pytest.mark.usefixtures("database")
REPO = "team/tiny"
# A process of its own, as a job's: huggingface_hub reads its settings once, when it is imported.
LOAD = f"""
import json
from backend.engines.transformers import Transformers
from backend.errors import RondoError
from backend.values import Sampling
try:
    with Transformers(model="{REPO}", dtype="float32") as engine:
        asked = [[{{"role": "user", "content": "3 5 7 = 15"}}]]
        print(json.dumps(engine.complete(asked, Sampling(temperature=0.0, max_tokens=4, n=1, seed=1))[0][0].num_tokens))
except RondoError as error:
    print(json.dumps(error.message))
"""


def load(address: str, home: Path) -> object:
    """What a job's process says of the model."""
    environment = settings().environment() | {"HF_ENDPOINT": address, "HF_HOME": str(home)}
    done = subprocess.run([sys.executable, "-c", LOAD], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_model_is_fetched_by_its_name_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, home = make_tiny_model(tmp_path / "source"), tmp_path / "hub"
    project = rows.make_project()
    actor = rows.make_actor(project)
    monkeypatch.setenv("RONDO_HF_OFFLINE", "false")
    reread()
    assert registration.register(actor, project.id, name="from the hub", location=REPO) > 0
    with hub(REPO, source) as served:
        assert load(served.address, home) in range(1, 5)
        assert ("GET", f"/{REPO}/resolve/{COMMIT}/model.safetensors") in served.asked
        assert all(path.startswith((f"/{REPO}/", f"/api/models/{REPO}")) for _, path in served.asked)
        before = len(served.asked)
        monkeypatch.setenv("RONDO_HF_OFFLINE", "true")
        reread()
        assert load(served.address, home) in range(1, 5)
        assert len(served.asked) == before, "what was fetched once needs no hub"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_name_the_hub_does_not_know_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RONDO_HF_OFFLINE", "false")
    reread()
    with hub("team/another", tmp_path) as served:
        assert "Check the name, or give a local folder." in str(load(served.address, tmp_path / "hub"))
