"""Acts as they come in one call: what cannot be written is set aside with its reason, and holds up no other."""

from collections.abc import Sequence

from backend.errors import Conflict, NotSignedIn, PermissionDenied, RondoError
from backend.services.access import Actor
from backend.services.acts import Act
from backend.services.reviews import Decided, decide_many
from backend.values import DecisionKind


def decide_each(actor: Actor, round_id: int, acts: Sequence[Act | RondoError]) -> list[Decided | RondoError]:
    """What came of each act, in order: what was done, or why it was not written.

    An act that could not even be read comes in as its error. Raises `PermissionDenied` and `NotSignedIn`, which speak
    of all acts.
    """
    readable = [act for act in acts if isinstance(act, Act)]
    if len(readable) == len(acts):
        try:
            return [*decide_many(actor, round_id, readable)]
        except (PermissionDenied, NotSignedIn):
            raise
        except RondoError as error:
            if len(acts) == 1:
                return [error]
    found: list[Decided | RondoError] = []
    for act in acts:
        is_bare_undo = isinstance(act, Act) and act.kind is DecisionKind.retract and not act.retracts
        if is_bare_undo and found and isinstance(found[-1], RondoError):
            # It was meant for the act before it, and would take back another one.
            found.append(Conflict("The decision before this one was not written: there is nothing to take back."))
        else:
            found.append(_alone(actor, round_id, act))
    return found


def _alone(actor: Actor, round_id: int, act: Act | RondoError) -> Decided | RondoError:
    if isinstance(act, RondoError):
        return act
    try:
        return decide_many(actor, round_id, [act])[0]
    except RondoError as error:
        return error
