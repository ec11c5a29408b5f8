"""Whether an error says that the database server was away for a moment, or that a statement was wrong."""

from sqlalchemy.exc import DBAPIError, OperationalError

SHUT_DOWN = ("57P01", "57P02", "57P03")
"""PostgreSQL's codes of a server that ends, crashed, or is only starting."""
CONNECTION = "08"
"""The class of its codes for a connection that failed."""


def is_away(error: BaseException | None) -> bool:
    """True of a connection that was refused, or ended by the other side; of PostgreSQL only. It may be back soon.

    Also where another error came of it.
    """
    while error is not None:
        if isinstance(error, DBAPIError) and _says_so(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _says_so(error: DBAPIError) -> bool:
    if error.orig is None or not type(error.orig).__module__.startswith("psycopg"):
        return False
    code = getattr(error.orig, "sqlstate", None)
    if code is None:  # nothing was said by the server: it was not reached, or is gone
        return error.connection_invalidated or isinstance(error, OperationalError)
    return code in SHUT_DOWN or code.startswith(CONNECTION)
