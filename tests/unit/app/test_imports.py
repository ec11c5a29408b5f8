"""What a process starts with decides how small and quick it is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "transformers", "trl", "datasets", "accelerate", "peft", "vllm")


def modules_after(code: str, tmp_path: Path) -> set[str]:
    environment = os.environ | {"RONDO_DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport json, sys; print(json.dumps(list(sys.modules)))"],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("code", ["import app.web", "from app.web import create_app; create_app()"])
def test_the_web_process_starts_without_the_model_libraries(code: str, tmp_path: Path) -> None:
    assert modules_after(code, tmp_path).isdisjoint(HEAVY)


def test_help_imports_neither_pages_nor_rows(tmp_path: Path) -> None:
    loaded = modules_after("import app.cli.commands", tmp_path)
    assert loaded.isdisjoint((*HEAVY, "gradio", "fastapi", "sqlalchemy", "dbos", "pandas"))
