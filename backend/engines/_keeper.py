"""Keeps one model server: starts it, ends it when nobody uses it, and lets nothing of it outlive the worker.

A program that needs Python alone, `python _keeper.py FOLDER LIFE`, in a session of its own. The folder holds
`spec.json`, and what tells others how things stand: `keeper` is locked while this runs, `lease` by whoever uses the
server, `stop` asks it to end, `ended.json` says how the server ended by itself. LIFE is the pipe that closes when the
worker dies.
"""

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

LOOK_SECONDS = 0.2
TERMINATE_SECONDS = 5.0
TRIES = 10


def main() -> None:
    folder, life = Path(sys.argv[1]), int(sys.argv[2])
    os.chdir(folder)
    # Held from before whoever started this goes on, and by the process that stays.
    held = lock(folder / "keeper")
    for _ in range(TRIES):  # somebody may be looking whether it is locked
        if held is None:
            time.sleep(LOOK_SECONDS)
            held = lock(folder / "keeper")
    if held is None or os.fork():
        os._exit(0)
    try:
        keep(folder, life)
    finally:
        os.killpg(os.getpgrp(), signal.SIGKILL)  # the server's processes, and this one


def keep(folder: Path, life: int) -> None:
    """Return when the server has ended, or has to."""
    spec = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
    asked = []
    signal.signal(signal.SIGTERM, lambda *_: asked.append(True))
    theirs, ours = os.pipe()  # the server's first process reads it, and kills the group when this process dies
    with (folder / "log.txt").open("wb") as log:
        server = subprocess.Popen(spec["argv"], stdin=theirs, stdout=log, stderr=log, env=spec["environment"])
    os.close(theirs)
    free_since = time.monotonic()
    while True:
        if server.poll() is not None:
            write(folder / "ended.json", {"code": server.returncode})
            return
        if select.select([life], [], [], LOOK_SECONDS)[0]:  # it is never written to: it has closed
            return
        lease = lock(folder / "lease")
        if lease is None:
            free_since = time.monotonic()
        is_idle = lease is not None and time.monotonic() - free_since >= spec["idle_seconds"]
        if is_idle or asked or (folder / "stop").exists():
            # The lease is kept, so that nobody begins to use a server that ends.
            end(server)
            return
        if lease is not None:
            lease.close()
    os.close(ours)


def end(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(TERMINATE_SECONDS)
    except subprocess.TimeoutExpired:
        return


def lock(path: Path) -> IO[bytes] | None:
    """The file, locked by this process alone until it is closed; None where another one has it."""
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def write(path: Path, value: object) -> None:
    """Write JSON whole or not at all."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(value), encoding="utf-8")
    part.replace(path)


if __name__ == "__main__":
    main()
