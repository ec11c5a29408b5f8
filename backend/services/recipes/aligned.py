"""Which step of a list stands for which one of another."""

from difflib import SequenceMatcher

Key = tuple[str, str]
"""The kind and the name of a step's part."""


def aligned(before: list[Key], after: list[Key]) -> tuple[dict[int, int], dict[int, int], list[int]]:
    """Of each step that stayed its place before; of each that replaced one of its kind that one's; what is gone.

    What is in neither was added.
    """
    stayed: dict[int, int] = {}
    replaced: dict[int, int] = {}
    gone: list[int] = []
    for tag, i, until, j, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            stayed |= {j + n: i + n for n in range(end - j)}
            continue
        left = list(range(i, until))
        for n in range(j, end):
            at = next((place for place in left if before[place][0] == after[n][0]), None)
            if at is not None:
                replaced[n] = at
                left.remove(at)
        gone += left
    return stayed, replaced, gone
