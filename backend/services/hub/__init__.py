"""Pushing to the model hub: checkpoints and frozen datasets, with their cards, by a worker.

Only an owner of the installation may: it is done with the installation's own token. What is pushed lies in one commit,
so a repository holds all of it or nothing.
"""
