"""What a generator notes on its samples is written as it can be kept."""

from backend.pipeline.answer import columns_of
from backend.values import Sample


def test_texts_that_are_noted_are_kept_however_deep_they_stand() -> None:
    noted = {"before": ["a\x00b", {"text": "\ud83d"}], "revisions": 2, "rest": "c\x00"}
    columns = columns_of([(1, 1, Sample(0, 1, "x", extra=noted))], 1)
    assert columns["extra"] == [{"before": ["a\ufffdb", {"text": "\ufffd"}], "revisions": 2, "rest": "c\ufffd"}]
