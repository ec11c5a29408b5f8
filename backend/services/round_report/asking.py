"""What a round was asked to do: its recipe step by step, beside what the recipe of that name says; who acted."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import recipes
from backend.db import tables
from backend.db.many import in_chunks
from backend.errors import UnreadableRecipe
from backend.generators import Generator
from backend.recipes import Recipe, StepPlace
from backend.services.recipes.aligned import aligned
from backend.services.round_report.shapes import (
    RecipeSection,
    RoleAsked,
    SentTemplate,
    SetAsked,
    SetKnob,
    StageTime,
    StepAsked,
)
from backend.translations import N_, gettext, ngettext
from backend.values import JSON, SetUse

LONGEST = 300
"""Characters of a knob's value that are shown; templates are shown whole."""
BESIDE = ("of", "by", "roles")
"""What a step says beside its part."""
NOT_KNOBS = ("name", "title", "paper", "phases", "steps", "prompt_source", "generator", "judge", "selector", "trainer")


def asked(db: Session, row: tables.Round, stages: tuple[StageTime, ...]) -> RecipeSection:
    """Everything that was fixed at launch, and the jobs that it became."""
    roles, sets = _roles(db, row), _sets(db, row)
    missing = [] if any(set_asked.use == SetUse.held_out for set_asked in sets) else [gettext(NO_HELD_OUT)]
    try:
        recipe = recipes.read(row.recipe)
    except UnreadableRecipe:
        message = gettext(
            "The recipe of this round cannot be read: a part that it names is not installed any more, or takes other "
            "knobs now. Install the package that brings it; its JSON is at GET /api/v1/rounds/{id}."
        )
        return RecipeSection((), (), (), (), (), (), roles, sets, stages, (message, *missing))
    base = _base(db, row)
    if base is None:
        missing.append(
            gettext(
                "There is no recipe {name} any more, so its knobs are compared with the defaults of their parts."
            ).format(name=recipe.name)
        )
    places = recipe.places(row.phase)
    steps, removed = _steps(recipe, base, row.phase, places)
    knobs = _knobs(_beside(recipe), _beside(base) if base else {})
    few_shot = _few_shot(db, row, places)
    templates = tuple(template for place in places for template in _templates(place))
    return RecipeSection(
        steps, removed, knobs, _tuned(row.tuned), few_shot, templates, roles, sets, stages, tuple(missing)
    )


NO_HELD_OUT = N_(
    "The round has no held-out prompts, so nothing says whether its checkpoint is better. Import a set as held_out, "
    "and choose it when you launch the next round."
)


def _base(db: Session, row: tables.Round) -> Recipe | None:
    """The recipe of that name as it comes with Rondo, or as the project keeps it."""
    name, saved = str(row.recipe.get("name", "")), tables.SavedRecipe
    if name in recipes.names():
        return recipes.get(name)
    of_project = select(saved.recipe).where(saved.project_id == row.project_id, saved.name == name)
    recipe = db.scalar(of_project)
    try:
        return None if recipe is None else recipes.read(recipe)
    except UnreadableRecipe:
        return None


def _steps(
    recipe: Recipe, base: Recipe | None, phase: int, places: tuple[StepPlace, ...]
) -> tuple[tuple[StepAsked, ...], tuple[str, ...]]:
    """The steps, each beside the recipe's own step that it stands for, and those of the recipe that are not here."""
    before = base.places(phase) if base else ()
    pairs, replaced, gone = aligned([_key(place) for place in before], [_key(place) for place in places])
    steps = []
    for place, line in zip(places, recipe.lines(phase), strict=True):
        part, other = place.step.part, pairs.get(place.index)
        old = before[other] if other is not None else None
        defaults = old.step.part.dump() if old else _defaults(part)
        knobs = _knobs(part.dump(), defaults, leave_out=("name", *_texts_of(part)))
        if old is not None:
            beside = {name: getattr(place.step, name) for name in BESIDE}
            was = {name: getattr(old.step, name) for name in BESIDE}
            knobs += tuple(knob for knob in _knobs(beside, was) if knob.differs)
        is_new = base is not None and place.index not in pairs
        state = ("replaced" if place.index in replaced else "added") if is_new else ""
        steps.append(StepAsked(place.index + 1, line, place.step.kind, str(part.name), place.step.name, state, knobs))
    lines = base.lines(phase) if base else []
    return tuple(steps), tuple(lines[n] for n in gone)


def _key(place: StepPlace) -> tuple[str, str]:
    return place.step.kind, str(place.step.part.name)


def _defaults(part: Any) -> JSON:
    """The defaults of a part's fields, as JSON; a field that has none is left out."""
    fields = type(part).model_fields.items()
    whole = {name: field.get_default(call_default_factory=True) for name, field in fields if not field.is_required()}
    return {name: _plain(value) for name, value in whole.items()}


