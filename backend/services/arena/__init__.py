"""Blind matches of two checkpoints on held-out prompts.

opening: an arena and its matches; sides: what each person sees, and in which order; voting: the next match and a
person's vote on it; results: shares of wins, and how a judge agrees with people.
"""
