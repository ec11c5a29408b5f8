"""Where no sandbox can be made it is said why, and how to get one."""

from pathlib import Path

import pytest

from backend import sandbox
from backend.errors import MissingPrerequisite
from backend.sandbox import Call, _seccomp


def test_without_bubblewrap_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingPrerequisite, match=r"not installed.*apt-get install bubblewrap"):
        sandbox.run("def f(x): return x", [Call("f", (1,))])
    bwrap = tmp_path / "bwrap"
    bwrap.write_text("#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1\n")
    bwrap.chmod(0o755)
    with pytest.raises(MissingPrerequisite, match=r"cannot make a sandbox here: bwrap: No permissions.*container"):
        sandbox.check()
    bwrap.write_text("#!/bin/sh\necho ready\n")
    sandbox.check()  # what a person mended is seen without another start


def test_a_machine_whose_calls_are_not_known_gets_no_filter() -> None:
    assert _seccomp.program("riscv64") is None
    for machine in ("x86_64", "aarch64"):
        lines = _seccomp.program(machine) or b""
        assert len(lines) % 8 == 0
        assert len(lines) // 8 < 256, "a jump reaches every line"
