"""Samples of other tools, with what judges and people said of them, as rounds that wait for review."""
