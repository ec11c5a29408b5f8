"""The fields of a new round beside its recipe: prompts, checkpoints, review, numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from app.form_values import all_of, from_input, to_input
from app.forms import Form, draw_knobs
from app.widgets import branch_review
from app.widgets.form_fields import FormField
from backend.errors import InvalidInput
from backend.services import checkpoints, prompts
from backend.services.access import Actor
from backend.services.checkpoints import SCORER, CheckpointRow, wrappers
from backend.services.plans import auto_rules, checks
from backend.services.recipes import parts
from backend.services.recipes.knobs import Knob, KnobType
from backend.services.rounds import Plan
from backend.translations import N_, gettext
from backend.values import Split

SELF_JUDGE = 0
"""Stands for "the judge is the policy" in the dropdown, which cannot hold None."""


@dataclass(frozen=True)
class RoundFields:
    """The components, in the order in which handlers get their values."""

    sample_sets: gr.Dropdown
    held_out_sets: gr.Dropdown
    mix_sets: gr.Dropdown
    num_prompts: gr.Number
    seed: gr.Number
    policy: gr.Dropdown
    reference: gr.Dropdown
    judge: gr.Dropdown
    is_reviewed: gr.Checkbox
    is_blind: gr.Checkbox
    num_rounds: gr.Number
    stop_rules: gr.CheckboxGroup
    engine: gr.Radio
    review: Form

    @property
    def inputs(self) -> list[FormField]:
        own = [getattr(self, name) for name in self.__dataclass_fields__ if name != "review"]
        return [*own, *self.review.inputs]


def draw() -> RoundFields:
    """Lay the fields out in three groups."""
    with gr.Accordion(N_("Prompts"), open=True):
        with gr.Row():
            sample_sets = _sets(
                N_("Prompt sets"), N_("What the policy is asked. Only train sets are listed."), "sample-sets"
            )
            held_out = _sets(N_("Held-out sets"), N_("What checkpoints are measured on; never trained on."), "held-out")
            mix = _sets(N_("Seed sets to mix in"), N_("Answered prompts to train on as well (mix_share)."), "mix-sets")
        with gr.Row():
            number = gr.Number(
                500,
                label=N_("Number of prompts"),
                info=N_("Drawn from the sets."),
                interactive=True,
                elem_id="num-prompts",
            )
            seed = gr.Number(
                0, label=N_("Seed"), info=N_("Same seed, same fields: same round."), interactive=True, elem_id="seed"
            )
    with gr.Accordion(N_("Checkpoints"), open=True):
        with gr.Row():
            policy = _checkpoint(
                N_("Policy"), N_("Answers the prompts, and training starts from its weights."), "policy"
            )
            reference = _checkpoint(
                N_("Reference"),
                N_(
                    "What the loss holds the policy near. Usually the same checkpoint; take the base instead to keep "
                    "many rounds from drifting away from it. SFT has no use for it."
                ),
                "reference",
            )
            judge = _checkpoint(N_("Judge"), N_("Judges the samples. Unset, the policy judges itself."), "judge")
        engine = gr.Radio(
            [("transformers", "transformers"), ("vLLM", "vllm")],
            value="transformers",
            label=N_("Engine"),
            info=N_(
                "What serves model folders. vLLM is a server that Rondo starts for the round's stages and ends when "
                "idle. It has to be installed, and takes half a minute or more to start."
            ),
            interactive=True,
            elem_id="engine",
        )
    with gr.Accordion(N_("Review"), open=True):
        with gr.Row():
            reviewed = gr.Checkbox(
                True,
                label=N_("People review"),
                info=branch_review.REVIEWED,
                interactive=True,
                elem_id="is-reviewed",
            )
            blind = gr.Checkbox(
                True,
                label=N_("Blind"),
                info=branch_review.BLIND,
                interactive=True,
                elem_id="is-blind",
            )
        with gr.Accordion(N_("How people review"), open=False, elem_id="review-settings"):
            review = Form(start=parts.review_defaults())
            draw_knobs(review, (), parts.review_knobs())
    with gr.Accordion(N_("Rounds"), open=False), gr.Row():
        rounds = gr.Number(
            1,
            label=N_("Rounds to run"),
            info=N_("This one included. Each goes on from the checkpoint of the one before, with the next seed."),
            interactive=True,
            elem_id="num-rounds",
        )
        rules = gr.CheckboxGroup(
            [(words, name) for name, words in auto_rules.RULES.items()],
            label=N_("No further round follows when"),
            value=[*auto_rules.RULES],
            interactive=True,
            elem_id="stop-rules",
        )
    numbers = sample_sets, held_out, mix, number, seed
    return RoundFields(*numbers, policy, reference, judge, reviewed, blind, rounds, rules, engine, review)


def filled(actor: Actor, project_id: int, plan: Plan) -> list[Any]:
    """Updates that show a plan, with what there is to choose from."""
    sets = prompts.list_sets(actor, project_id)
    train = [(f"{s.name} ({s.num_prompts:,})", s.id) for s in sets if s.split is Split.train]
    held_out = [(f"{s.name} ({s.num_prompts:,})", s.id) for s in sets if s.split is Split.held_out]
    rows = checkpoints.tree(actor, project_id)
    writing = [row for row in rows if row.kind != SCORER]
    needed = wrappers.needing_weights(plan.recipe)
    judges = [(gettext("the policy itself"), SELF_JUDGE), *map(_named, rows)]
    return [
        gr.Dropdown(choices=train, value=_known(plan.sample_set_ids, train), multiselect=True),
        gr.Dropdown(choices=held_out, value=_known(plan.held_out_set_ids, held_out), multiselect=True),
        gr.Dropdown(choices=train, value=_known(plan.mix_set_ids, train), multiselect=True),
        plan.num_prompts,
        plan.seed,
        _checkpoints(_fit(writing, needs_weights="policy" in needed), plan.policy_id),
        _checkpoints(_fit(writing, needs_weights="reference" in needed), plan.reference_id),
        _checkpoints(judges, plan.judge_id or SELF_JUDGE),
        *branch_review.fields(actor, plan),
        plan.num_rounds,
        [*plan.stop_rules],
        str(plan.engine),
        *review_inputs(plan.review),
    ]


def every(actor: Actor, project_id: int) -> list[tuple[str, int]]:
    """(name, id) of all checkpoints: what a role can be bound to."""
    return list(map(_named, checkpoints.tree(actor, project_id)))


def _fit(rows: Sequence[CheckpointRow], *, needs_weights: bool) -> list[tuple[str, int]]:
    """What may be chosen: of weights that can be trained, and endpoints, of which the estimate says why they cannot be.

    All of them where there is no such model.
    """
    fit = [row for row in rows if row.has_weights or row.is_endpoint or not needs_weights]
    return list(map(_named, fit if any(row.has_weights for row in fit) else rows))


def _named(row: CheckpointRow) -> tuple[str, int]:
    what = " (scorer)" if row.kind == SCORER else " (endpoint)" if row.is_endpoint else ""
    return f"{row.name}{what}", row.id


def plan_of(recipe: dict[str, Any], origin: dict[str, Any] | None, values: list[Any]) -> Plan:
    """The plan that the fields say, with what `branch_review.origin_of` kept of the plan that filled them.

    Raises `InvalidInput` with the label of each wrong field.
    """
    sample, held_out, mix, number, seed, policy, reference, judge, reviewed, blind, rounds, rules, engine, *review = (
        values
    )
    policy_id, reference_id, judge_id, num_prompts, first, num_rounds, settings = all_of(
        lambda: _chosen(policy, gettext("Policy")),
        lambda: _chosen(reference, gettext("Reference")),
        lambda: _chosen(judge or SELF_JUDGE, gettext("Judge")),
        lambda: _whole(number, gettext("Number of prompts"), lowest=1),
        lambda: _whole(seed, gettext("Seed"), lowest=0),
        lambda: _whole(rounds, gettext("Rounds to run"), lowest=1),
        lambda: review_of(review),
    )
    return Plan(
        recipe=recipe,
        policy_id=policy_id,
        reference_id=reference_id,
        judge_id=judge_id or None,
        sample_set_ids=tuple(sample or ()),
        held_out_set_ids=tuple(held_out or ()),
        mix_set_ids=tuple(mix or ()),
        num_prompts=num_prompts,
        seed=first,
        num_rounds=num_rounds,
        stop_rules=tuple(rules or ()),
        engine=engine,
        review=settings,
        **({"is_reviewed": bool(reviewed), "is_blind": bool(blind)} | (origin or {})),
    )


def names() -> list[str]:
    """What each field is kept by in a browser, in the order of `RoundFields.inputs`."""
    own = [name for name in RoundFields.__dataclass_fields__ if name != "review"]
    return [*own, *map(review_name, parts.review_knobs())]


def review_name(knob: Knob) -> str:
    return f"review.{knob.name}"


def review_inputs(stored: dict[str, Any]) -> list[Any]:
    """What the review's fields show."""
    known = parts.review_defaults() | stored
    return [to_input(knob, known[knob.name]) for knob in parts.review_knobs()]


