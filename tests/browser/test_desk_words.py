"""What the desk says of an answer that is none, and of who else is here."""

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
