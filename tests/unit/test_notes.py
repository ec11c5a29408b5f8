"""What is noted on a sample as it is written."""

from backend.boundary import REPLACEMENT
from backend.pipeline.sample_columns import columns_of
from backend.values import Sample


def test_texts_in_notes_are_kept_as_every_text_that_a_model_wrote() -> None:
    noted = {"before": ["a\x00b", "half \ud83d"], "of": {"text": "\x00"}, "revisions": 2, "unchanged": True}
    (kept,) = columns_of([(1, 1, Sample(0, 1, "x", extra=noted))], 1)["extra"]
    assert kept == {
        "before": [f"a{REPLACEMENT}b", f"half {REPLACEMENT}"],
        "of": {"text": REPLACEMENT},
        "revisions": 2,
        "unchanged": True,
    }
