"""`rondo`: the same services as the pages, for terminals and programs. Imports are inside: `--help` must be quick."""

import json
import re
import sys

MINIMUM = (3, 11)
PAGE = re.compile(r"Reload the page[^.]*\.")
"""The way out that refusals name on a page."""
AGAIN = "Look at what there is now: `rondo round status`, or of samples `rondo round queue`."
"""The same in a shell."""


def main() -> None:
    """Run the command line; what a person can correct is one line on stderr."""
    if sys.version_info < MINIMUM:
        sys.exit(f"Rondo needs Python {'.'.join(map(str, MINIMUM))} or newer; this is {sys.version.split()[0]}.")
    from app.cli.commands import app
    from backend.errors import RondoError

    try:
        app()
    except RondoError as error:
        message = PAGE.sub(AGAIN, error.message)
        if "--json" in sys.argv:
            print(json.dumps({"error": {"type": type(error).__name__, "message": message}}, ensure_ascii=False))
        sys.exit(message)
    finally:
        if "backend.db" in sys.modules:
            # Whoever closes SQLite's file last writes its log into it: what is copied then is whole.
            from backend.db import dispose

            dispose()
