"""One sample in full: what was asked, what judges and people said, its group, and what it trained."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.errors import NotFound
from backend.pipeline import few_shot
from backend.services.access import Actor
from backend.services.checkpoints import trainings
from backend.services.decisions import Decision, own_words
from backend.services.decisions.decision import speaking_of
from backend.services.decisions.rules import cut_of_round
from backend.services.rounds import few_shot_shown, get_row
from backend.services.samples import chain as sample_chain
from backend.services.samples import correctness, visibility
from backend.services.samples.answers import with_answers
from backend.services.samples.chain import Chain
from backend.services.samples.rows import SampleRow, read_rows
from backend.services.samples.tags import with_tags
from backend.values import JSON, Messages, SampleKind, Verdict

MAX_HISTORY = 200
MAX_GROUP = 200
TAUGHT = "taught the judge"


@dataclass(frozen=True)
class JudgmentView:
    judge: str
    position: int
    score: float | None
    verdict: Verdict | None
    rationale: str
    raw: str
    template_hash: str
    finish_reason: str
    reasoning: str | None
    """What its endpoint gave apart from the reply."""


@dataclass(frozen=True)
class TrainingUse:
    """A frozen dataset that holds the sample and is what a training reads.

    `use`: kept, chosen, rejected, or "taught the judge" where the row holds what a judge should say of the sample.
    """

    dataset_id: int
    round_number: int
    use: str
    checkpoint: str | None
    is_round_in_trash: bool = False


@dataclass(frozen=True)
class SampleDetail:
    """`label` is the sample's row in lists; `group` the rows of the other samples of its prompt in the round;
    `original` the text before it was edited.

    Where the label's `is_hidden` is set, judgments and colleagues' decisions are left out as the round hides them;
    `hides_others`: those decisions are.
    """

    label: SampleRow
    round_id: int
    project_id: int
    messages: Messages
    answer: str | None
    text: str
    author: str | None
    edited_from_id: int | None
    original: str | None
    machine_score: float | None
    machine_verdict: Verdict | None
    checkpoint: str | None
    noted: JSON
    """What its maker noted: of an import what the file says of it, of a step in a tree how the search rated it."""
    logprob: float | None
    reasoning: str | None
    """What its endpoint gave apart from the text."""
    seed: int
    score_like: bool
    judgments: tuple[JudgmentView, ...]
    group: tuple[SampleRow, ...]
    history: tuple[Decision, ...]
    trained: tuple[TrainingUse, ...]
    hides_others: bool
    chain: Chain
    is_hinted: bool
    """What was asked holds a hint that training rows do not: they get `prompt`."""
    prompt: Messages
    is_question: bool
    """It answers a question of its own instead of the prompt."""
    turns: Messages
    """Of an episode every message after the question; `text` is the last."""
    few_shot_chat: Messages
    """The prompt after the accepted samples of earlier rounds that were shown before it; else empty, and while one of
    them comes from a round that people decide on again. A condition or template of the step is not in it."""


def detail(actor: Actor, sample_id: int) -> SampleDetail:
    """Everything about one sample; raises `NotFound`, and `PermissionDenied` while the sample itself is hidden."""
    with reading() as db:
        sample = db.get(tables.Sample, sample_id)
        label = db.get(tables.Label, sample_id) if sample else None
        if sample is None or label is None:
            raise NotFound(f"There is no sample {sample_id}. It may have been deleted with its round.")
        round_ = get_row(db, actor, sample.round_id)
        prompt = db.get_one(tables.Prompt, sample.prompt_id)
        group = db.get_one(tables.Group, sample.group_id)
        author = db.get(tables.User, sample.author_id) if sample.author_id else None
        kept = visibility.hidden(db, actor, round_)
        visibility.refuse_hidden(kept, round_, sample)
        is_hint_hidden = group.is_stripped and kept.judge
        (row,) = visibility.visible_rows(db, actor, kept, correctness.checked(db, round_, read_rows(db, (sample_id,))))
        (row,) = with_tags(db, actor, kept, with_answers(db, actor, kept, sample.project_id, [row]))
        hides_judge = row.is_hidden and kept.judge
        # Of a rewrite the history holds the decision on the text that it was made of.
        about = sample.edited_from_id or sample.id
        tells_judge = not kept.judge or about in own_words.decided(db, actor, [about])
        shown = few_shot_shown.hidden_ids(db, actor, [round_])
        is_shown_hidden = few_shot_shown.shows(sample.extra, shown)
        return SampleDetail(
            label=row,
            round_id=sample.round_id,
            project_id=sample.project_id,
            messages=prompt.messages if is_hint_hidden else group.messages or prompt.messages,
            answer=prompt.answer if group.answer is None else group.answer,
            text=sample.text,
            author=author.name if author else sample.kind if sample.kind == SampleKind.imported else None,
            edited_from_id=sample.edited_from_id,
            original=db.get_one(tables.Sample, sample.edited_from_id).text if sample.edited_from_id else None,
            machine_score=None if hides_judge else label.machine_score,
            machine_verdict=None if hides_judge else label.machine_verdict,
            checkpoint=db.get_one(tables.Checkpoint, sample.checkpoint_id).name if sample.checkpoint_id else None,
            noted={} if hides_judge else few_shot_shown.noted(sample.extra, shown),
            logprob=sample.logprob,
            reasoning=sample.reasoning,
            seed=sample.seed,
            score_like=sample.score_like,
            judgments=() if hides_judge else tuple(judgments(db, sample_id)),
            group=tuple(
                visibility.visible_rows(db, actor, kept, correctness.checked(db, round_, siblings(db, sample)))
            ),
            history=tuple(decisions(db, sample, round_, _visible_decisions(actor, kept, row), tells_judge=tells_judge)),
            trained=tuple(datasets(db, sample_id)),
            hides_others=row.is_hidden and kept.others,
            chain=sample_chain.of(db, actor, sample, round_, kept),
            is_hinted=group.is_stripped and not is_hint_hidden,
            prompt=prompt.messages,
            is_question=group.messages is not None and not is_hint_hidden,
            turns=sample.turns or [],
            few_shot_chat=[] if is_shown_hidden else few_shot.as_asked(db, sample, prompt.messages),
        )


def judgments(db: Session, sample_id: int) -> list[JudgmentView]:
    judgment = tables.Judgment
    query = select(judgment).where(judgment.sample_id == sample_id).order_by(judgment.judge, judgment.position)
    return [
        JudgmentView(**{name: getattr(row, name) for name in JudgmentView.__dataclass_fields__})
        for row in db.scalars(query)
    ]


def siblings(db: Session, sample: tables.Sample) -> list[SampleRow]:
    """The other samples of the group, in order."""
    other = tables.Sample
    query = select(other.id).where(
        other.group_id == sample.group_id, other.id != sample.id, other.split == sample.split
    )
    return read_rows(db, tuple(db.scalars(query.order_by(other.kind, other.position, other.id).limit(MAX_GROUP))))


def _visible_decisions(actor: Actor, kept: visibility.Hidden, row: SampleRow) -> ColumnElement[bool]:
    """Which decisions the actor is told: their own always, others' where these are not hidden."""
    if not (row.is_hidden and kept.others):
        return true()
    return tables.Decision.user_id == actor.user_id


