"""The command that starts a sandbox, and whether this machine can."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from backend.errors import MissingPrerequisite
from backend.sandbox import _seccomp

SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")
"""What the interpreter's shared libraries are; nothing of a person lies there."""
FOLDER = Path(__file__).parent
NOBODY = "65534"
TEMPORARY_BYTES = 16 * 2**20
WAY_OUT = (
    "Programs that a model wrote run in a sandbox or not at all. Install bubblewrap on the machine whose worker runs "
    "them (Debian, Ubuntu: `apt-get install bubblewrap`), where users may create namespaces. In a container allow them "
    "(see docs), or choose a recipe that runs no programs."
)


def check() -> None:
    """Raise `MissingPrerequisite` with the reason where no sandbox can be started here."""
    bwrap = shutil.which("bwrap") or ""
    if bwrap in _started:
        return
    if reason := _problem(bwrap):
        raise MissingPrerequisite(f"{reason} {WAY_OUT}")
    _started.add(bwrap)


_started: set[str] = set()
"""The commands that have started a sandbox. What went wrong is tried again: people mend it while this process runs."""


def _problem(bwrap: str) -> str:
    """Why no sandbox can be started; empty where one was."""
    if not bwrap:
        return "bubblewrap (the command bwrap) is not installed."
    if _seccomp.program() is None:
        return f"The sandbox knows no system calls of {os.uname().machine}, only of x86_64 and aarch64."
    with filtered() as descriptor:
        line = command(bwrap, descriptor, inside=("-c", "print('ready')"))
        try:
            done = subprocess.run(
                line,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                pass_fds=(descriptor,),
                env=environment(0),
                timeout=60,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"bubblewrap cannot be run: {error}."
    if done.returncode == 0 and done.stdout.strip() == b"ready":
        return ""
    reason = done.stderr.decode(errors="replace").strip()[-300:] or f"it ended with {done.returncode}"
    return f"bubblewrap cannot make a sandbox here: {reason}."


class filtered:
    """A descriptor from which bubblewrap reads the seccomp filter."""

    def __enter__(self) -> int:
        self.end, start = os.pipe()
        os.write(start, _seccomp.program() or b"")
        os.close(start)
        return self.end

    def __exit__(self, *_: object) -> None:
        os.close(self.end)


def environment(hash_seed: int) -> dict[str, str]:
    """All that a program sees of the environment."""
    return {"PATH": "", "LANG": "C.UTF-8", "PYTHONHASHSEED": str(hash_seed)}


def command(bwrap: str, filter_descriptor: int, inside: tuple[str, ...] = ("/box/_inside.py",)) -> list[str]:
    """The command line: a namespace of each kind, nobody's rights, the standard library to read, 16 MB to write."""
    interpreter = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    folders = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
    folders = {path.replace(sys.prefix, sys.base_prefix, 1) for path in folders}
    libraries = Path(str(sysconfig.get_config_var("LIBDIR") or "/nowhere")).glob("libpython*.so*")
    read = [*SYSTEM, *sorted(folders), *sorted(map(str, libraries)), interpreter]
    return [
        bwrap,
        "--unshare-user",
        "--unshare-ipc",
        "--unshare-pid",
        "--unshare-net",
        "--unshare-uts",
        "--unshare-cgroup-try",
        "--uid",
        NOBODY,
        "--gid",
        NOBODY,
        "--hostname",
        "sandbox",
        "--die-with-parent",
        "--new-session",
        "--cap-drop",
        "ALL",
        *(word for path in read for word in ("--ro-bind-try", path, path)),
        "--dev-bind",
        "/dev/null",
        "/dev/null",
        "--size",
        str(TEMPORARY_BYTES),
        "--tmpfs",
        "/tmp",
        *(word for name in ("_inside.py", "_wire.py") for word in ("--ro-bind", str(FOLDER / name), f"/box/{name}")),
        "--remount-ro",
        "/",
        "--chdir",
        "/tmp",
        "--seccomp",
        str(filter_descriptor),
        "--",
        interpreter,
        "-s",
        "-S",
        "-B",
        *inside,
    ]
