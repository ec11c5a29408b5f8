"""What two rounds were asked for differently: the parts of their recipes, knob by knob, and their settings."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.recipes import STEPS
from backend.services.recipes import parts
from backend.services.recipes.knob_labels import label_of
from backend.services.recipes.steps_edit import as_steps
from backend.services.recipes.titles import title_of
from backend.values import JSON

NOT_THERE, THERE = "not there", "there"
BESIDE_STEPS = (*STEPS, "steps", "phases", "name", "title", "paper")
BESIDE_PART: JSON = {"name": "", "by": "", "of": "", "roles": []}
BESIDE = "step: "
"""What the name of a knob begins with that the step says, not its part."""
SETTINGS = ("num_prompts", "seed", "phase", "is_reviewed", "is_blind", "engine")
Place = int | tuple[str, int] | None
"""A step of the older round by its place; one that it lacks by its part, and which of those of this part it is; None
beside the steps."""


@dataclass(frozen=True)
class DifferingKnob:
    """One that differs, with both values in words. `place`: the step, such as `3. judge additive_rubric`; empty for
    what the round says beside its steps. `label`: what pages call it."""

    place: str
    name: str
    old: str
    new: str
    label: str


def differing(db: Session, old: tables.Round, new: tables.Round) -> tuple[DifferingKnob, ...]:
    """The knobs whose values differ, the settings of the rounds first, then step by step."""
    return tuple(knob for _, knob in placed(db, old, new))


def placed(db: Session, old: tables.Round, new: tables.Round) -> list[tuple[Place, DifferingKnob]]:
    """The same, each with its step, as differences of several rounds from one are put together by it."""
    before, after = _settings(db, old), _settings(db, new)
    return [*((None, knob) for knob in _differing("", before, after)), *_of_steps(_steps(old), _steps(new))]


def _differing(place: str, old: JSON, new: JSON, step: JSON | None = None) -> Iterator[DifferingKnob]:
    for name in dict.fromkeys([*old, *new]):
        first, other = (values.get(name, NOT_THERE) for values in (old, new))
        if first != other:
            yield DifferingKnob(place, name, in_words(first), in_words(other), _label(name, step))


def _of_steps(old: list[JSON], new: list[JSON]) -> Iterator[tuple[Place, DifferingKnob]]:
    """Steps of the same part stand opposite each other, wherever others were put in or taken out."""
    kinds = [[f"{step['kind']} {step['part'].get('name')}" for step in steps] for steps in (old, new)]
    added = Counter[str]()
    for what, i, j, k, m in SequenceMatcher(None, kinds[0], kinds[1], autojunk=False).get_opcodes():
        if what == "equal":
            for n, (first, other) in enumerate(zip(old[i:j], new[k:m], strict=True)):
                for knob in _differing(_place(k + n, other), _knobs(first), _knobs(other), other):
                    yield i + n, knob
            continue
        for place, step in enumerate(old[i:j], i):
            yield place, DifferingKnob(_place(place, step), "step", in_words(step["part"]), NOT_THERE, "Step")
        for place, step in enumerate(new[k:m], k):
            part, text = kinds[1][place], in_words(step["part"])
            yield (part, added[part]), DifferingKnob(_place(place, step), "step", NOT_THERE, text, "Step")
            added[part] += 1


def of_step(place: str, texts: Sequence[str]) -> list[tuple[str, str, tuple[str, ...]]]:
    """A step that rounds have or lack, knob by knob: name, label and each round's value, the step itself first.

    `texts`: each round's part as `DifferingKnob` words it, or that there is none. Where several rounds have the step,
    its knobs that differ follow; where one has it alone, those that are not as the part has them.
    """
    kind = place.split(" ")[1]
    known: dict[int, JSON] = {n: json.loads(text) for n, text in enumerate(texts) if text.startswith("{")}
    listed = [("step", "Step", tuple(THERE if n in known else text for n, text in enumerate(texts)))]
    part = next(iter(known.values()))
    flat = {n: _flat(known_part) for n, known_part in known.items()}
    others = [*flat.values()]
    if len(others) == 1 and kind in parts.describe():
        others.append(_flat(parts.defaults(kind, str(part.get("name")))))
    for name in dict.fromkeys(name for values in flat.values() for name in values if name != "name"):
        if len({in_words(values.get(name, NOT_THERE)) for values in others}) > 1:
            words = {n: in_words(values.get(name, NOT_THERE)) for n, values in flat.items()}
            label = _label(name, {"kind": kind, "part": part})
            listed.append((name, label, tuple(words.get(n, text) for n, text in enumerate(texts))))
    return listed


def of_trainers(rounds: Mapping[int, tables.Round]) -> tuple[str, list[tuple[str, str, dict[int, str]]]] | None:
    """The knobs that the trainers of rounds have in common: their place, and of each name, label and value by round.

    Those that do not differ are among them. None where a round has no trainer or several, or where all have the same.
    """
    trainers: dict[int, tuple[int, JSON]] = {}
    for n, round_ in rounds.items():
        steps = [(place, step) for place, step in enumerate(_steps(round_)) if step["kind"] == "trainer"]
        if len(steps) != 1:
            return None
        trainers[n] = steps[0]
    names = [*dict.fromkeys(str(step["part"].get("name")) for _, step in trainers.values())]
    if len(names) < 2:
        return None
    flat = {n: _flat(_with_defaults(step["part"])) for n, (_, step) in trainers.items()}
    place, first = next(iter(trainers.values()))
    shared = [name for name in flat[next(iter(flat))] if all(name in knobs for knobs in flat.values())]
    return (
        f"{place + 1}. trainer {', '.join(names)}",
        [
            (name, _label(name, first), {n: in_words(knobs[name]) for n, knobs in flat.items()})
            for name in shared
            if name != "name"
        ],
    )


def _with_defaults(trainer: JSON) -> JSON:
    """A trainer as it stands in a round's row, with the knobs that the row leaves out; as it is if not installed."""
    name = str(trainer.get("name"))
    return parts.defaults("trainer", name) | trainer if name in parts.describe()["trainer"] else trainer


