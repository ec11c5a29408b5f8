"""Labels of the program that are put together from stored words, as a German reader gets them."""

from app.pages.checkpoints import drawing
from app.widgets import round_work_texts
from app.widgets.formats import done_of
from backend import translations
from backend.pipeline.trained import say_rows
from backend.selectors import _margins
from backend.services import warnings
from backend.warning_rules import rule_classes


def test_why_samples_were_dropped_is_said_in_german() -> None:
    step = {"stage": "selected", "count": 1, "dropped": {"below threshold": 2, "rejected by a person": 1}}
    with translations.using("de"):
        shown = drawing._step(step)
        said_of_pairs = [translations.gettext(reason) for reason in _margins.REASONS[1:]]
    assert [bar["reason"] for bar in shown["drops"]] == ["unter der Schwelle", "von einem Menschen abgelehnt"]
    assert not set(said_of_pairs) & set(_margins.REASONS)


def test_lights_are_called_in_german_and_by_their_english_title_else() -> None:
    with translations.using("de"):
        german = {name: warnings.title_of(name) for name in rule_classes()}
    assert german["heavy_tail"] == "Heavy-Tail-Verteilung der Versuche"
    assert {name: warnings.title_of(name) for name in german} == {n: rule.title for n, rule in rule_classes().items()}


def test_rows_decisions_and_progress_are_said_in_german() -> None:
    used = {"rows": 10, "rows_used": 8, "rows_special": 1}
    assert say_rows(used).startswith("8 of 10 rows used; 1 was too long for max_length; 1 holds a special token")
    with translations.using("de"):
        assert say_rows(used).startswith("8 von 10 Zeilen verwendet; 1 war zu lang für max_length; 1 enthält ein")
        assert round_work_texts._decided("reject in bulk") == "abgelehnt in einem Zug"
        assert done_of(60, 60, "steps") == "Schritte: 60 von 60"
