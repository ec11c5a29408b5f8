"""Comments on a sample, for those who see it; hidden where they could influence somebody who has yet to decide."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import boundary
from backend.boundary import MOST_NOTE
from backend.db import now, reading, session, tables
from backend.db.roles import may_decide
from backend.errors import InvalidInput, NotFound
from backend.jobs import telling
from backend.services import archived, events, review_settings
from backend.services.access import Actor, require, role_of
from backend.services.decisions import own_words
from backend.services.rounds import get_row
from backend.services.samples import visibility
from backend.values import NoticeKind, Role

MOST_SHOWN = 200
MOST_PEOPLE = 500
"""So many names are offered; whoever is in the project can be mentioned."""
SENT_AGAIN = timedelta(minutes=5)


@dataclass(frozen=True)
class CommentView:
    """One comment; `edited_at`: when its author changed it last."""

    id: int
    who: str
    is_mine: bool
    text: str
    at: datetime
    edited_at: datetime | None


@dataclass(frozen=True)
class Thread:
    """The newest comments, oldest first. `is_hidden`: colleagues' are shown after one's own decision.

    `people`: who can be mentioned.
    """

    entries: tuple[CommentView, ...]
    is_hidden: bool
    people: tuple[str, ...]


def read(actor: Actor, sample_id: int) -> Thread:
    """The thread of a sample; raises `NotFound`, and `PermissionDenied` while the sample itself is hidden."""
    row, user = tables.Comment, tables.User
    with reading() as db:
        sample, round_ = _sample(db, actor, sample_id)
        hides_others = _hides_others(db, actor, round_, sample)
        query = select(row, user.name).outerjoin(user, user.id == row.user_id).where(row.sample_id == sample_id)
        query = query.where(row.user_id == actor.user_id) if hides_others else query
        comments = db.execute(query.order_by(row.id.desc()).limit(MOST_SHOWN)).all()[::-1]
        people = sorted(list(_people(db, sample.project_id))[:MOST_PEOPLE], key=str.lower)
        return Thread(tuple(_view(actor, *comment) for comment in comments), hides_others, tuple(people))


def write(actor: Actor, sample_id: int, text: str) -> CommentView:
    """Add a comment, and tell whom it mentions; the same words sent again within minutes are the same comment."""
    text = _checked(text)
    with session() as db:
        sample, round_ = _sample(db, actor, sample_id)
        archived.refuse_held(db, round_.id)
        if (same := _just_written(db, actor, sample_id, text)) is not None:
            return _view(actor, same, actor.name)
        place = {"project_id": sample.project_id, "round_id": sample.round_id}
        row = tables.Comment(sample_id=sample_id, user_id=actor.user_id, text=text, created_at=now(), **place)
        db.add(row)
        db.flush()
        _tell(db, actor, row, round_)
        return _view(actor, row, actor.name)


def edit(actor: Actor, comment_id: int, text: str) -> CommentView:
    """Change one's own comment; whom it mentions now, and did not before, is told."""
    text = _checked(text)
    with session() as db:
        archived.refuse_held(db, _own(db, actor, comment_id).round_id)
        row = _own(db, actor, comment_id, lock=True)
        _, round_ = _sample(db, actor, row.sample_id)
        if row.text != text:
            row.text, row.edited_at = text, now()
            _tell(db, actor, row, round_)
        return _view(actor, row, actor.name)


def delete(actor: Actor, comment_id: int) -> None:
    """Delete one's own comment."""
    with session() as db:
        archived.refuse_held(db, _own(db, actor, comment_id).round_id)
        row = _own(db, actor, comment_id, lock=True)
        place = {"project_id": row.project_id, "round_id": row.round_id}
        events.note(db, actor, "delete comment", f"sample {row.sample_id}", sample_id=row.sample_id, **place)
        db.delete(row)


def mentioned(text: str, names: Sequence[str]) -> list[str]:
    """Those of the names that stand in a text after an @; of two that fit, the longer one."""
    matches, folded = [], text.casefold()
    longest_first = sorted(names, key=len, reverse=True)
    at = folded.find("@")
    while at >= 0:
        after = folded[at + 1 :]
        for name in longest_first:
            key = name.casefold()
            if after.startswith(key) and not after[len(key) : len(key) + 1].isalnum():
                matches.append(name)
                break
        at = folded.find("@", at + 1)
    return list(dict.fromkeys(matches))