def _place(place: int, step: JSON) -> str:
    return f"{place + 1}. {step['kind']} {step['part'].get('name', '')}".strip()


def _label(name: str, step: JSON | None) -> str:
    """What pages call a knob of a step, or of the round; one inside another keeps its path beside the words."""
    if name.startswith(BESIDE):
        return label_of(name.removeprefix(BESIDE), "step")
    if " " in name:
        return f"{name[:1].upper()}{name[1:]}"
    if step is None or "." in name:
        words, _, _ = label_of(name.rsplit(".", 1)[-1]).partition(" (")
        return f"{words} ({name})"
    return parts.label(step["kind"], str(step["part"].get("name")), name)


def _steps(round_: tables.Round) -> list[JSON]:
    """The steps of the round's phase, as they stand in its row: a part that is no longer installed is data, too."""
    recipe = round_.recipe if "generator" not in round_.recipe else as_steps(round_.recipe)
    phases = recipe.get("phases") or [{"steps": recipe.get("steps", [])}]
    listed = phases[min(round_.phase, len(phases) - 1)].get("steps", [])
    return [{"kind": ""} | (step if "part" in step else {"part": step}) for step in listed]


def _knobs(step: JSON) -> JSON:
    """A step's knobs: those of its part, and what the step says beside it."""
    beside = {f"{BESIDE}{name}": step.get(name) or empty for name, empty in BESIDE_PART.items()}
    return _flat(step["part"]) | beside


def _flat(value: Any, before: str = "") -> JSON:
    """The values inside by their path, `judge.accept_at`."""
    if isinstance(value, dict):
        pairs: list[tuple[str, Any]] = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        pairs = [(str(number), item) for number, item in enumerate(value)]
    else:
        return {before: value}
    flat: JSON = {}
    for key, item in pairs:
        flat |= _flat(item, f"{before}.{key}" if before else key)
    return flat


def _settings(db: Session, round_: tables.Round) -> JSON:
    recipe = round_.recipe
    beside = {name: value for name, value in recipe.items() if name not in BESIDE_STEPS}
    roles = {"policy": round_.policy_id, "reference": round_.reference_id, "judge": round_.judge_id}
    bound = select(tables.RoundRole.role, tables.RoundRole.checkpoint_id).where(
        tables.RoundRole.round_id == round_.id, tables.RoundRole.step < 0
    )
    roles |= dict(db.execute(bound).tuples().all())
    names = _names(db, tables.Checkpoint, [role for role in roles.values() if role is not None])
    used = select(tables.RoundPromptSet.use, tables.RoundPromptSet.prompt_set_id).where(
        tables.RoundPromptSet.round_id == round_.id
    )
    sets = db.execute(used).tuples().all()
    titles = _names(db, tables.PromptSet, [id_ for _, id_ in sets])
    by_use = {
        f"prompt sets to {use}": sorted(titles.get(id_, str(id_)) for other, id_ in sets if other == use)
        for use, _ in sorted(sets)
    }
    return {
        "recipe": title_of(recipe),
        **{f"role {role}": names.get(id_ or 0, "the policy") for role, id_ in roles.items()},
        **by_use,
        **{name: getattr(round_, name) for name in SETTINGS},
        **_flat(round_.review, "review"),
        **_flat(beside),
    }


def _names(db: Session, entity: type[tables.Checkpoint] | type[tables.PromptSet], ids: list[int]) -> dict[int, str]:
    return dict(db.execute(select(entity.id, entity.name).where(entity.id.in_(ids))).tuples().all())


def in_words(value: Any) -> str:
    """A value as it stands in JSON; texts without quotation marks, nothing as `none`."""
    if value is None:
        return "none"
    if isinstance(value, str):
        return value or "(empty)"
    return json.dumps(value, ensure_ascii=False)
