"""The desk's words and its ledger, without a server: what it says, in whose language, and what stands after an undo."""

from typing import Any

import pytest

from backend import translations
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
  const far = (samples) => progressLine({ decided: 1, remaining: samples - 1, samples, ends_at: null }, false).join("");
  const chosen = ownWords({ kind: "prefer", value: { best: 1, worst: 2 } }, (id) => (id === 1 ? "<b>" : "{best}"));
  return [far(1), far(2), chosen, gettext("constructor"), gettext("{why}", { why: "{name}" })];
}"""
"""In a page that brings a catalogue: a plural, values in a sentence as they are, and what the catalogue lacks."""
SENTENCES = """async ([messages, lang]) => {
  const place = document.createElement("script");
  Object.assign(place, { id: "messages", type: "application/json", textContent: JSON.stringify(messages) });
  document.head.append(place);
  document.documentElement.lang = lang;
  const { labelOf } = await import("/static/review/list_rows.js");
  const { unable } = await import("/static/review/list_place.js");
  const { valueWords } = await import("/static/review/notes.js");
  const { progressLine } = await import("/static/review/team.js");
  const { Outcomes } = await import("/static/review/outcomes.js");
  const { Answers } = await import("/static/review/answers.js");
  const { Chain } = await import("/static/review/chain.js");
  const sample = { score: 3.5, verdict: "accept", source: "judge", step: 0, id: 7, text: "7" };
  const desk = (mode, round) => unable({ desk: { round, mode, questions: [] } });
  const ends_at = new Date(Date.now() + 9e8).toISOString();
  const far = progressLine({ decided: 1, remaining: 1999, samples: 2000, ends_at }, false);
  const outcomes = new Outcomes(document.createElement("div"), {}), none = () => {};
  const told = new Answers({ outcomes, review: {}, ledger: { known: new Set() }, queue: { find: none } });
  for (const [id, kind] of [[1, "accept"], [2, "accept"], [3, "odd"]])
    told.sent({ kind, sample_id: id }, { decision: { sample_id: id, replaces: ["elsewhere", kind] } });
  const chain = { names: ["solve"], step: 0, role: "a", above: [sample], questions: [] };
  const drawn = new Chain(document.createElement("details"), {}, String).drawn({}, [chain]);
  return [
    labelOf({ sample, mine: null }).words,
    desk("group", { is_open: true }),
    desk("sample", { is_open: false, closed_because: "ended", why_closed: "" }),
    valueWords({ value: { best: 2, worst: 1 } }, (id) => `#${id}`),
    far.join("|").replace(/ \\d+ \\w+ \\d+, .*/, " …"),
    ...[...outcomes.place.children].slice(0, 2).map((line) => line.textContent.split(/[:;] /).at(-1)),
    drawn[1].firstChild.textContent,
  ];
}"""
"""Of the list of labels, its round, the history, the progress, what came of decisions, and where a text came from."""
WITHOUT = """async () => {
  document.documentElement.append(document.createElement("rondo-comments"), document.createElement("rondo-allow"));
  for (const name of ["rondo.js", "bell.js", "comments.js"]) {
    const script = Object.assign(document.createElement("script"), { src: `/static/${name}` });
    const loaded = new Promise((resolve) => (script.onload = resolve));
    document.head.append(script);
    await loaded;
  }
  const { gettext } = await window.rondoWords;
  await customElements.whenDefined("rondo-comments");
  const box = document.querySelector("rondo-comments textarea");
  return [box.placeholder, gettext("{time}, edited", { time: "now" })];
}"""
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


@pytest.mark.parametrize(
    ("language", "lang", "words"),
    [
        (
            "de",
            "de",
            [
                "angenommen 3.5, vom Judge",
                "Diese Runde wird im Modus „Nebeneinander“ geprüft, nicht Sample für Sample. "
                "Entscheide auf der Seite „Prüfung“.",
                "Diese Runde endete vor ihrer Prüfung.",
                "#2 als bestes, #1 als schlechtestes",
                "|1 von 2,000 Samples entschieden|, voraussichtlich fertig: …",
                "eine Annahme",
                "odd",
                "Zu Sample 7 solve, angenommen, 3.5",
            ],
        ),
        (
            "en",
            "no_language",
            [
                "accept 3.5 by the judge",
                "This round is reviewed in the mode group, not sample by sample. Decide at the review desk.",
                "This round ended before its review.",
                "best: #2, worst: #1",
                "|1 of 2,000 samples decided|, done about …",
                "accept",
                "odd",
                "About sample 7 solve, accept, 3.5",
            ],
        ),
    ],
)
def test_sentences_are_whole_in_both_languages(chromium: Any, language: str, lang: str, words: list[str]) -> None:
    page = empty_page(chromium)
    assert page.evaluate(SENTENCES, [translations.script_messages(language), lang]) == words
    page.context.close()


def test_where_the_catalogue_does_not_come_scripts_work_in_english(chromium: Any) -> None:
    page, errors = empty_page(chromium), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.route("**/gettext.js", lambda route: route.abort())
    assert page.evaluate(WITHOUT) == ["Comment; @name tells a colleague", "now, edited"]
    assert errors == []
    page.context.close()


def test_what_is_taken_back_or_refused_leaves_the_item_as_it_was_before(chromium: Any) -> None:
    page = empty_page(chromium)
    assert page.evaluate(LEDGER) == [["a", 1, 1], ["b", 2, 1], ["a", 1, 1], ["b", 2, 1], [None, 1, 0]]
    page.context.close()
