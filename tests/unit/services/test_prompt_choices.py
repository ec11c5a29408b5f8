"""Which choice an answer names: by letter, text or number, and never another one silently."""

import json
from pathlib import Path
from typing import Any

import pytest

from backend.services.prompts.choices import Places, chosen_answer
from backend.services.prompts.file_preview import FilePreview, preview
from backend.services.prompts.files import open_file
from backend.services.prompts.messages import BadRow

FOUR = ["1", "2", "3", "4"]
WORDS = ["river", "sea", "lake", "hill"]


def look(tmp_path: Path, *values: dict[str, Any]) -> FilePreview:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    return preview(open_file(path))


def answers(tmp_path: Path, *values: tuple[Any, Any]) -> list[str | None]:
    file_preview = look(
        tmp_path, *({"question": "Q?", "choices": choices, "answer": answer} for choices, answer in values)
    )
    return [f"! {row.reason}" if row.reason else row.answer for row in file_preview.prompts]


def test_a_quoted_answer_that_is_a_choices_text_is_that_choice(tmp_path: Path) -> None:
    assert answers(tmp_path, (FOUR, "2"), (FOUR, "4"), ([0, 1], "1"), (["10", "0"], "0")) == ["B", "D", "B", "B"]
    assert answers(tmp_path, (["1.50", "2.0"], 1.5), ([1.5, 2.5], 2.5), ([True, False], False)) == [
        "! the answer '1.5' is none of the choices A, B",
        "B",
        "B",
    ]


def test_an_answer_that_names_two_choices_is_refused(tmp_path: Path) -> None:
    number, file, letter = answers(tmp_path, (FOUR, 2), (["2", "3", "1"], "1"), (["B", "A", "C"], "A"))
    assert number == ("! the answer '2' is the text of choice B and the number of choice C; write which one is meant")
    assert file == "C"
    assert letter == "! the answer 'A' is the text of choice B and the letter of choice A; write which one is meant"
    # The other answers are numbers, so a text that is one is not taken for a text.
    assert answers(tmp_path, (FOUR, "2"), (WORDS, "2"))[0] == number
    assert answers(tmp_path, (["1", "0"], 0), (["0", "1"], 0))[1] == "A"


def test_letters_of_the_file_stand_above_texts_and_numbers() -> None:
    fields = {"text": ["2", "1"], "label": ["1", "2"]}
    assert chosen_answer({"c": fields}, ("c",), "2") == "2"
    assert chosen_answer({"c": fields}, ("c",), 1) == "1"
    assert chosen_answer({"c": {"A": "B", "B": "A"}}, ("c",), "A") == "A"
    assert chosen_answer({"option_a": "b", "option_b": "a"}, ("option_a", "option_b"), "a") == "A"
    with pytest.raises(BadRow, match="none of the choices 1, 2"):
        chosen_answer({"c": fields}, ("c",), 0)


def test_an_empty_choice_keeps_its_place() -> None:
    row = {"option_a": "x", "option_b": "", "option_c": "z"}
    columns = ("option_a", "option_b", "option_c")
    assert chosen_answer(row, columns, 2) == "C"
    with pytest.raises(BadRow, match="none of the choices A, C"):
        chosen_answer(row, columns, 1)
    assert chosen_answer({"c": {"A": "x", "B": None, "C": "z"}}, ("c",), 2) == "C"


def test_numbers_count_from_where_the_whole_file_counts_from(tmp_path: Path) -> None:
    assert answers(tmp_path, (WORDS, 1), (WORDS, 2), (WORDS, 4)) == ["A", "B", "D"]
    assert answers(tmp_path, (WORDS, "1"), (WORDS, 3), (WORDS, 0)) == ["B", "D", "A"]
    assert answers(tmp_path, (WORDS, 1), (WORDS, 2)) == ["B", "C"]
    assert all(
        "counts choices from 0 and from 1" in str(text)
        for text in answers(tmp_path, (WORDS, 0), (["a"] * 1, 1), (WORDS, 2))[::2]
    )
    one_stray = answers(tmp_path, *[(WORDS, n % 4) for n in range(100)], (WORDS, 4))
    assert one_stray[:4] == ["A", "B", "C", "D"]
    notes = look(tmp_path, {"question": "Q?", "choices": WORDS, "answer": 4}).notes
    assert notes == ("Answers given as numbers count the choices from 1",)
    assert look(tmp_path, {"question": "Q?", "choices": WORDS, "answer": "B"}).notes == ()


@pytest.mark.parametrize("answer", ["7" * 5_000, int("7" * 4_000), "٣" * 5_000, "-1", "1" * 4])
def test_a_number_of_any_length_is_a_bad_row(tmp_path: Path, answer: Any) -> None:
    good, bad = answers(tmp_path, (WORDS, "C"), (WORDS, answer))
    assert good == "C"
    assert str(bad).startswith("! the answer '")
    with pytest.raises(BadRow, match="none of the choices"):
        chosen_answer({"c": WORDS}, ("c",), answer, Places(first=1))


def test_a_choice_that_few_rows_have_is_a_choice(tmp_path: Path) -> None:
    def row(number: int, **more: str) -> dict[str, Any]:
        return {"question": f"Q{number}?", "option_a": "x", "option_b": "y", "answer": "A"} | more

    file_preview = look(tmp_path, *(row(n) for n in range(9)), row(9, option_e="z", answer="E"))
    assert file_preview.mapping.choices == ("option_a", "option_b", "option_e")


def test_of_two_columns_of_lists_each_row_has_its_own(tmp_path: Path) -> None:
    values = [{"question": "Q?", "choices": ["x", "y"], "answer": "B"}] * 3
    file_preview = look(tmp_path, *values, {"question": "R?", "options": ["v", "w"], "answer": "w"})
    assert [row.answer for row in file_preview.prompts] == ["B", "B", "B", "B"]
    assert file_preview.prompts[3].text == "user: R?\n\nA. v\nB. w"
