"""What was answered of a sample, as its card and its table say it: by the questions' titles, people and judge apart."""

import json
from collections.abc import Mapping

from backend.services.samples.answers import JUDGE
from backend.translations import gettext
from backend.values import JSON

LONGEST = 2_000
"""Characters of an answer on a card."""


def by_whom(answers: JSON, titles: Mapping[str, str]) -> list[JSON]:
    """The answers of people and of the judge, as far as there are any. `titles`: of the questions, by their keys."""
    judged = {key.removeprefix(JUDGE): value for key, value in answers.items() if key.startswith(JUDGE)}
    people = {key: value for key, value in answers.items() if not key.startswith(JUDGE)}
    return [
        {
            "who": who,
            "answers": [
                {"asked": titles.get(key, key), "text": in_words(value)[:LONGEST]} for key, value in some.items()
            ],
        }
        for who, some in ((gettext("People answered"), people), (gettext("The judge answered"), judged))
        if some
    ]


def in_words(value: object) -> str:
    """The mean of ratings, labels with how often each was chosen if not once, or the texts."""
    match value:
        case None:
            return "–"
        case bool() | str():
            return str(value)
        case int() | float():
            return f"{value:.3g}"
        case dict():
            return ", ".join(label if count == 1 else f"{label} ({count})" for label, count in value.items()) or "none"
        case list():
            return " · ".join(map(str, value))
    return json.dumps(value, ensure_ascii=False)
