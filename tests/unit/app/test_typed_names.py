"""The name under which a recipe is to be saved, while the form around it is drawn again and again."""

from typing import Any

import pytest

from app.pages.new_round.saved import LONGEST, MOST_TYPED, noted


def draft(name: str, title: str = "Title") -> dict[str, Any]:
    return {"recipe": {"name": name, "title": title}}


def test_each_recipe_keeps_the_name_that_was_typed_for_it() -> None:
    names = noted(noted({}, "mine", draft("one")), "yours", draft("two"))
    assert names == {"one": "mine", "two": "yours"}
    assert noted(names, "ours", draft("one")) == {"two": "yours", "one": "ours"}
    for untyped in ("", "  ", None, "Title"):
        assert noted(names, untyped, draft("one")) == {"two": "yours"}


@pytest.mark.parametrize("sent", [None, 3, [], {}, {"recipe": None}, {"recipe": "x"}])
def test_a_draft_that_is_none_changes_no_name(sent: Any) -> None:
    assert noted({"one": "mine"}, "x", sent) == {"one": "mine"}


def test_no_more_is_kept_than_there_is_room_for() -> None:
    names: dict[str, Any] = {}
    for n in range(MOST_TYPED + 5):
        names = noted(names, "x" * 500, draft(str(n)))
    assert (len(names), min(map(int, names)), {len(name) for name in names.values()}) == (MOST_TYPED, 5, {LONGEST})
