"""Which step of a list stands for which one of another."""

from difflib import SequenceMatcher

Key = tuple[str, str]
"""The kind and the name of a step's part."""


def aligned(before: list[Key], after: list[Key]) -> tuple[dict[int, int], dict[int, str], list[int]]:
    """Of each step that stayed its place before; what became of the others; places before that are gone."""
    pairs: dict[int, int] = {}
    states: dict[int, str] = {}
    gone: list[int] = []
    for tag, i, until, j, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            pairs |= {j + n: i + n for n in range(end - j)}
            continue
        of_kind = {kind: n for n, (kind, _) in enumerate(before[i:until], i)}
        for n in range(j, end):
            states[n] = "replaced" if of_kind.pop(after[n][0], None) is not None else "added"
        gone += sorted(of_kind.values())
    return pairs, states, gone
