"""Stands for vLLM in tests: a server in a process of its own with the part of its interface that Rondo uses."""
