"""Which model folders the engine opens, and what it says of those it does not."""

import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from backend.config import reread
from backend.engines import Engine
from backend.engines.transformers import Transformers
from backend.errors import InvalidInput, MissingPrerequisite


def test_relative_folders_lie_in_the_data_folder(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RONDO_DATA_DIR", str(folder.parent))
    reread()
    try:
        with Engine.load({"name": "transformers", "model": "tiny"}) as opened:
            assert opened.context_length == 64
    finally:
        reread()


def copy(folder: Path, target: Path, **changes: Any) -> Path:
    shutil.copytree(folder, target)
    config = json.loads((target / "config.json").read_text())
    (target / "config.json").write_text(json.dumps(config | changes))
    return target


def truncate(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])


def pickle_only(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def lose_a_shard(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    index = {"weight_map": {"lm_head.weight": "model-00001-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def no_tokenizer(folder: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()


def break_header(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", 20) + b"{" * 20)


def lose_a_tensor(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    save_file({name: value for name, value in tensors.items() if "layers.1." not in name}, folder / "model.safetensors")


BROKEN = [
    (lambda folder: (folder / "config.json").unlink(), "has no config.json"),
    (lambda folder: (folder / "config.json").write_text('{"model_'), "cannot be read"),
    (no_tokenizer, "has no tokenizer"),
    (lambda folder: (folder / "model.safetensors").unlink(), "has no model.safetensors. It is half-written"),
    (pickle_only, "pickled weights only"),
    (truncate, "missing or cut off"),
    (break_header, "missing or cut off"),
    (lose_a_shard, "model-00001-of-00002.safetensors are missing"),
    (lose_a_tensor, r"lacks \d+ tensors, e.g. model.layers.1"),
    (lambda folder: (folder / "chat_template.jinja").unlink(), "has no chat template"),
]


@pytest.mark.parametrize(("damage", "message"), BROKEN, ids=[message for _, message in BROKEN])
def test_a_broken_folder_is_refused_in_words(folder: Path, tmp_path: Path, damage: Any, message: str):
    broken = copy(folder, tmp_path / "broken")
    damage(broken)
    with pytest.raises(InvalidInput, match=message), Transformers(model=str(broken)):
        pass


def test_code_of_the_models_own_is_not_run(folder: Path, tmp_path: Path):
    mark = tmp_path / "ran"
    auto = {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"}
    hostile = copy(folder, tmp_path / "hostile", model_type="own_kind", auto_map=auto)
    (hostile / "own.py").write_text(f"open({str(mark)!r}, 'w')\n")
    with pytest.raises(InvalidInput, match="wants to run code of its own"), Transformers(model=str(hostile)):
        pass
    assert not mark.exists()


def test_an_unknown_architecture_asks_for_an_upgrade(folder: Path, tmp_path: Path):
    strange = copy(folder, tmp_path / "strange", model_type="from_the_future")
    with pytest.raises(MissingPrerequisite, match="Upgrade transformers"), Transformers(model=str(strange)):
        pass


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        ("/nowhere/at/all", InvalidInput, "There is no model folder /nowhere/at/all"),
        ("checkpoints/12/final", InvalidInput, "There is no model folder .*checkpoints/12/final"),
        ("nobody/no-such-model", MissingPrerequisite, "RONDO_HF_OFFLINE=false"),
    ],
)
def test_a_missing_model_is_named(model: str, error: type[Exception], message: str):
    with pytest.raises(error, match=message), Transformers(model=model):
        pass


def test_a_missing_gpu_is_named(folder: Path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(MissingPrerequisite, match="sees no GPU"), Transformers(model=str(folder), device="cuda:0"):
        pass


def test_the_part_is_known_without_torch():
    script = "import sys; from backend.registry import import_all; import_all(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[3])


def test_says_how_to_install_when_torch_is_missing(folder: Path):
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "from backend.engines.transformers import Transformers\n"
        f"Transformers(model={str(folder)!r}).__enter__()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3]
    )
    assert "pip install 'rondo[local]'" in done.stderr
