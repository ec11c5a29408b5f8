"""What may be going wrong in a round: the lights of its rules, and the rows that each speaks of."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.errors import NotFound
from backend.services.access import Actor
from backend.services.rounds import get_row
from backend.services.samples import correctness, visibility
from backend.services.samples.rows import PREVIEW, SampleRow, read_rows
from backend.translations import gettext
from backend.values import WarningLevel
from backend.warning_rules import About, WarningRule, rule_classes

__all__ = [
    "About",
    "AnswersNamed",
    "PromptNamed",
    "RowsNamed",
    "WarningView",
    "about",
    "advice_of",
    "listed",
    "of_round",
    "rows",
    "title_of",
]
ORDER = (WarningLevel.red, WarningLevel.amber, WarningLevel.unknown, WarningLevel.green)


@dataclass(frozen=True)
class AnswersNamed:
    """Held-out answers that a light speaks of: those of two checkpoints, to the prompts of a category where it names
    one, as (note, value)."""

    old_checkpoint_id: int
    new_checkpoint_id: int
    category: tuple[str, Any] | None


@dataclass(frozen=True)
class WarningView:
    """One light. `limit`, `amber`: beyond what the number is red and amber; None where it never is. `is_below`: small
    numbers are bad; `is_at_limit`: those at the limit, too. `more`: what else has to hold. `advice`: what helps.

    `speaks_of`: of texts, of rows that were trained on, or of the checkpoint made; `of_checkpoint`: the policy that
    wrote the texts, or the checkpoint made of the rows, empty where there is none.

    `reason`: why the number is not known, or why a light is amber though the number is beyond the red limit. `rows`:
    how many texts and prompts it names.
    """

    name: str
    code: str
    title: str
    level: WarningLevel
    measures: str
    unit: str
    source: str
    value: float | None
    low: float | None
    high: float | None
    limit: float | None
    amber: float | None
    is_below: bool
    is_at_limit: bool
    more: str
    advice: str
    n: int
    counts: str
    reason: str
    stops: bool
    rows: int
    speaks_of: About
    of_checkpoint: str
    answers: AnswersNamed | None


@dataclass(frozen=True)
class PromptNamed:
    """A prompt that a warning speaks of; `text` is cut after `PREVIEW` characters."""

    id: int
    prompt_set_id: int
    prompt_set: str
    text: str


@dataclass(frozen=True)
class RowsNamed:
    """The texts and prompts that a warning speaks of."""

    warning: WarningView
    samples: tuple[SampleRow, ...]
    prompts: tuple[PromptNamed, ...]


def of_round(actor: Actor, round_id: int) -> tuple[WarningView, ...]:
    """Return the lights of a round, red ones first; none before it was evaluated. Raises `NotFound`."""
    with reading() as db:
        return listed(db, get_row(db, actor, round_id))


def listed(db: Session, round_: tables.Round) -> tuple[WarningView, ...]:
    """The same within a transaction."""
    row = tables.RoundWarning
    rules = rule_classes()
    stored = db.scalars(select(row).where(row.round_id == round_.id))
    names = _names(db, round_)
    views = [_view(row, rules[row.name], round_, names) for row in stored if row.name in rules]
    return tuple(sorted(views, key=lambda view: (ORDER.index(view.level), view.code, view.name)))


def rows(actor: Actor, round_id: int, name: str) -> RowsNamed:
    """Return the rows that one warning of a round speaks of; raises `NotFound`."""
    with reading() as db:
        round_ = get_row(db, actor, round_id)
        row = tables.RoundWarning
        warning = db.scalars(select(row).where(row.round_id == round_id, row.name == name)).one_or_none()
        rule = rule_classes().get(warning.name) if warning is not None else None
        if warning is None or rule is None:
            raise NotFound(f"Round {round_.number} has no warning {name!r}. Its page lists those that it has.")
        kept = visibility.hidden(db, actor, round_)
        rows = correctness.checked(db, round_, read_rows(db, _there(db, warning.sample_ids)))
        samples = visibility.visible_rows(db, actor, kept, rows)
        return RowsNamed(
            _view(warning, rule, round_, _names(db, round_)), tuple(samples), _prompts(db, warning.prompt_ids)
        )


def _there(db: Session, ids: list[int]) -> tuple[int, ...]:
    """Those of the texts that are there still, in their order."""
    label = tables.Label
    known = set(db.scalars(select(label.sample_id).where(label.sample_id.in_(ids))))
    return tuple(id_ for id_ in ids if id_ in known)


def title_of(name: str) -> str:
    """What a warning is called; its name where the rule is not installed any more."""
    rule = rule_classes().get(name)
    return name if rule is None else gettext(rule.title)


def advice_of(name: str) -> str:
    """What helps where the light of a warning is on, in English; empty where its rule is not installed any more."""
    rule = rule_classes().get(name)
    return "" if rule is None else rule.advice


def _prompts(db: Session, ids: list[int]) -> tuple[PromptNamed, ...]:
    prompt, set_ = tables.Prompt, tables.PromptSet
    query = select(prompt.id, set_.id, set_.name, prompt.text).join(set_, set_.id == prompt.prompt_set_id)
    rows = db.execute(query.where(prompt.id.in_(ids)).order_by(prompt.id)).all()
    return tuple(PromptNamed(id_, set_id, name, text[:PREVIEW]) for id_, set_id, name, text in rows)


def about(name: str) -> About:
    """What a warning speaks of."""
    rule = rule_classes().get(name)
    return About.texts if rule is None else rule.speaks_of


def _names(db: Session, round_: tables.Round) -> dict[int | None, str]:
    """The names of the checkpoints that the round started from and made."""
    checkpoint = tables.Checkpoint
    ids = [id_ for id_ in (round_.policy_id, round_.checkpoint_id) if id_ is not None]
    query = select(checkpoint.id, checkpoint.name).where(checkpoint.id.in_(ids))
    return {id_: name for id_, name in db.execute(query)}


def _answers(row: tables.RoundWarning, rule: type[WarningRule], round_: tables.Round) -> AnswersNamed | None:
    if not rule.opens_answers or row.value is None or round_.policy_id is None or round_.checkpoint_id is None:
        return None
    named = row.details.get("category")
    category = (str(named[0]), named[1]) if isinstance(named, list) and len(named) == 2 else None
    return AnswersNamed(round_.policy_id, round_.checkpoint_id, category)


def _view(
    row: tables.RoundWarning, rule: type[WarningRule], round_: tables.Round, names: dict[int | None, str]
) -> WarningView:
    red, amber = rule.limits_of(row.limit, row.amber)
    of_id = round_.policy_id if rule.speaks_of is About.texts else round_.checkpoint_id
    return WarningView(
        row.name,
        rule.code,
        rule.title,
        row.level,
        rule.measures,
        rule.unit,
        rule.source,
        row.value,
        row.low,
        row.high,
        red,
        amber,
        rule.is_below,
        rule.is_at_limit,
        rule.more,
        rule.advice,
        row.n,
        rule.counts,
        row.reason,
        row.stops,
        len(row.sample_ids) + len(row.prompt_ids),
        rule.speaks_of,
        names.get(of_id, ""),
        _answers(row, rule, round_),
    )
