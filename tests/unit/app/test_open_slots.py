"""Which slots of the form of a round are open when it is drawn again."""

from app.pages.new_round.recipe import CLOSED, _is_open


def test_a_slot_is_open_where_something_differs_unless_a_person_closed_it() -> None:
    assert _is_open("judge", [], differs=True)
    assert not _is_open("judge", [], differs=False)
    assert _is_open("judge", ["judge"], differs=False)
    assert not _is_open("judge", [f"{CLOSED}judge"], differs=True)
