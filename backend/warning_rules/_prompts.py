"""What the texts of a prompt have in common, whichever of the round's groups they stand in."""

from backend.metrics import Evidence
from backend.values import Verdict


def accepted_of(round_: Evidence) -> dict[int, int]:
    """Return of each prompt with a verdict by the judge how many of its texts the judge accepts."""
    found = dict[int, int]()
    for group in round_.round_groups:
        said = [round_.machine.get(one.id, (None, None))[1] for one in group.samples]
        if any(one is not None for one in said):
            found[group.prompt.id] = found.get(group.prompt.id, 0) + said.count(Verdict.accept)
    return found
