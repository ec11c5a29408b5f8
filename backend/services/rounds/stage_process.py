"""Where `backend.services.stage_process` was: a worker that was started before an upgrade starts its jobs by this name."""

import runpy

if __name__ == "__main__":
    runpy.run_module("backend.services.stage_process", run_name="__main__", alter_sys=True)
