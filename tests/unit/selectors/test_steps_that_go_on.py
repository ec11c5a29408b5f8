"""Which rows say that a text is a step after which the turn is not over."""

from backend.pipeline.select import with_ends
from backend.values import GOES_ON, Example, Group
from tests.groups import prompt, sample

STEP = sample(1, extra={GOES_ON: True})
END = sample(2, extra={GOES_ON: False})
IMPORTED = sample(3, extra={GOES_ON: True}, kind="import")
GROUPS = [Group(prompt(), (STEP, END, IMPORTED))]


def test_a_step_of_a_search_goes_on_and_its_end_does_not() -> None:
    (pair,) = with_ends([Example(1, 2, 1)], GROUPS)
    assert pair.extra == {GOES_ON: ["rejected"]}


def test_what_a_file_notes_of_its_completions_makes_them_no_steps() -> None:
    row = Example(1, 3)
    assert with_ends([row], GROUPS) == [row]
