"""The bars of the samples page: what a click asks for, and what a chart shows."""

import pytest

from app.pages.samples import bars
from backend.errors import InvalidInput
from backend.services.samples import HistogramBin, SortKey


def test_a_bar_asks_for_what_is_in_it() -> None:
    assert bars.asked({"of": "score", "low": 1, "high": 1.5}) == (SortKey.score, {"min_score": 1.0, "max_score": 1.5})
    assert bars.asked({"of": "length", "low": 3, "high": 9.0}) == (SortKey.length, {"min_tokens": 3, "max_tokens": 9})
    assert bars.asked({"of": "length", "low": None, "high": None}) == (SortKey.length, {}), "all of them again"
    wrong = (None, [], {"of": "id"}, {"of": "score", "low": 1}, {"of": "score", "low": "1", "high": 2})
    for sent in (*wrong, {"of": "score", "low": float("nan"), "high": 1}, {"of": "length", "low": 0, "high": 1e99}):
        with pytest.raises(InvalidInput, match="Click one"):
            bars.asked(sent)


def test_a_chart_has_a_bar_for_each_bin_and_none_to_click_where_nothing_is() -> None:
    bins = [HistogramBin(0, 2, 3, True, 0, 1), HistogramBin(2, 4, 0), HistogramBin(4, 6, 12, False, 4, 4)]
    shown = bars.chart(SortKey.length, bins)
    assert [(bar["height"], bar["is_empty"]) for bar in shown["bars"]] == [(25.0, False), (0, True), (100.0, False)]
    assert [bar["words"] for bar in shown["bars"]] == [
        "Tokens 0 to 1: 3 samples",
        "Tokens 2 to 4: 0 samples",
        "Tokens 4: about 12 samples",
    ]