def review_of(values: Sequence[Any]) -> dict[str, Any]:
    """The review settings that the fields say; raises `InvalidInput` with the label of each wrong field."""
    knobs = parts.review_knobs()
    readings = [partial(from_input, k, value, review_label(k)) for k, value in zip(knobs, values, strict=True)]
    return {k.name: value for k, value in zip(knobs, all_of(*readings), strict=True)}


def review_label(knob: Knob) -> str:
    """What a refusal calls the field of a review's setting."""
    return gettext("Review") + f", {knob.label}"


def field_ids(fields: RoundFields) -> dict[str, str]:
    """The ids of the fields by what a refusal calls each, in the language of who fills them in."""
    names = [name for name in RoundFields.__dataclass_fields__ if name != "review"]
    own = {gettext(str(getattr(fields, name).label)): str(getattr(fields, name).elem_id) for name in names}
    review = {review_label(drawn.knob): str(drawn.input.elem_id) for drawn in fields.review.fields}
    settings = {f"The review setting {drawn.knob.name}": str(drawn.input.elem_id) for drawn in fields.review.fields}
    return own | review | settings | {checks.NO_SETS: str(fields.sample_sets.elem_id)}


def _sets(label: str, info: str, name: str) -> gr.Dropdown:
    return gr.Dropdown(
        [], value=[], multiselect=True, label=label, info=info, min_width=240, interactive=True, elem_id=name
    )


def _checkpoint(label: str, info: str, name: str) -> gr.Dropdown:
    return gr.Dropdown([], value=None, label=label, info=info, min_width=240, interactive=True, elem_id=name)


def _checkpoints(choices: list[tuple[str, int]], chosen: int) -> gr.Dropdown:
    """One that is not to be chosen, such as a scorer as policy, shows as nothing: the estimate asks for another."""
    return gr.Dropdown(choices=choices, value=chosen if _known((chosen,), choices) else None)


def _known(ids: tuple[int, ...], choices: list[tuple[str, int]]) -> list[int]:
    there = {id_ for _, id_ in choices}
    return [id_ for id_ in ids if id_ in there]


def _chosen(value: int | None, name: str) -> int:
    if type(value) is not int:
        raise InvalidInput(f"{name}: choose a checkpoint")
    return value


def _whole(value: Any, name: str, *, lowest: int) -> int:
    number = from_input(Knob(name, KnobType.integer, None), value, name)
    if number != int(number) or not lowest <= number < 2**31:
        raise InvalidInput(f"{name}: must be a whole number of at least {lowest}")
    return int(number)
