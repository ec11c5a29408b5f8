"""Why rows fell out, as bars."""

from app.widgets import drop_bars


def test_each_reason_has_a_bar_and_the_longest_comes_first() -> None:
    made = drop_bars.bars([("tie", 5, "samples?x"), ("rejected", 1_200, "")], [("seed rows", 300, "datasets?y")])
    assert [(one["reason"], one["count"], one["width"], one["sign"]) for one in made] == [
        ("rejected", "1,200", 100.0, ""),
        ("tie", "5", 0.4, ""),
        ("seed rows", "300", 25.0, "+"),
    ]
    assert [one["joined"] for one in made] == [False, False, True]
    assert drop_bars.bars([]) == []


def test_the_markup_escapes_what_a_plugin_calls_its_reasons() -> None:
    made = drop_bars.template("value.drops")
    assert "{{#each value.drops}}" in made
    assert "{{{" not in made
    assert "${" not in made
