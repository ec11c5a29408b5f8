"""What the form of a round offers as recipes."""

from app.pages.new_round.drafts import recipe_choices
from backend import recipes


def test_recipes_are_listed_by_the_titles_that_people_read_and_own_ones_after_them() -> None:
    result = recipe_choices({"name": "mine", "title": "Mine"}, [("A first try", "own_1")])
    *known, own, this = result
    titles = [title.casefold() for title, _ in known]
    assert titles == sorted(titles)
    assert sorted(name for _, name in known) == recipes.names()
    assert (own, this) == (("A first try (this project's own)", "own_1"), ("Mine", "mine"))
