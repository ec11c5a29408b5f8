"""What was chosen on a page stands against what was computed for an earlier choice."""

from copy import deepcopy
from typing import Any

from app.pages import held_out
from app.widgets.chosen import CurrentChoice


def test_a_choice_is_replaced_only_where_it_still_stands() -> None:
    choice = deepcopy(CurrentChoice())  # as Gradio does for each page
    first: dict[str, Any] = {"round": 1}
    choice.put(first)
    assert not choice.replace({"round": 1}, {"round": 2}), "equal, and another choice all the same"
    assert choice.replace(first, {"round": 2})
    assert not choice.replace(first, {"round": 3})
    assert choice.value == {"round": 2}


def test_a_prompt_that_another_key_overtakes_is_not_opened() -> None:
    """The second key's prompt is put between the look at the first one's turn and its putting."""

    class Overtaken(CurrentChoice):
        def replace(self, was: dict[str, Any], value: dict[str, Any]) -> bool:
            if value["turn"] == 1:
                held_out._take_turn(self, {"prompt": 8, "turn": 2})
            return super().replace(was, value)

    choice = Overtaken()
    assert held_out._take_turn(choice, {"prompt": 7, "turn": 1}) is None
    assert choice.value == {"prompt": 8, "turn": 2}
    assert held_out._take_turn(choice, {"prompt": 9, "turn": 3}) == {"prompt": 9, "turn": 3}
