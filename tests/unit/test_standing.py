"""Which decisions stand is spelled in one place."""

import re
from pathlib import Path

BACKEND = Path(__file__).parents[2] / "backend"
HANDED_OUT = re.compile(r"\bretraction_of\b")
JOINED = re.compile(r"retracts_id\s*==|\.not_in\(\s*retraction|retracts_id\.in_")


def test_only_one_file_joins_decisions_with_what_took_them_back() -> None:
    """But for what asks about retractions themselves: was this one taken back just now, and which are in a history."""
    texts = {str(path.relative_to(BACKEND)): path.read_text() for path in BACKEND.rglob("*.py")}
    used = {name: number for name, text in texts.items() if (number := len(JOINED.findall(text)))}
    assert used == {"db/standing.py": 1, "services/decisions/rows.py": 1, "services/samples/detail.py": 1}
    users = {name for name, text in texts.items() if HANDED_OUT.search(text)}
    assert users == {"db/standing.py", "services/team/restored_work.py"}, (
        "what was removed together is brought back together"
    )
