"""The desk's words and its ledger, without a server: what it says, in whose language, and what stands after an undo."""

from typing import Any

import pytest

from tests.browser.modules import empty_page

pytestmark = pytest.mark.browser
SILENT = "The server does not answer. Try again."
REFUSALS = """async (answers) => {
  const { refusal } = await import("/static/review/rest.js");
  return [undefined, ...answers].map((answer) => refusal(answer));
}"""
HERE = """async ([people, me]) => {
  const { peopleHere } = await import("/static/review/team.js");
  return peopleHere(people, me);
}"""

WORDS = """async (messages) => {
  const place = document.createElement("script");
  Object.assign(place, { id: "messages", type: "application/json", textContent: JSON.stringify(messages) });
  document.head.append(place);
  document.documentElement.lang = "de";
  const { gettext } = await import("/static/gettext.js");
  const { progressLine } = await import("/static/review/team.js");
  const { ownWords } = await import("/static/review/judge.js");
  const far = (samples) => progressLine({ decided: 1, remaining: samples - 1, samples, ends_at: null }, false)[0];
  const chosen = ownWords({ kind: "prefer", value: { best: 1, worst: 2 } }, (id) => (id === 1 ? "<b>" : "{best}"));
  return [far(1), far(2), chosen, gettext("constructor"), gettext("{why}", { why: "{name}" })];
}"""
"""In a page that brings a catalogue: a plural, values in a sentence as they are, and what the catalogue lacks."""
LEDGER = """async () => {
  const { Ledger } = await import("/static/review/ledger.js");
  const { underWay } = await import("/static/review/bar.js");
  const ledger = new Ledger(), item = { mine: null, flag: null, edits: ["kept"] }, acts = [], seen = [];
  const look = () => seen.push([item.mine?.client_id ?? null, item.edits.length, underWay(acts, all())]);
  const all = () => [...ledger.done, ...ledger.undone.values()];
  const decide = (client_id, kind, text) => {
    ledger.add({ kind, client_id, text, item, target: item, before: item.mine });
    item.mine = { kind, client_id };
    if (text) item.edits = [...item.edits, text];
    acts.push({ kind, client_id });
    look();
  };
  decide("a", "accept");
  decide("b", "edit", "new");
  const entry = ledger.find("b");
  entry.after = item.mine;
  ledger.revert(entry);
  ledger.undone.set("u", entry);
  acts.push({ kind: "retract", client_id: "u", retracts: "b" });
  look();
  ledger.restore(entry);
  ledger.undone.delete("u");
  acts.pop();
  look();
  ledger.revert(ledger.find("b"));
  ledger.revert(ledger.find("a"));
  look();
  return seen;
}"""
"""What stands on an item, its texts, and by how many items the tally changes: two decisions, the second one an edit,
its undo, the undo refused, both refused."""


def test_an_error_of_any_form_is_no_answer_and_the_others_are_here_by_name(chromium: Any) -> None:
    page = empty_page(chromium)
    refused = {"type": "Conflict", "message": "Round 3 is not in review."}
    answers = [None, {"error": refused}, {"error": "Bad gateway"}, {"error": {}}, {"job_id": 3}, []]
    value = page.evaluate(REFUSALS, answers)
    assert value == [SILENT, SILENT, refused["message"], SILENT, SILENT, "", ""]
    people = [{"user_id": n, "name": name, "is_here": n != 3} for n, name in enumerate(["Ann", "Bo", "Cy", "Di"], 1)]
    assert page.evaluate(HERE, [people[::-1], 1]) == "Also here: Bo, Di"
    assert page.evaluate(HERE, [people[:1], 1]) == ""
    more = [person | {"is_here": True} for person in people] + [{"user_id": 5, "name": "Ed", "is_here": True}]
    assert page.evaluate(HERE, [more, 1]) == "Also here: Bo, Cy, Di and 1 more"
    page.context.close()


def test_words_are_in_the_language_that_the_page_brings(chromium: Any) -> None:
    page = empty_page(chromium)
    messages = {
        "{complete} of {count} sample decided": ["{complete} von {count} Sample", "{complete} von {count} Samples"],
        "You chose {best} over {worst}": "Du hast {best} statt {worst} gewählt",
    }
    assert page.evaluate(WORDS, messages) == [
        "1 von 1 Sample",
        "1 von 2 Samples",
        "Du hast <b> statt {best} gewählt",
        "constructor",
        "{name}",
    ]
    page.context.close()


def test_what_is_taken_back_or_refused_leaves_the_item_as_it_was_before(chromium: Any) -> None:
    page = empty_page(chromium)
    assert page.evaluate(LEDGER) == [["a", 1, 1], ["b", 2, 1], ["a", 1, 1], ["b", 2, 1], [None, 1, 0]]
    page.context.close()
