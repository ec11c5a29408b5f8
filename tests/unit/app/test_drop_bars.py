"""Why rows fell out, as bars."""

from app.widgets import drop_bars


def test_each_reason_has_a_bar_and_the_longest_comes_first() -> None:
    bars = drop_bars.bars([("tie", 5, "samples?x"), ("rejected", 1_200, "")], [("seed rows", 300, "datasets?y")])
    assert [(bar["reason"], bar["count"], bar["width"], bar["sign"]) for bar in bars] == [
        ("rejected", "1,200", 100.0, ""),
        ("tie", "5", 0.4, ""),
        ("seed rows", "300", 25.0, "+"),
    ]
    assert [bar["joined"] for bar in bars] == [False, False, True]
    assert drop_bars.bars([]) == []


def test_the_markup_escapes_what_a_plugin_calls_its_reasons() -> None:
    text = drop_bars.template("value.drops")
    assert "{{#each value.drops}}" in text
    assert "{{{" not in text
    assert "${" not in text