def decisions(
    db: Session, sample: tables.Sample, round_: tables.Round, told: ColumnElement[bool], *, tells_judge: bool
) -> list[Decision]:
    """The history, oldest first: decisions that name the sample, those on its group that speak of it, its edit."""
    decision, user = tables.Decision, tables.User
    others = speaking_of(db, sample)
    is_about = or_(decision.sample_id == sample.id, decision.id.in_(others), decision.retracts_id.in_(others))
    query = select(decision, user.name).join(user, user.id == decision.user_id).where(is_about)
    rows = db.execute(query.where(told).order_by(decision.id.desc()).limit(MAX_HISTORY)).all()[::-1]
    gone, cut = {row.retracts_id for row, _ in rows}, cut_of_round(round_)
    return [Decision.of(row, who, cut, tells_judge=tells_judge, is_retracted=row.id in gone) for row, who in rows]


def datasets(db: Session, sample_id: int) -> list[TrainingUse]:
    """The frozen datasets with this sample that a training read, and the checkpoints they made.

    A row that a mixer dropped stands in the dataset of the selector alone, which no training reads.
    """
    example, dataset, round_, project = tables.Example, tables.Dataset, tables.Round, tables.Project
    query = (
        select(dataset.id, round_.id, round_.number, example.rejected_id, example.label, example.origin)
        .add_columns(project.trash_of_id)
        .join(dataset, dataset.id == example.dataset_id)
        .join(round_, round_.id == dataset.round_id)
        .join(project, project.id == round_.project_id)
        .where(or_(example.sample_id == sample_id, example.rejected_id == sample_id))
        .distinct()
        .order_by(dataset.id)
    )
    rows = db.execute(query).all()
    read = trainings.of_datasets(db, {round_id for _, round_id, *_ in rows})
    names = trainings.names(db, read.values())
    trained = {}
    for dataset_id, _, number, rejected_id, label, origin, trash_of_id in rows:
        if dataset_id not in read:
            continue
        use = "rejected" if rejected_id == sample_id or label is False else "kept" if rejected_id is None else "chosen"
        use = TAUGHT if origin == "decision" else use
        name = names.get(read[dataset_id].checkpoint_id or 0)
        trained[dataset_id, use] = TrainingUse(dataset_id, number, use, name, trash_of_id is not None)
    return list(trained.values())
