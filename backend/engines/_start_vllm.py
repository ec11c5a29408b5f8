"""Starts vLLM's server in the Python that has it: `python _start_vllm.py OPTIONS`. Needs nothing of Rondo.

Standard input is a pipe. When it closes, whoever keeps this server is dead, and the process group is killed: the
engine core and the workers of vLLM do not end with their parent. The file `device` of the working folder says `cpu` or
`gpu`.
"""

import json
import os
import runpy
import signal
import sys
import threading
from pathlib import Path

SERVER = "vllm.entrypoints.openai.api_server"
"""Not `vllm serve`: its command line looks for a distribution of the name vllm, and the build for CPUs has another."""
ON_CPU = ("--enforce-eager", "--no-enable-chunked-prefill")
"""A prompt with a seed that is computed in pieces ends the engine of 0.32 on a CPU; and compiling takes a minute."""


def watch() -> None:
    try:
        while os.read(0, 1):
            pass
    finally:
        os.killpg(os.getpgrp(), signal.SIGKILL)


def stored(model: str) -> str:
    """The number format that a model folder says its weights have; `auto` where it says none."""
    try:
        config = json.loads((Path(model) / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "auto"
    dtype = str(config.get("dtype") or config.get("torch_dtype")).removeprefix("torch.")
    return dtype if dtype in ("float32", "bfloat16", "float16") else "auto"


def main() -> None:
    threading.Thread(target=watch, daemon=True).start()
    # Not this file's folder, whose modules have names of libraries; what vLLM starts inherits the path.
    sys.path.pop(0)
    from vllm.platforms import current_platform  # type: ignore[import-not-found,unused-ignore]

    options, is_cpu = sys.argv[1:], current_platform.is_cpu()
    Path("device").write_text("cpu" if is_cpu else "gpu", encoding="utf-8")
    if is_cpu:
        options += ON_CPU
    # Rondo's own, the first one: `auto` of vLLM halves what is stored as float32.
    place = options.index("--dtype") + 1 if "--dtype" in options else 0
    if place and options[place] == "auto":
        options[place] = "float32" if is_cpu else stored(options[options.index("--model") + 1])
    sys.argv = [SERVER, *options]
    runpy.run_module(SERVER, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
