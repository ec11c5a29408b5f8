"""What a change of a drawn form of a round shows until it is drawn again, and what of it can be launched."""

import dataclasses
from collections.abc import Callable
from typing import Any

import gradio as gr
import pytest

from app import forms
from app.pages.new_round.drafts import about_of, digest, draft_of
from app.pages.new_round.drawing import DRAWN_AGAIN, OTHER_VALUES, REDRAWN, WAITS, Drawing, refused
from app.pages.new_round.folds import Folds
from app.pages.new_round.steps import StepButton
from app.widgets.round_form import review_inputs
from backend import recipes
from backend.errors import InvalidInput
from backend.services.recipes import steps_edit
from backend.values import JSON, LocalEngine

FIELDS: list[Any] = [[], [], [], 60, 0, 1, 1, 0, False, False, 1, [], LocalEngine.transformers, *review_inputs({})]
SKIPPED = {"__type__": "update"}


@pytest.fixture
def drawn() -> dict[str, Any]:
    return draft_of(recipes.get("rejection_sampling").model_dump(mode="json"))


@pytest.fixture
def drawing(drawn: dict[str, Any]) -> Drawing:
    """The form with the choice of its judge, which is open."""
    folds = Folds(drawn["recipe"], drawn["keys"], {}, {}, None)
    folds.is_open(drawn["keys"]["judge"], True)
    judge = forms.Switch(("judge",), "judge", gr.Dropdown(render=False))
    form = forms.Form(start=drawn["recipe"], switches=[judge])
    return Drawing(drawn["at"], form, folds, size=1 + len(FIELDS))


def use(drawing: Drawing, now: JSON) -> list[Any]:
    tool = StepButton(None, steps_edit.as_steps)  # type: ignore[arg-type]  # its button is not pressed here
    return drawing.use(tool, None, now, (None, *FIELDS))


def switch(drawing: Drawing, now: JSON) -> list[Any]:
    return drawing.switch(drawing.form.switches[0], "majority_vote", now, (None, *FIELDS))


def put_own(drawing: Drawing, now: JSON) -> list[Any]:
    return drawing.other(drawing.form.start, now, (None, *FIELDS), is_same=True)


@pytest.mark.parametrize(("change", "slot"), [(use, "steps-2"), (switch, "judge"), (put_own, "judge")])
def test_launch_and_preview_are_locked_until_the_form_is_drawn_again_and_what_is_open_is_known(
    drawing: Drawing, drawn: dict[str, Any], change: Callable[[Drawing, JSON], list[Any]], slot: str
) -> None:
    draft, estimate, counted, launch, preview, called = change(drawing, drawn)[:REDRAWN]
    assert (estimate, counted, launch.interactive, preview.interactive) == (WAITS, "", False, False)
    assert draft["open"] == {draft["keys"][slot]: True}
    assert draft["at"] != drawn["at"]
    assert called == about_of(draft["recipe"])


@pytest.mark.parametrize("change", [use, switch])
def test_a_form_that_was_replaced_changes_nothing(
    drawing: Drawing, drawn: dict[str, Any], change: Callable[[Drawing, JSON], list[Any]]
) -> None:
    late = dataclasses.replace(drawing, at=drawn["at"] - 1)
    assert all(entry == SKIPPED for entry in change(late, drawn))


def test_only_what_was_counted_of_the_newest_form_is_launched_or_previewed(
    drawing: Drawing, drawn: dict[str, Any]
) -> None:
    plan = drawing.plan((None, *FIELDS))
    given = (*drawing.chosen(), drawn, None, *FIELDS)
    assert drawing.counted_plan(digest(plan), given) == plan
    with pytest.raises(InvalidInput, match=OTHER_VALUES):
        drawing.counted_plan("", given)
    newer = drawn | {"at": drawn["at"] + 1}
    for other in ((*drawing.chosen(), newer, None, *FIELDS), ("star", *given[1:])):
        with pytest.raises(InvalidInput, match=DRAWN_AGAIN):
            drawing.counted_plan(digest(plan), other)


def test_after_a_refusal_nothing_is_counted() -> None:
    assert refused(InvalidInput("no"), REDRAWN, {}) == [SKIPPED, {"problem": "no"}, "", *[SKIPPED] * 3]


def test_a_choice_that_nobody_heard_of_is_set_back(drawing: Drawing, drawn: dict[str, Any]) -> None:
    recipe, judge = drawing.chosen()
    assert drawing.set_back([recipe, judge], drawn) == [SKIPPED, SKIPPED]
    assert drawing.set_back([recipe, "majority_vote"], drawn) == [SKIPPED, judge]
    assert drawing.set_back(["star"], drawn) == [recipe]
    assert drawing.set_back(["star"], drawn | {"at": drawn["at"] + 1}) == [SKIPPED]


def test_what_is_refused_of_the_recipe_hides_nothing_beside_it(drawing: Drawing) -> None:
    unread = dataclasses.replace(drawing, form=forms.Form(start={**drawing.form.start, "mix_share": 1}))
    with pytest.raises(InvalidInput) as raised:
        unread.plan((None, *FIELDS[:3], 0, *FIELDS[4:5], None, *FIELDS[6:]))
    assert [line.partition(":")[0] for line in raised.value.message.split("\n")] == [
        "mix_share",
        "Policy",
        "Number of prompts",
    ]
