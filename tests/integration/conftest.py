"""Trainings of all tests here are forked from a process that has the libraries loaded: see tests/warm.py."""

import pytest

from tests.warm import checks_here as checks_here  # a fixture of every test
from tests.warm import forked_trainings as forked_trainings  # so is this

# What rounds of several recipes share asserts, too, and tells what it compared.
pytest.register_assert_rewrite("tests.integration.recipes")
