"""What is told of the machine that made a dataset or a checkpoint."""

import json
import subprocess
import sys
from pathlib import Path

from backend import machine


def test_an_nvidia_machine_is_read_from_what_its_driver_says(tmp_path: Path) -> None:
    (tmp_path / "version").write_text(
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.133.20  Release Build  (dvs-builder@U22)\n"
        "GCC version:  gcc version 12.3.0\n"
    )
    for place, name in (("0000:01:00.0", "NVIDIA H200"), ("0000:02:00.0", "NVIDIA H200")):
        folder = tmp_path / "gpus" / place
        folder.mkdir(parents=True)
        (folder / "information").write_text(f"Model: \t\t {name}\nIRQ:   \t\t 45\nGPU UUID: \t GPU-1234\n")
    assert machine.gpus(tmp_path) == ["NVIDIA H200", "NVIDIA H200"]
    for visible, number in (("1", 1), ("GPU-1234", 1), ("1,0", 2), ("0,9,1", 1), ("", 0), ("-1", 0)):
        assert machine.gpus(tmp_path, visible) == ["NVIDIA H200"] * number
    assert machine.driver(tmp_path) == "570.133.20"
    assert (machine.gpus(tmp_path / "none"), machine.driver(tmp_path / "none")) == ([], "")
    told = dict(machine.facts({"gpus": machine.gpus(tmp_path), "driver": "570.133.20", "cuda": "12.8", "cpus": 16}))
    assert told == {"processor": "16 CPUs", "GPU": "2 × NVIDIA H200, driver 570.133.20", "CUDA": "12.8"}


def test_a_checkout_says_its_commit_and_whether_it_was_changed(tmp_path: Path) -> None:
    assert machine.commit(tmp_path) == ""

    def git(*words: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    assert machine.commit(tmp_path) == "", "a checkout without a commit has none"
    (tmp_path / "file").write_text("one")
    git("add", "file")
    git("commit", "-qm", "first")
    clean = machine.commit(tmp_path)
    (tmp_path / "file").write_text("two")
    assert (len(clean), machine.commit(tmp_path)) == (12, f"{clean}+")


def test_what_this_machine_is_can_be_stored_and_loads_no_torch() -> None:
    program = "import sys, json; from backend import machine; print(json.dumps([machine.described(), 'torch' in sys.modules]))"
    printed = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    told, has_torch = json.loads(printed)
    assert (told["python"], has_torch) == (".".join(map(str, sys.version_info[:3])), False)
    assert all(told[name] for name in ("platform", "processor", "cpus", "rondo"))
    assert {"Python", "platform", "processor", "Rondo"} <= {name for name, _ in machine.facts(told)}
