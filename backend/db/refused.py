"""What no database can hold is the sender's to correct: every session says so with `InvalidInput`.

Below all services, so that none of them can forget it: numbers of more than 64 bits, half of an emoji, a NUL
character, a number that is not finite inside of JSON. Here, too, `Conflict` for a prompt set whose name another
transaction gave to one meanwhile: PostgreSQL alone knows of it before that has ended.
"""

import json
import logging
import re
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

from backend import boundary
from backend.errors import Conflict, InvalidInput

log = logging.getLogger("rondo.db")

SET_NAME = "uq_prompt_sets_project_id_name"
"""The constraint that two prompt sets of a project have no name in common; SQLite names its columns instead."""
SET_NAME_ON_SQLITE = "prompt_sets.project_id, prompt_sets.name"
NUL_IN_JSON = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def guard(engine: Engine) -> None:
    """Turn what the driver or the server says of such a value into `InvalidInput`, of such a name into `Conflict`."""

    @event.listens_for(engine, "handle_error")
    def _explain(context: ExceptionContext) -> None:
        error = context.original_exception
        if isinstance(error, InvalidInput):  # of a column's type, which SQLAlchemy would wrap with the statement
            raise error
        if why := reason(error):
            raise InvalidInput(why) from error
        if SET_NAME in str(error) or SET_NAME_ON_SQLITE in str(error):
            raise Conflict(
                "A prompt set of this name came into the project at the same moment, so nothing was written. Do it "
                "again, or choose another name."
            ) from error


def to_json(value: Any) -> str:
    """The JSON of a column; raises `InvalidInput` for what PostgreSQL's jsonb refuses, on SQLite as well."""
    try:
        written = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"This cannot be stored: {error}. Change it.") from error
    if boundary.fault_of(written, len(written)) or NUL_IN_JSON.search(written):
        boundary.plain(value)
    return written


def reason(error: BaseException) -> str | None:
    """Why a driver or server did not take a value, as a sentence for who sent it; None for any other error."""
    if isinstance(error, OverflowError):
        return "A number here has more than 64 bits, and nothing has such a number. Type a smaller one."
    if isinstance(error, UnicodeEncodeError):
        half = error.object[error.start : error.start + 1]
        return f"A text here {boundary.fault_of(half)}."
    if type(error).__module__.startswith("psycopg") and _is_data_error(error):
        first = str(error).splitlines()[0]
        log.warning("The database refused a value: %s", first)
        return f"A value here cannot be stored ({first}). Change it."
    return None


def _is_data_error(error: BaseException) -> bool:
    return any(kind.__name__ == "DataError" for kind in type(error).__mro__)
