"""What a person changed for themselves in the review desk."""

import pytest

from backend.db import reading, session, tables
from backend.errors import InvalidInput, NotSignedIn
from backend.services.reviews import preferences, review_keys
from backend.services.reviews.preferences import TextStyle
from tests import rows


def test_keys_are_kept_for_one_person_and_only_where_they_differ(database: str) -> None:
    actor, other = rows.make_actor(), rows.make_actor()
    preferences.bind(actor, {"accept": ["Space", "Space"], "reject": ["x"], "palette": []})
    assert preferences.get(actor).keys == {"accept": ("Space",), "palette": ()}
    assert preferences.get(other).keys == {}
    keys = review_keys.bound(preferences.get(actor).keys)
    assert (keys["accept"], keys["reject"], keys["palette"]) == (("Space",), ("x",), ())
    preferences.bind(actor, {})
    with reading() as db:
        assert db.get_one(tables.User, actor.user_id).preferences == {}


def test_a_refused_binding_changes_nothing(database: str) -> None:
    actor = rows.make_actor()
    preferences.bind(actor, {"skip": ["w"]})
    with pytest.raises(InvalidInput, match="would mean both"):
        preferences.bind(actor, {"skip": ["a"]})
    assert preferences.get(actor).keys == {"skip": ("w",)}


def test_display_choices_stay_beside_the_keys(database: str) -> None:
    actor = rows.make_actor()
    preferences.bind(actor, {"skip": ["w"]})
    preferences.change(actor, text="raw", grey_common=False)
    result = preferences.get(actor)
    assert (result.text, result.grey_common, result.keys) == (TextStyle.raw, False, {"skip": ("w",)})
    for wrong in ({"text": "html"}, {"color": "red"}):
        with pytest.raises(InvalidInput, match="preference"):
            preferences.change(actor, **wrong)
    assert preferences.get(actor) == result


def test_a_deactivated_account_changes_nothing(database: str) -> None:
    actor = rows.make_actor()
    with session() as db:
        db.get_one(tables.User, actor.user_id).is_active = False
    for call in (lambda: preferences.get(actor), lambda: preferences.bind(actor, {})):
        with pytest.raises(NotSignedIn):
            call()
