"""Acts as they come in one call: what cannot be written is set aside with its reason, and holds up no other."""

from collections.abc import Sequence

from backend.errors import Conflict, MissingPrerequisite, NotSignedIn, PermissionDenied, RondoError
from backend.services.access import Actor
from backend.services.decisions.acts import Act
from backend.services.reviews import Outcome, decide_many
from backend.values import DecisionKind

OF_ALL = (NotSignedIn, MissingPrerequisite)
"""What speaks of no single act: nobody is signed in, or the database's file is gone. Later the same acts may pass."""


def decide_each(actor: Actor, round_id: int, acts: Sequence[Act | RondoError]) -> list[Outcome | RondoError]:
    """What came of each act, in order: what was done, or why it was not written.

    An act that could not even be read comes in as its error. Raises `PermissionDenied`, `NotSignedIn` and
    `MissingPrerequisite`, which speak of all acts.
    """
    readable = [act for act in acts if isinstance(act, Act)]
    if len(readable) == len(acts):
        try:
            return [*decide_many(actor, round_id, readable)]
        except (PermissionDenied, *OF_ALL):
            raise
        except RondoError as error:
            if len(acts) == 1:
                return [error]
    found: list[Outcome | RondoError] = []
    standing: list[tuple[str, bool]] = []
    """The acts that no undo took back yet, with whether they were written: an undo is for the last of them."""
    for act in acts:
        is_undo = isinstance(act, Act) and act.kind is DecisionKind.retract
        if is_undo and isinstance(act, Act) and act.retracts:
            standing = [one for one in standing if one[0] != act.retracts]
        elif is_undo and standing and not standing.pop()[1]:
            # It would take back another one.
            found.append(Conflict("The decision that this takes back was not written: there is nothing to take back."))
            continue
        found.append(_alone(actor, round_id, act))
        if not is_undo:
            client_id = act.client_id if isinstance(act, Act) else ""
            standing.append((client_id, isinstance(found[-1], Outcome)))
    return found


def _alone(actor: Actor, round_id: int, act: Act | RondoError) -> Outcome | RondoError:
    if isinstance(act, RondoError):
        return act
    try:
        return decide_many(actor, round_id, [act])[0]
    except OF_ALL:
        raise
    except RondoError as error:
        return error
