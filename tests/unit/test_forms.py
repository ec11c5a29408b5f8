"""Forms: what a knob shows, what is read back, and errors that name the field."""

from functools import cache

import gradio as gr
import pytest

from app import form_values, forms
from app.widgets.form_fields import touched
from backend.errors import InvalidInput
from backend.services.recipes import parts
from backend.services.recipes.knobs import Knob, KnobType
from tests.drawing import drawing
from tests.event_loops import in_event_loop

STARTS = {known["name"]: known for known in parts.recipes()}


@cache
@in_event_loop
def drawn(recipe: str) -> forms.Form:
    """A recipe's form, drawn into a page of its own. Reading and switching leave it as it is."""
    start = STARTS[recipe]
    form = forms.Form(start=start)
    with drawing():
        for spot in parts.spots(start):
            (forms.draw_parts if spot.is_many else forms.draw_part)(form, spot.path, spot.kind, spot.kind)
        forms.draw_knobs(form, (), parts.recipe_knobs())
    return form


def shown(form: forms.Form) -> list[object]:
    """What the browser would send back if nobody touched anything."""
    return [drawn.input.value for drawn in form.fields]


def place(form: forms.Form, *path: str | int) -> int:
    return [drawn.path for drawn in form.fields].index(path)


@pytest.mark.parametrize("recipe", STARTS)
def test_reading_an_untouched_form_returns_the_recipe(recipe: str) -> None:
    form = drawn(recipe)
    assert parts.validate(form.read(shown(form))) == form.start


def test_reading_puts_a_changed_value_into_its_slot_only() -> None:
    form = drawn("self_rewarding")
    values = shown(form)
    values[place(form, "judge", "votes")] = 7
    read = form.read(values)
    assert read["judge"]["votes"] == 7
    assert {**read, "judge": None} == {**form.start, "judge": None}
    assert form.start["judge"]["votes"] != 7


@pytest.mark.parametrize(
    ("path", "typed", "message"),
    [
        (("judge", "votes"), 0, "judge.votes: must be at least 1"),
        (("judge", "votes"), 2.5, "judge.votes: must be a whole number"),
        (("generator", "top_p"), 0, "generator.top_p: must be greater than 0"),
        (("generator", "temperature"), 9, "generator.temperature: must be at most 5"),
        (("mix_share",), 1, "mix_share: must be less than 1"),
    ],
)
def test_validation_names_the_field(path: tuple[str, ...], typed: float, message: str) -> None:
    form = drawn("self_rewarding")
    values = shown(form)
    values[place(form, *path)] = typed
    with pytest.raises(InvalidInput) as raised:
        parts.validate(form.read(values))
    assert raised.value.message.startswith(message)


@pytest.mark.parametrize(
    ("path", "typed", "message"),
    [
        (("judge", "votes"), None, "judge.votes: must be a number"),
        (("trainer", "loss_weights"), "1, two", "trainer.loss_weights: must be numbers with commas between them"),
        (("trainer", "lora_target_modules"), "[", "trainer.lora_target_modules: is not JSON"),
    ],
)
def test_reading_names_the_field_that_cannot_be_read(path: tuple[str, ...], typed: object, message: str) -> None:
    form = drawn("self_rewarding")
    values = shown(form)
    values[place(form, *path)] = typed
    with pytest.raises(InvalidInput) as raised:
        form.read(values)
    assert raised.value.message.startswith(message)


def test_a_nested_part_is_drawn_and_read() -> None:
    form = drawn("rejection_sampling")
    metric = [part["name"] for part in form.start["metrics"]].index("held_out_accuracy")
    values = shown(form)
    values[place(form, "metrics", metric, "verifier", "pattern")] = "= (.*)"
    assert form.read(values)["metrics"][metric]["verifier"]["pattern"] == "= (.*)"


def test_switching_a_part_keeps_knobs_of_the_same_name() -> None:
    form = drawn("self_rewarding")
    values = shown(form)
    values[place(form, "trainer", "learning_rate")] = 3e-4
    switch = next(s for s in form.switches if s.path == ("trainer",))
    read = form.switched(switch, values, "sft")
    assert read["trainer"]["name"] == "sft"
    assert read["trainer"]["learning_rate"] == 3e-4
    assert "beta" not in read["trainer"]


@pytest.mark.parametrize("chosen", [None, [], ["sample"], 7, "nothing", "exact_match", {}])
def test_what_a_dropdown_does_not_offer_is_refused(chosen: object) -> None:
    form = drawn("self_rewarding")
    switch = next(entry for entry in form.switches if entry.path == ("generator",))
    with pytest.raises(InvalidInput, match="There is no such generator"):
        form.switched(switch, shown(form), chosen)


@pytest.mark.parametrize("chosen", [None, "length", ["length", 3], ["nothing"], {}])
def test_metrics_that_are_not_offered_are_refused(chosen: object) -> None:
    form = drawn("self_rewarding")
    switch = next(entry for entry in form.switches if entry.path == ("metrics",))
    with pytest.raises(InvalidInput, match="There is no such metric"):
        form.switched(switch, shown(form), chosen)


def test_switching_metrics_keeps_those_that_stay() -> None:
    form = drawn("rejection_sampling")
    switch = next(s for s in form.switches if s.is_many)
    read = form.switched(switch, shown(form), ["pass_at_k", "score_ties"])
    before = next(part for part in form.start["metrics"] if part["name"] == "pass_at_k")
    assert read["metrics"] == [before, {"name": "score_ties"}]


