"""Trainings of all tests here are forked from a process that has the libraries loaded: see tests/warm.py."""

from tests.warm import checks_here as checks_here  # a fixture of every test
from tests.warm import forked_trainings as forked_trainings  # so is this
