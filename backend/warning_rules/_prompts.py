"""What the texts of a prompt have in common, whichever of the round's groups they stand in."""

from backend.metrics import Evidence
from backend.values import Verdict


def accepted_of(round_: Evidence) -> dict[int, int]:
    """Return of each prompt with a verdict by the judge how many of its texts the judge accepts."""
    by_prompt = dict[int, int]()
    for group in round_.round_groups:
        verdicts = [round_.machine.get(sample.id, (None, None))[1] for sample in group.samples]
        if any(verdict is not None for verdict in verdicts):
            by_prompt[group.prompt.id] = by_prompt.get(group.prompt.id, 0) + verdicts.count(Verdict.accept)
    return by_prompt
