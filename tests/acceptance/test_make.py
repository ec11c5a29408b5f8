"""The README's first command as a person gives it, and what it says where it cannot begin."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.waiting import until

ROOT = Path(__file__).parents[2]


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_make_demo_prints_an_address_that_answers_and_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    if not (Path(sys.prefix) / ".base").exists():
        if os.environ.get("CI"):
            pytest.fail("This environment was not made by make, and under CI nothing is skipped. Run `make test`.")
        pytest.skip("This environment was not made by make; `make test` runs this one.")
    environment = os.environ | {"RONDO_DATA_DIR": str(tmp_path / "data"), "RONDO_DATABASE_URL": "", "RONDO_PORT": "0"}
    process = subprocess.Popen(
        ["make", "demo", f"VENV={sys.prefix}"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    replies = []
    assert process.stdout is not None
    try:
        for line in process.stdout:
            replies.append(line)
            if match := re.search(r"http://127\.0\.0\.1:\d+", line):
                assert httpx.get(f"{match[0]}/healthz", timeout=120).text == "ok"
                break
        else:
            pytest.fail("".join(replies))
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(120)
        process.stdout.close()
    until(lambda: not is_there(process.pid), "its end")


def is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_make_says_what_is_missing_before_it_begins(tmp_path: Path) -> None:
    done = make("check-python", "PYTHON=no-such-python")
    assert done.returncode != 0
    assert "There is no no-such-python. Install Python 3.11 or newer" in done.stdout
    old = tmp_path / "python"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo "Python 3.8.1" && exit 0\nexit 1\n')
    old.chmod(0o755)
    done = make("check-python", f"PYTHON={old}")
    assert done.returncode != 0
    assert "is Python 3.8.1, but Rondo needs Python 3.11 to 3.13" in done.stdout
