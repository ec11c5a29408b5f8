"""What checkpoints answered to held-out prompts, and two rounds beside each other.

measured: which checkpoints were measured, and where each was right; listing and filtering: pages of prompts; answers:
one prompt with the texts of several checkpoints; words: a text as changes of another; differences: a difference with
its interval; compared: two rounds; knobs: what was asked for differently; baseline: what rounds are compared with.
"""
