"""What each step of a recipe is and works on, in a line for people."""

from collections.abc import Sequence

from backend.generators import Generator
from backend.judges import Judge
from backend.mixers import Mixer
from backend.recipes._walk import StepPlace
from backend.trainers import Trainer
from backend.translations import gettext, pgettext


def line(places: Sequence[StepPlace], index: int) -> str:
    """Return the line of a step, in the reader's language.

    `3. judge: read_score, works on: answers (step 2), by: judge`.
    """
    place = places[index]
    step, part = place.step, place.step.part
    facts = [f"{index + 1}. {kind_word(step.kind)}: {part.name}"]
    if isinstance(part, Trainer):
        facts += [gettext("works on: {what}").format(what=_rows(place))] if place.rows else []
        facts.append(gettext("starts from: {role}").format(role=_role(part.start)))
        facts.append(gettext("makes: {role}").format(role=_role(step.makes)))
        facts += [gettext("rewarded by: {name}").format(name=judge.name) for judge in part.rewards]
        for role in part.asked_roles:
            by = gettext("guided by: {name}") if role in part.guides else gettext("judged by: {name}")
            facts.append(by.format(name=_role(role)))
    elif isinstance(part, Mixer):
        facts.append(gettext("works on: {what}").format(what=_rows(place)))
        facts += [gettext("looks at: {what}").format(what=_groups(places, place))] if part.reads_groups else []
    elif place.source is None:
        facts.append(gettext("works on: the round's prompt sets"))
    else:
        facts.append(gettext("works on: {what}").format(what=_groups(places, place)))
    if step.kind == "generator" or (isinstance(part, Judge) and part.needs_engine):
        facts.append(gettext("by: {role}").format(role=_role(step.by)))
    if isinstance(part, Generator):
        facts += [gettext("guided by: {name}").format(name=_role(role)) for role in part.asked_roles]
    return ", ".join(facts)


def kind_word(kind: str) -> str:
    """Return what people call a kind of parts that steps are."""
    words = {
        "prompt_source": pgettext("part", "prompt source"),
        "generator": pgettext("part", "generator"),
        "judge": pgettext("part", "judge"),
        "selector": pgettext("part", "selector"),
        "mixer": pgettext("part", "mixer"),
        "trainer": pgettext("part", "trainer"),
    }
    return words.get(kind, kind.replace("_", " "))


def _role(role: str) -> str:
    """What a role of every round is called (app/widgets/role_words.py); one that a recipe names keeps its name."""
    return pgettext("role", role)


def _rows(place: StepPlace) -> str:
    steps = [gettext("step {number}").format(number=n + 1) for n in place.rows]
    return gettext("the rows of {steps}").format(steps=_together(steps))


def _groups(places: Sequence[StepPlace], place: StepPlace) -> str:
    """The texts, or where there are none yet the questions, that a step works on."""
    assert place.source is not None
    shown = [places[n] for n in (place.texts or (place.source,))]
    text = gettext("{name} (step {number})")
    groups = _together(
        [text.format(name=source.step.name or source.step.part.name, number=source.index + 1) for source in shown]
    )
    if place.narrowed is None:
        return groups
    return gettext("{groups}, chosen by {name} (step {number})").format(
        groups=groups, name=places[place.narrowed].step.part.name, number=place.narrowed + 1
    )


def _together(words: Sequence[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return gettext("{first} and {last}").format(first=", ".join(words[:-1]), last=words[-1])
