"""Forms call every knob by words, with the field's name beside them."""

import re
from collections import Counter

import pytest
from pydantic import BaseModel, Field

from app import forms
from app.forms import Form
from app.widgets import round_opening_texts
from backend.services.recipes import knob_labels, parts, steps_edit
from backend.services.recipes.knobs import knobs_of
from backend.services.round_report.shapes import SetKnob, StepAsked
from tests.drawing import drawing
from tests.event_loops import in_event_loop

BESIDE_PARTS = [*parts.recipe_knobs(), *parts.review_knobs(), *steps_edit.knobs()]
KNOBS = {f"{kind}.{part}": knobs for kind, named in parts.describe().items() for part, knobs in named.items()}


@pytest.mark.parametrize(
    ("name", "part", "label"),
    [
        ("n", "sample", "Samples per prompt (n)"),
        ("n", "distinct_n", "Length of the n-grams (n)"),
        ("max_tokens", "sample", "Max tokens (max_tokens)"),
        ("top_p", "sample", "Top-p (top_p)"),
        ("num_train_epochs", "sft", "Number of train epochs (num_train_epochs)"),
        ("lora_r", "sft", "LoRA rank (lora_r)"),
        ("temperature", "sample", "Temperature"),
        ("is_blind", "", "Blind (is_blind)"),
    ],
)
def test_a_label_is_words_with_the_name_beside_them(name: str, part: str, label: str) -> None:
    assert knob_labels.label_of(name, part) == label


def test_what_a_field_says_of_itself_comes_first() -> None:
    class Plugin(BaseModel):
        n: int = Field(1, title="Cups of tea")

    assert [knob.label for knob in knobs_of(Plugin, called="sample")] == ["Cups of tea (n)"]


def test_names_that_are_no_words_have_a_label_of_their_own() -> None:
    """A name with a piece of one or two letters (`n`, `top_k`, `judge_by`) says nothing to who reads it first."""
    unread = {
        f"{part}.{knob.name}"
        for part, knobs in {"": BESIDE_PARTS, **KNOBS}.items()
        for knob in knobs
        if any(len(piece) < 3 for piece in knob.name.removeprefix("is_").split("_"))
        and knob.name not in knob_labels.LABELS
        and f"{part.rpartition('.')[2]}.{knob.name}" not in knob_labels.LABELS
        and not set(knob.name.split("_")) & set(knob_labels.SPELLED)
    }
    assert unread == set()


def test_every_label_of_the_table_is_a_knobs() -> None:
    names = {knob.name for knobs in [*KNOBS.values(), BESIDE_PARTS] for knob in knobs}
    alone = {f"{part.rpartition('.')[2]}.{knob.name}" for part, knobs in KNOBS.items() for knob in knobs}
    alone |= {f"step.{knob.name}" for knob in steps_edit.knobs()}
    assert set(knob_labels.LABELS) - names - alone == set()


def test_no_part_has_two_knobs_of_one_label() -> None:
    twice = {part: [x for x, n in Counter(k.label for k in knobs).items() if n > 1] for part, knobs in KNOBS.items()}
    assert {part: labels for part, labels in twice.items() if labels} == {}


@in_event_loop
def test_a_form_draws_labels_and_knows_names() -> None:
    form = Form(start={"generator": parts.defaults("generator", "sample")})
    with drawing():
        forms.draw_part(form, ("generator",), "generator", "generator")
    labels = {field.knob.name: field.input.label for field in form.fields}
    assert labels["n"] == "Samples per prompt (n)"
    assert labels["max_tokens"] == "Max tokens (max_tokens)"
    assert all(re.search(r"[A-Za-z]{3}", label) and "_" not in label.partition(" (")[0] for label in labels.values())


def test_a_rounds_page_says_the_same_labels() -> None:
    asked = StepAsked(
        2,
        "2. generator: sample",
        "generator",
        "sample",
        "",
        "",
        (SetKnob("n", "8", "4", True), SetKnob("by", "a", "b", True)),
    )
    assert [shown["name"] for shown in round_opening_texts._step(asked)["knobs"]] == [
        "Samples per prompt (n)",
        "Role that acts (by)",
    ]
