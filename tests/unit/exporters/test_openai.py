"""OpenAI's files, written by hand from its guides."""

import json

from backend.exporters import RowCounts, TrainingRow
from backend.exporters.openai import OpenAI
from backend.values import DatasetType

ASKED = [
    {"role": "user", "content": "2+2?"},
    {"role": "assistant", "content": "4"},
    {"role": "user", "content": "3+3?"},
]
GOOD, BAD = ({"role": "assistant", "content": text} for text in ("6", "7"))
ROW = TrainingRow(ASKED, [GOOD], [BAD])


def test_what_the_assistant_said_before_has_no_weight() -> None:
    (messages,) = OpenAI().values(ROW, DatasetType.prompt_completion)
    assert json.loads(messages) == [ASKED[0], ASKED[1] | {"weight": 0}, ASKED[2], GOOD]


def test_a_pair_has_its_question_as_input() -> None:
    asked, chosen, rejected = OpenAI().values(ROW, DatasetType.preference)
    assert (json.loads(asked), chosen, rejected) == ({"messages": ASKED}, [GOOD], [BAD])


def test_a_pair_that_goes_on_is_not_read_and_few_rows_are_too_few() -> None:
    goes_on = ROW._replace(messages=ASKED[:2])
    types = (DatasetType.preference, DatasetType.prompt_completion)
    assert [OpenAI().is_read(row, type) for row in (ROW, goes_on) for type in types] == [True, True, False, True]
    assert OpenAI().notes(types[0], RowCounts(9, 0, 0)) == ("OpenAI takes 10 rows or more, and these are 9.",)
    assert OpenAI().notes(types[0], RowCounts(10, 0, 0)) == ()