def _tell(db: Session, actor: Actor, row: tables.Comment, round_: tables.Round) -> None:
    """Say no word of the comment: whom it mentions may not be shown it yet."""
    people = _people(db, row.project_id)
    key = f"{row.id}.{row.created_at.timestamp():.6f}"  # a deleted comment's number is given again
    names = [name for name in mentioned(row.text, list(people)) if people[name] != actor.user_id]
    before = telling.already(db, NoticeKind.mention, key, [people[name] for name in names])
    names = [name for name in names if people[name] not in before]
    if not names:
        return
    telling.tell(
        db,
        NoticeKind.mention,
        project_id=row.project_id,
        path=f"samples?round={row.round_id}&sample={row.sample_id}",
        text=f"{actor.name} mentions {_listed(names)} at sample {row.sample_id} of round {round_.number}.",
        people=[people[name] for name in names],
        key=key,
        but=actor.user_id,
        key_to_programs="" if row.edited_at is None else f"{key}.{row.edited_at.timestamp():.6f}",
    )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _people(db: Session, project_id: int) -> dict[str, int]:
    """Who is in the project, by name."""
    user = tables.User
    query = select(user.name, user.id).where(user.id.in_(may_decide(project_id, Role.viewer)))
    return {name: user_id for name, user_id in db.execute(query.order_by(user.id))}


def _sample(db: Session, actor: Actor, sample_id: int) -> tuple[tables.Sample, tables.Round]:
    """The sample and its round, where the actor may see the sample now."""
    sample = db.get(tables.Sample, sample_id)
    if sample is None:
        raise NotFound(f"There is no sample {sample_id}. It may have been deleted with its round.")
    round_ = get_row(db, actor, sample.round_id)
    visibility.refuse_hidden(visibility.hidden(db, actor, round_), round_, sample)
    return sample, round_


def _just_written(db: Session, actor: Actor, sample_id: int, text: str) -> tables.Comment | None:
    """The actor's last comment there, if it has these words and is new: whoever got no answer sends them again."""
    row = tables.Comment
    mine = select(row).where(row.sample_id == sample_id, row.user_id == actor.user_id)
    last = db.scalar(mine.order_by(row.id.desc()).limit(1))
    return last if last is not None and last.text == text and now() - last.created_at < SENT_AGAIN else None


def _hides_others(db: Session, actor: Actor, round_: tables.Round, sample: tables.Sample) -> bool:
    """Wherever something of the item is hidden: free words may tell what the judge or a colleague said of it.

    Colleagues' decisions stay hidden whatever the round has come to (a failed one may be reviewed once more), and so
    does what is said here.
    """
    is_hiding = bool(visibility.hidden(db, actor, round_))
    if not is_hiding and round_.is_reviewed and not review_settings.read(round_.review).others_visible:
        is_hiding = role_of(db, actor, round_.project_id) is Role.reviewer  # whoever may only read never decides
    return is_hiding and sample.id not in own_words.decided(db, actor, [sample.id])


def _own(db: Session, actor: Actor, comment_id: int, *, lock: bool = False) -> tables.Comment:
    row = db.get(tables.Comment, comment_id, with_for_update=lock, populate_existing=True)
    if row is None or row.user_id != actor.user_id:
        raise NotFound(f"There is no comment {comment_id} of yours. Only who wrote it can change or delete it.")
    require(db, actor, row.project_id, Role.viewer)
    return row


def _checked(text: str) -> str:
    text = boundary.text(text, "The comment", MOST_NOTE).strip()
    if not text:
        raise InvalidInput("The comment is empty. Write something.")
    return text


def _view(actor: Actor, row: tables.Comment, who: str | None) -> CommentView:
    is_mine = row.user_id == actor.user_id
    return CommentView(row.id, who or "somebody", is_mine, row.text, row.created_at, row.edited_at)
