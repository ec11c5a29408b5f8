"""Which key press means which action."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.modules import empty_page

pytestmark = pytest.mark.browser

ACTIONS = [
    {"name": "accept", "label": "Accept", "keys": ["a", "1"], "modes": ["sample"], "is_changed": False},
    {"name": "reject", "label": "Reject", "keys": ["r"], "modes": ["sample"], "is_changed": False},
    {"name": "next", "label": "Next", "keys": ["ArrowRight"], "modes": ["sample", "group"], "is_changed": False},
    {"name": "palette", "label": "Commands", "keys": ["Mod+k"], "modes": ["sample", "group"], "is_changed": False},
    {"name": "help", "label": "Keys", "keys": ["?", "/"], "modes": ["sample", "group"], "is_changed": False},
    {"name": "best", "label": "Best", "keys": ["Shift+7"], "modes": ["group"], "is_changed": False},
]
LISTEN = """
async (actions) => {
  const { Bindings, listen } = await import("/static/review/keys.js");
  window.ran = [];
  document.body.innerHTML = "<textarea></textarea><button>Press</button><dialog></dialog>";
  listen(new Bindings(actions, "sample"), (name, key) => ran.push([name, key]), {
    knows: () => true, missed: (key) => ran.push(["missed", key]), leave: () => ran.push(["leave", ""]),
  });
}
"""


@pytest.fixture(scope="module")
def module_page(chromium: Any) -> Iterator[Any]:
    result = empty_page(chromium)
    yield result
    result.context.close()


@pytest.fixture
def page(module_page: Any) -> Any:
    module_page.reload()
    return module_page


@pytest.mark.parametrize(
    ("press", "names"),
    [
        ({"key": "a", "code": "KeyA"}, ["a"]),
        ({"key": "A", "code": "KeyA", "shiftKey": True}, ["Shift+a", "a"]),
        ({"key": " ", "code": "Space"}, ["Space"]),
        ({"key": "Enter", "code": "Enter", "shiftKey": True}, ["Shift+Enter", "Enter"]),
        ({"key": "k", "code": "KeyK", "ctrlKey": True}, ["Mod+k"]),
        ({"key": "k", "code": "KeyK", "metaKey": True}, ["Mod+k"]),
        ({"key": "?", "code": "Slash", "shiftKey": True}, ["?", "Shift+?"]),
        # The row above the letters types digits with Shift on French keyboards, and signs without.
        ({"key": "&", "code": "Digit1"}, ["&", "1"]),
        ({"key": "1", "code": "Digit1", "shiftKey": True}, ["Shift+1"]),
        ({"key": "/", "code": "Digit7", "shiftKey": True}, ["/", "Shift+7"]),
        # AltGr reports Ctrl and Alt on Windows: a sign typed with it is that sign.
        ({"key": "@", "code": "KeyQ", "ctrlKey": True, "altKey": True, "modifierAltGraph": True}, ["@", "@"]),
    ],
)
def test_names_of_a_press_the_most_exact_first(page: Any, press: dict[str, Any], names: list[str]) -> None:
    script = """async (press) => {
      const { namesOf } = await import("/static/review/keys.js");
      return namesOf(new KeyboardEvent("keydown", press));
    }"""
    assert page.evaluate(script, press) == names


def bound(page: Any, actions: list[dict[str, Any]], mode: str, press: dict[str, Any], known: list[str] | None) -> Any:
    script = """async ([actions, mode, press, known]) => {
      const { Bindings } = await import("/static/review/keys.js");
      const knows = known ? (name) => known.includes(name) : undefined;
      return new Bindings(actions, mode).find(new KeyboardEvent("keydown", press), knows) ?? null;
    }"""
    return page.evaluate(script, [actions, mode, press, known])


def test_only_actions_of_the_mode_are_bound(page: Any) -> None:
    press = {"key": "a", "code": "KeyA"}
    assert bound(page, ACTIONS, "sample", press, None) == "accept"
    assert bound(page, ACTIONS, "group", press, None) is None


def test_a_shifted_digit_is_meant_where_its_sign_is_bound_too(page: Any) -> None:
    press = {"key": "/", "code": "Digit7", "shiftKey": True}
    assert bound(page, ACTIONS, "group", press, None) == "best"
    assert bound(page, ACTIONS, "group", press, ["help"]) == "help"
    chosen = [action | {"is_changed": action["name"] == "help"} for action in ACTIONS]
    assert bound(page, chosen, "group", press, None) == "help"


def test_a_key_that_a_person_chose_stays_theirs(page: Any) -> None:
    mine = [ACTIONS[0] | {"keys": ["r"], "is_changed": True}, ACTIONS[1]]
    press = {"key": "r", "code": "KeyR"}
    assert bound(page, mine, "sample", press, None) == "accept"
    assert bound(page, mine[::-1], "sample", press, None) == "accept"


def test_presses_run_what_they_mean(page: Any) -> None:
    page.evaluate(LISTEN, ACTIONS)
    for key in ("a", "r", "x", "Escape"):
        page.keyboard.press(key)
    assert page.evaluate("ran") == [["accept", "a"], ["reject", "r"], ["missed", "x"], ["leave", ""]]


def test_a_key_held_down_is_one_decision_and_many_moves(page: Any) -> None:
    page.evaluate(LISTEN, ACTIONS)
    for key in ("a", "ArrowRight"):
        for _ in range(3):
            page.keyboard.down(key)
        page.keyboard.up(key)
    assert [name for name, _ in page.evaluate("ran")] == ["accept", "next", "next", "next"]


def test_typing_into_a_field_decides_nothing(page: Any) -> None:
    page.evaluate(LISTEN, ACTIONS)
    page.locator("textarea").focus()
    page.keyboard.press("a")
    page.keyboard.press("Control+k")
    assert page.evaluate("ran") == [["palette", "k"]]
    assert page.locator("textarea").input_value() == "a"


def test_keys_are_the_dialogs_while_one_is_open(page: Any) -> None:
    page.evaluate(LISTEN, ACTIONS)
    page.evaluate("document.querySelector('dialog').showModal()")
    page.keyboard.press("a")
    assert page.evaluate("ran") == []
