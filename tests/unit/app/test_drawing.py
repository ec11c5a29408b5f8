"""What a change of a drawn form of a round shows until it is drawn again."""

import dataclasses

from app import forms
from app.pages.new_round.drafts import draft_of
from app.pages.new_round.drawing import REDRAWN, WAITS, Drawing
from app.pages.new_round.folds import Folds
from app.pages.new_round.steps import Tool
from backend import recipes
from backend.services.recipes import steps_edit


def test_launch_and_preview_are_locked_until_the_form_is_drawn_again_and_what_is_open_is_known() -> None:
    drawn = draft_of(recipes.get("rejection_sampling").model_dump(mode="json"))
    folds = Folds(drawn["keys"], {}, {}, None)
    folds.is_open(drawn["keys"]["judge"], True)
    drawing = Drawing(drawn["at"], forms.Form(start=drawn["recipe"]), folds, size=1)
    tool = Tool(None, steps_edit.as_steps)  # type: ignore[arg-type]  # its button is not pressed here
    draft, estimate, launch, preview = shown = drawing.use(tool, None, drawn, (None,))
    assert len(shown) == REDRAWN
    assert (estimate, launch.interactive, preview.interactive) == (WAITS, False, False)
    assert draft["open"] == {draft["keys"]["steps-2"]: True}
    assert draft["at"] != drawn["at"]
    late = dataclasses.replace(drawing, at=drawn["at"] - 1)
    assert all(one == {"__type__": "update"} for one in late.use(tool, None, drawn, (None,)))
