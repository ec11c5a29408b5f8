"""Tests of the parts for verifiers, with the package itself: `make test-verifiers` installs it and runs them."""

import importlib.util

from tests.verifiers.sums import install as install  # a fixture

collect_ignore_glob = [] if importlib.util.find_spec("verifiers") else ["test_*.py"]
