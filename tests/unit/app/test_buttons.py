"""One kind of act has one look on every page."""

import re
from pathlib import Path

import pytest

from app.widgets import buttons

APP = Path(__file__).parents[3] / "app"


@pytest.mark.parametrize("path", sorted(APP.rglob("*.py")), ids=lambda path: str(path.relative_to(APP)))
def test_no_page_gives_a_button_a_look_of_its_own(path: Path) -> None:
    if path.name == "buttons.py":
        return
    text = path.read_text()
    assert not re.findall(r"variant=|size=\"(?:sm|md|lg)\"", text), "app/widgets/buttons.py says how buttons look"
    assert not re.findall(r"gr\.Button\(\s*\"", text), "lay a button out by buttons.primary, secondary or stop"


def test_a_button_is_as_wide_as_its_words() -> None:
    short, long = buttons.secondary("Go"), buttons.stop("Delete the whole project")
    assert (short.min_width, long.min_width) == (96, 36 + 24 * 8)
    assert (short.size, long.size, long.scale) == ("md", "md", 0)
    assert (short.variant, long.variant) == ("secondary", "stop")
