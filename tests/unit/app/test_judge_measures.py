"""Every measure of a judge's health has its name in the catalogue, and what it is of."""

import ast
from pathlib import Path

from app.widgets import judge_measures
from backend import translations
from backend.judges.additive_rubric import AdditiveRubric
from backend.judges.pairwise_swapped import PairwiseSwapped
from backend.pipeline import health
from backend.pipeline.health.shapes import HealthEvidence

FOLDER = Path(health.__file__).parent


def test_the_catalogue_has_the_title_of_each_measure() -> None:
    calls = (
        node
        for file in FOLDER.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
    )
    titles = {
        call.args[1].value
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "measure" and isinstance(call.args[1], ast.Constant)
    }
    assert titles == set(judge_measures.TITLES)


def test_the_catalogue_has_what_each_measure_is_of() -> None:
    """Of a judge that nothing is known of, each measure says what it would be of."""
    known = translations.read("de", translations.PAGES).forms
    assert set(judge_measures.ROWS) <= known.keys()
    for judge in (AdditiveRubric(), PairwiseSwapped()):
        evidence = HealthEvidence(judge=judge, judge_id=1)
        of = {measure.of for measure in health.health(evidence, health.HealthLimits()).measures}
        assert of <= set(judge_measures.ROWS)
