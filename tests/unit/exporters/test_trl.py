"""TRL's types: the columns of its docs, and no other."""

import pytest

from backend import exporters
from backend.exporters import TrainingRow
from backend.exporters.trl import TRL
from backend.values import DatasetType

ASKED = [{"role": "user", "content": "2+2?"}]
GOOD, BAD = ({"role": "assistant", "content": text} for text in ("4", "5"))
ROW = TrainingRow(ASKED, [GOOD], [BAD], False, "2+2?\n\n4")


@pytest.mark.parametrize(
    ("type", "columns"),
    [
        (DatasetType.prompt_completion, {"prompt": ASKED, "completion": [GOOD]}),
        (DatasetType.preference, {"prompt": ASKED, "chosen": [GOOD], "rejected": [BAD]}),
        (DatasetType.unpaired_preference, {"prompt": ASKED, "completion": [GOOD], "label": False}),
        (DatasetType.prompt_only, {"prompt": ASKED}),
        (DatasetType.language_modeling, {"text": "2+2?\n\n4"}),
    ],
)
def test_each_type_has_its_columns(type: DatasetType, columns: object) -> None:
    assert dict(zip(TRL.reads[type], TRL().values(ROW, type), strict=True)) == columns
    assert set(TRL.reads) == set(DatasetType)


def test_it_is_offered_first_and_says_what_cuts_rows() -> None:
    assert exporters.names()[0] == "trl"
    assert TRL().about_length(7) == ("TRL cuts rows at max_length: with 7 or more none of these is cut.",)
    assert TRL().about_length(None) == ()
