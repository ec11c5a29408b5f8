"""Every error a person may see, each with subject, reason and way out.

* RondoError               its message is for the user and shown as it is
  - NotFound               no such row
  - Conflict               the row exists, but its state forbids this
    . LabelsFrozen         the round's review is over: training reads its labels
    . Stale                somebody changed it since it was read; shows both, and carries the version it has now
  - InvalidInput           what was typed or uploaded cannot be used
    . UnknownPart          no part of that name; names the known ones
  - PermissionDenied       the role does not allow it
  - NotSignedIn            nobody is signed in
  - TooManyAttempts        throttled; says when to try again
  - Busy                   the database did not get round to it; the same again works
  - MissingPrerequisite    a package, key, file or device is absent; says how to get it
    . DatabaseLost         the database's file was deleted or replaced; nothing can be saved until it is put back
  - EngineError            a server or library failed; retryable
    . PromptError          one prompt cannot be served, others can
    . ContextOverflow      a prompt error: it does not fit; not retryable
  - JudgeError             too many replies without a verdict; carries three of them
  - EmptySelection         nothing passed; carries the counts
  - TrainerError           the training process exited badly; carries its last lines
  - Cancelled              a person stopped the job
"""

from collections.abc import Sequence
from typing import ClassVar


class RondoError(Exception):
    """An error whose message is written for the person who reads it.

    `is_final`: the same job would fail in the same way, so trying it again is not offered.
    `retry_after`: seconds after which the same may work; None where it will not by itself.
    """

    is_final: ClassVar[bool] = False
    retry_after: int | None = None

    def __init__(self, message: str | None = None, *, retry_after: int | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip())
        self.retry_after = retry_after if retry_after is not None else type(self).retry_after

    @property
    def message(self) -> str:
        return written_out(str(self.args[0]))


def written_out(text: str) -> str:
    """A text that may quote what somebody sent, as an answer can hold it: half of an emoji is spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()


class NotFound(RondoError):
    """There is no such row."""


class Conflict(RondoError):
    """The row exists, but its state forbids this."""


class LabelsFrozen(Conflict):
    """The labels of this round are frozen with what training reads. Decide in a round that is in review."""


class Stale(Conflict):
    """Somebody changed it since you read it. Read it again."""

    def __init__(self, message: str | None = None, *, version: int = 0) -> None:
        super().__init__(message)
        self.version = version


class InvalidInput(RondoError):
    """What was given cannot be used.

    `field`: the name of the field that was refused, where the message does not begin with it.
    """

    is_final = True

    def __init__(self, message: str | None = None, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class UnreadableRecipe(InvalidInput):
    """A stored recipe names a part that is not there any more, or knobs that the part does not take now."""


class UnknownPart(InvalidInput):
    """There is no part of that name."""

    def __init__(self, *, kind: str, name: object, known: list[str], left_out: Sequence[str] = ()) -> None:
        self.name = str(name)
        message = f"There is no {kind} named {name!r}. Known: {', '.join(known) or 'none'}."
        super().__init__(" ".join((message, *left_out)))


class PermissionDenied(RondoError):
    """Your role in this project does not allow this. Ask a project admin."""


class NotSignedIn(RondoError):
    """You are not signed in. Sign in and try again."""


class TooManyAttempts(RondoError):
    """Too many attempts. Wait a minute and try again."""


class Busy(RondoError):
    """The database is busy and did not take this. Nothing of it was saved: try again in a few seconds."""

    retry_after = 2


class MissingPrerequisite(RondoError):
    """A package, key, file or device that this needs is absent."""


class DatabaseLost(MissingPrerequisite):
    """The database file is gone, and nothing can be saved. Ask whoever runs this installation to put it back."""

    retry_after = 30


class EngineError(RondoError):
    """A model server or library failed. Trying again may help."""


class PromptError(EngineError):
    """One prompt cannot be served. The others go on."""

    kind = "refused"

    def __init__(self, message: str | None = None, *, kind: str = "", position: int | None = None) -> None:
        super().__init__(message)
        self.kind = kind or self.kind  # a word of values.FailureKind
        self.position = position  # of the prompt in the call, from 0


class ContextOverflow(PromptError):
    """The prompt does not fit into the model's context. Shorten it or choose another model."""

    is_final = True
    kind = "context"


class JudgeError(RondoError):
    """Too many judge replies had no verdict."""

    is_final = True


class EmptySelection(RondoError):
    """Nothing passed the selector."""

    is_final = True


class TrainerError(RondoError):
    """The training process exited badly."""


class Cancelled(RondoError):
    """The job was cancelled."""
