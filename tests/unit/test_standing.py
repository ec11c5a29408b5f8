"""Which decisions stand is spelled in one place."""

import re
from pathlib import Path

BACKEND = Path(__file__).parents[2] / "backend"
JOINED = re.compile(r"retracts_id\s*==|\.not_in\(\s*retraction|retracts_id\.in_")


def test_only_one_file_joins_decisions_with_what_took_them_back() -> None:
    """But for two questions about retractions themselves: was this one taken back just now, and by which batch."""
    texts = {str(path.relative_to(BACKEND)) for path in BACKEND.rglob("*.py") if JOINED.search(path.read_text())}
    assert texts == {
        "db/standing.py",
        "services/decisions/rows.py",
        "services/samples/detail.py",
        "services/team/removals.py",
    }
