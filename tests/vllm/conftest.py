"""Tests with vLLM itself: `make test-vllm` installs its build for CPUs into an environment of its own and runs them.

They need a Python that has vLLM, named by TEST_VLLM_PYTHON; where none is named, only that is left out, and
`tests/unit/engines/test_vllm.py` asks a process that stands for it.
"""

import os

collect_ignore_glob = [] if os.environ.get("TEST_VLLM_PYTHON") else ["test_*.py"]