def test_an_optional_part_can_be_unset_and_set() -> None:
    form = drawn("rejection_sampling")
    quality = [part["name"] for part in form.start["metrics"]].index("judge_quality")
    switch = next(s for s in form.switches if s.path == ("metrics", quality, "verifier"))
    assert form.switched(switch, shown(form), "exact_match")["metrics"][quality]["verifier"]["name"] == "exact_match"
    assert form.switched(switch, shown(form), form_values.UNSET)["metrics"][quality]["verifier"] is None


def test_strings_survive_line_breaks_and_backslashes() -> None:
    knob = Knob("stop", KnobType.strings, [])
    texts = ["\n\nQ:", "a\\nb", "\t", "plain"]
    assert form_values.from_input(knob, form_values.to_input(knob, texts), "stop") == texts


@pytest.mark.parametrize(("typed", "value"), [(form_values.UNSET, None), ("yes", True), ("no", False)])
def test_an_optional_switch_has_three_states(typed: str, value: bool | None) -> None:
    knob = Knob("bf16", KnobType.boolean, None, is_optional=True)
    assert form_values.from_input(knob, typed, "bf16") is value
    assert form_values.to_input(knob, value) == typed


def test_help_says_bounds_and_default() -> None:
    knob = Knob("n", KnobType.integer, 4, "samples of each prompt", "at least 1")
    assert form_values.help_text(knob) == "Samples of each prompt (at least 1, default 4)"


def test_a_recipe_whose_parts_do_not_fit_says_so() -> None:
    form = drawn("self_rewarding")
    switch = next(s for s in form.switches if s.path == ("trainer",))
    with pytest.raises(InvalidInput, match="Choose a selector and a trainer that fit"):
        parts.validate(form.switched(switch, shown(form), "sft"))


def test_changing_the_recipe_keeps_slots_with_the_same_part() -> None:
    start = STARTS["self_rewarding"]
    start = start | {"generator": start["generator"] | {"n": 13}}
    changed = parts.switch_recipe(start, "self_consistency_preference")
    assert changed["generator"]["n"] == 13
    assert changed["judge"]["name"] == "majority_vote"
    parts.validate(changed)


def test_every_knob_is_described() -> None:
    missing = [
        f"{kind}.{name}.{knob.name}"
        for kind, named in parts.describe().items()
        for name, knobs in named.items()
        for knob in knobs
        if not knob.description
    ]
    assert missing == []


def test_a_step_is_drawn_at_its_place_and_says_what_it_works_on() -> None:
    start = STARTS["star"]
    spots = parts.spots(start)
    assert [spot.path for spot in spots][-3:] == [("steps", 8, "part"), ("schedule",), ("metrics",)]
    assert spots[5].line == "6. generator: sample, works on: ask (step 5), by: policy"
    form = drawn("star")
    values = shown(form)
    values[place(form, "steps", 5, "part", "n")] = 3
    changed = parts.validate(form.read(values))
    assert changed["steps"][5]["part"]["n"] == 3
    assert changed["steps"][1]["part"]["n"] == 1
    phased = STARTS["meta_rewarding"]
    assert (
        parts.spots(phased)[1].line == "Phase 1, step 2. generator: sample, works on: prompt_set (step 1), by: policy"
    )


def test_another_recipe_takes_over_what_both_hold() -> None:
    start = STARTS["rejection_sampling"]
    assert parts.switch_recipe(start, "star")["schedule"] == start["schedule"]
    assert (
        parts.switch_recipe(parts.switch_recipe(start, "star"), "self_rewarding")["judge"]["name"] == "additive_rubric"
    )


@in_event_loop
def test_knobs_of_hardware_are_folded_behind_the_others() -> None:
    folded = []

    def fold(path: forms.Path, title: str) -> gr.Accordion:
        folded.append((path, title))
        return gr.Accordion(title, open=False)

    form = forms.Form(start={"trainer": parts.defaults("trainer", "sft")}, fold=fold)
    with drawing():
        forms.draw_knobs(form, ("trainer",), parts.describe()["trainer"]["sft"])
    assert folded == [(("trainer", "Hardware"), "Hardware: 6 knobs")]
    last = [str(drawn.path[-1]) for drawn in form.fields][-6:]
    assert last == ["gradient_checkpointing", "bf16", "dtype", "num_processes", "strategy", "load_in_4bit"]


@in_event_loop
def test_a_list_of_several_choices_tells_of_what_sends_no_input() -> None:
    with drawing():
        several, single = gr.Dropdown(["a", "b"], multiselect=True), gr.Dropdown(["a", "b"])
        events = [[event.event_name for event in touched(field)] for field in (several, single)]
    assert events == [["input", "change"], ["input"]]


def test_every_refused_field_is_named_by_its_label() -> None:
    form = drawn("self_rewarding")
    values = shown(form)
    values[place(form, "generator", "top_p")], values[place(form, "mix_share")] = 2, 1
    with pytest.raises(InvalidInput) as raised:
        parts.validate(form.read(values))
    assert set(form.labelled(raised.value.message).split("\n")) == {
        "Generator, Top-p (top_p): must be at most 1.0",
        "Share of seed rows (mix_share): must be less than 1.0",
    }
    values[place(form, "judge", "votes")], values[place(form, "generator", "top_p")] = None, ""
    with pytest.raises(InvalidInput) as raised:
        form.read(values)
    assert raised.value.message == "generator.top_p: must be a number\njudge.votes: must be a number"
