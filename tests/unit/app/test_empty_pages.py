"""What stands where a page has nothing to show says where to go."""

import re
from pathlib import Path

APP = Path(__file__).parents[3] / "app"
BLOCK = re.compile(r'<div class="rondo-empty"(?P<role>[^>]*)>(?P<body>.*?)</div>', re.DOTALL)


def test_every_empty_state_has_a_link_or_says_to_choose_from_the_list() -> None:
    rows = [
        (path.relative_to(APP), match)
        for path in sorted(APP.rglob("*.py"))
        for match in BLOCK.finditer(path.read_text())
    ]
    assert len(rows) > 20
    # What an address asks for and is not there is an alert: the list beside it is the way out.
    lost = [
        f"{path}: {' '.join(match['body'].split())}"
        for path, match in rows
        if "alert" not in match["role"] and "<a " not in match["body"] and "from the list" not in match["body"]
    ]
    assert lost == []
