"""Rondo's loop: rows, parts, stages and what a person can do with them."""

__version__ = "0.2.0"
