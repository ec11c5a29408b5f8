"""The former name of `backend.services.stage_process`, by which a worker of before an upgrade starts its jobs."""

import runpy

if __name__ == "__main__":
    runpy.run_module("backend.services.stage_process", run_name="__main__", alter_sys=True)
