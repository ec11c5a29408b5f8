"""The keys of the review desk: no key means two things, Backspace means nothing."""

import pytest

from backend.errors import InvalidInput
from backend.services.review_settings import Mode
from backend.services.reviews import review_keys


def test_the_keys_as_they_come_pass_their_own_check() -> None:
    review_keys.check(review_keys.bound({}))


def test_every_mode_has_the_keys_that_the_page_for_reviewers_names() -> None:
    everywhere = {"Enter", "s", "u", "e", "r", "n", "f", "j", "k", "/", "?", "m", "v", "d", "Mod+k"}
    own = {
        Mode.sample: {"a", "x", *map(str, range(10))},
        Mode.judgment: {"y", "x", "1"},
        Mode.pair: {"1", "2", "=", "0"},
        Mode.group: {*map(str, range(9)), "Shift+1", "Shift+8", "="},
    }
    for mode in Mode:
        keys = {key for action in review_keys.ACTIONS if mode in action.modes for key in action.keys}
        assert keys >= everywhere | own[mode]
        assert "Backspace" not in keys


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"accept": ["Backspace"]}, "by accident"),
        ({"accept": ["Shift+Backspace"]}, "by accident"),
        ({"skip": ["Tab"]}, "needed elsewhere"),
        ({"accept": ["x"]}, "would mean both 'Accept' and 'Reject'"),
        ({"skip": ["1"]}, "would mean both"),
        ({"skip": ["Mod+w"]}, "browsers keep"),
        ({"skip": ["F5"]}, "browsers keep"),
        ({"skip": ["Shift"]}, "no key that can be bound"),
        ({"skip": ["A"]}, "no key that can be bound"),
        ({"skip": [""]}, "no key that can be bound"),
        ({"skip": ["q", "w", "z", "t", "y+"]}, "4 keys are enough"),
        ({"launch": ["l"]}, "no action 'launch'"),
    ],
)
def test_a_binding_that_cannot_work_is_refused_with_the_reason(changed: dict[str, list[str]], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        review_keys.check(changed)


def test_one_key_may_mean_different_things_in_different_modes() -> None:
    review_keys.check({"accept": ["y"], "first": ["a"], "skip": ["ö", "Shift+s", "Alt+F2", "PageDown"]})
