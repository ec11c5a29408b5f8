"""Trainings of all tests here are forked from a process that has the libraries loaded: see tests/warm.py."""

from tests.warm import forked_trainings as forked_trainings  # a fixture of every test