def _plain(value: Any) -> Any:
    if hasattr(value, "dump"):
        return value.dump()
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def _beside(recipe: Recipe) -> JSON:
    data = recipe.model_dump(mode="json")
    return {name: value for name, value in data.items() if name not in NOT_KNOBS}


def _knobs(values: JSON, defaults: JSON, *, leave_out: tuple[str, ...] = ()) -> tuple[SetKnob, ...]:
    """Each value with its default; what the recipe has no text for differs from nothing."""
    return tuple(
        SetKnob(
            name,
            _said(value),
            _said(defaults[name]) if name in defaults else None,
            name in defaults and _said(defaults[name], whole=True) != _said(value, whole=True),
        )
        for name, value in values.items()
        if name not in leave_out
    )


def _said(value: Any, *, whole: bool = False) -> str:
    text = value if isinstance(value, str) else json.dumps(_plain(value), ensure_ascii=False, default=str)
    return text if whole or len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _texts_of(part: Any) -> tuple[str, ...]:
    """The knobs of a part that are texts it sends."""
    return tuple(
        name
        for name in type(part).model_fields
        if isinstance(value := getattr(part, name), str) and (name.endswith("template") or "\n" in value)
    )


def _templates(place: StepPlace) -> list[SentTemplate]:
    part = place.step.part
    texts = [(name, text) for name in _texts_of(part) if (text := str(getattr(part, name)))]
    return [
        SentTemplate(place.index + 1, name, hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(), text)
        for name, text in texts
    ]


def _tuned(tuned: JSON) -> tuple[str, ...]:
    """What the schedule changed."""
    changes: Mapping[str, Any] = tuned.get("changes") or {}
    return tuple(
        f"{place}.{name}: {_said(value)}" if isinstance(knobs, dict) else f"{place}: {_said(knobs)}"
        for place, knobs in changes.items()
        for name, value in (knobs.items() if isinstance(knobs, dict) else [("", None)])
    )


def _few_shot(db: Session, row: tables.Round, places: tuple[StepPlace, ...]) -> tuple[str, ...]:
    """What each step may show before its prompts."""
    sample, round_, lines = tables.Sample, tables.Round, []
    for number, kept in sorted(row.few_shot.items(), key=lambda entry: int(entry[0])):
        query = select(round_.number).join(sample, sample.round_id == round_.id).distinct()
        rounds = {number for some in in_chunks(kept["ids"]) for number in db.scalars(query.where(sample.id.in_(some)))}
        part = places[int(number)].step.part if int(number) < len(places) else None
        num = part.few_shot.num if isinstance(part, Generator) and part.few_shot else 0
        whose = gettext("that are gone")
        if rounds:
            of = ngettext("of round {numbers}", "of rounds {numbers}", len(rounds))
            whose = of.format(numbers=", ".join(map(str, sorted(rounds))))
        lines.append(
            gettext(
                "Step {step} shows {shown} few-shot samples before each prompt, drawn from {number} accepted ones "
                "{whose} (hash {hash}). A sample's page shows its own."
            ).format(
                step=int(number) + 1,
                shown=num,
                number=f"{len(kept['ids']):,}",
                whose=whose,
                hash=kept["hash"][:12],
            )
        )
    return tuple(lines)


def _roles(db: Session, row: tables.Round) -> tuple[RoleAsked, ...]:
    bound, checkpoint = tables.RoundRole, tables.Checkpoint
    more = db.execute(
        select(bound.role, bound.step, bound.checkpoint_id)
        .where(bound.round_id == row.id)
        .order_by(bound.step, bound.role)
    ).all()
    roles: list[tuple[str, int, str]] = [
        ("policy", row.policy_id, "writes the texts"),
        ("reference", row.reference_id, ""),
        ("judge", row.judge_id or row.policy_id, "" if row.judge_id else "the policy itself"),
    ]
    roles += [(role, id_, "bound at launch" if step < 0 else f"made in step {step + 1}") for role, step, id_ in more]
    if row.checkpoint_id is not None:
        roles.append(("made", row.checkpoint_id, "what the round made"))
    query = select(checkpoint.id, checkpoint.name, checkpoint.kind).where(
        checkpoint.id.in_({id_ for _, id_, _ in roles})
    )
    known = {id_: (name, kind) for id_, name, kind in db.execute(query)}
    return tuple(RoleAsked(role, id_, *known.get(id_, ("", "")), note) for role, id_, note in roles)


def _sets(db: Session, row: tables.Round) -> tuple[SetAsked, ...]:
    used, prompts = tables.RoundPromptSet, tables.PromptSet
    query = select(prompts.id, prompts.name, used.use, prompts.num_prompts).join(used, used.prompt_set_id == prompts.id)
    rows = db.execute(query.where(used.round_id == row.id).order_by(used.use, prompts.id))
    return tuple(SetAsked(id_, name, str(use), number) for id_, name, use, number in rows)
