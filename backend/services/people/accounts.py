"""People: who they are, their passwords, and what they may do in a project."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend import boundary
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound
from backend.services import events
from backend.services.access import Actor, require, require_owner
from backend.services.people import credentials, sessions
from backend.services.people.throttle import Throttle, guessing
from backend.values import Role

INVITATION_LASTS = timedelta(days=7)
FIRST_OWNER = "owner"
MOST_NAME = 80

by_account = Throttle(5)
"""Wrong current passwords of somebody who is signed in."""


@dataclass(frozen=True)
class UserView:
    id: int
    name: str
    is_owner: bool
    is_active: bool
    has_password: bool
    created_at: datetime


@dataclass(frozen=True)
class ProjectMember:
    """A member of a project. Owners of the installation are admins everywhere, member or not."""

    user_id: int
    name: str
    role: Role
    is_owner: bool
    has_signed_in: bool


def local_owner(*, via: str = "cli") -> Actor:
    """Return the owner this machine's command line acts as; on the first start, make one without a password."""
    owners = select(tables.User).where(tables.User.is_owner, tables.User.is_active).order_by(tables.User.id).limit(1)
    with reading() as db:
        user = db.scalar(owners)
    if user is None:
        try:
            with session() as db:
                user = db.scalar(owners) or add(db, FIRST_OWNER, is_owner=True)
        except Conflict:  # another process that starts just now has made it
            with reading() as db:
                user = db.scalar(owners)
            if user is None:
                raise
    return Actor(user.id, user.name, True, via)


def create_user(actor: Actor, name: str, *, password: str | None = None, is_owner: bool = False) -> int:
    """Add a person to the installation; without a password only a one-time link lets them in."""
    password_hash = credentials.hash_password(password) if password is not None else None
    with session() as db:
        require_owner(db, actor)
        user = add(db, name, is_owner=is_owner, password_hash=password_hash)
        events.note(db, actor, "add account", user.name, is_owner=is_owner)
        return user.id


def list_users(actor: Actor) -> list[UserView]:
    """Return everyone of the installation, by name."""
    with reading() as db:
        require_owner(db, actor)
        rows = db.scalars(select(tables.User).order_by(tables.User.name)).all()
    return [UserView(u.id, u.name, u.is_owner, u.is_active, u.password_hash is not None, u.created_at) for u in rows]


def find(actor: Actor, name: str) -> UserView:
    """Return one person by name."""
    for user in list_users(actor):
        if user.name == name:
            return user
    raise NotFound(f"There is no user named {name!r}. `rondo user list` shows everyone.")


def one_time_link(actor: Actor, user_id: int, *, ends_others: bool = True) -> str:
    """Return the secret of a link that signs that person in once within 15 minutes; see `sessions.link_for`."""
    with session() as db:
        if actor.user_id != user_id:
            require_owner(db, actor)
        user = _active(db, user_id)
        events.note(db, actor, "make login link", user.name)
        return sessions.link_for(db, user.id, ends_others=ends_others)


def set_password(
    actor: Actor, user_id: int, new: str, *, current: str | None = None, session_id: int | None = None
) -> None:
    """Change a password and sign the person out everywhere else. One's own needs the current one, if there is one.

    Tokens and links end, too: whoever made them may have been somebody else, who knew the old password.
    """
    with reading() as db:
        user = _active(db, user_id)
        is_own = actor.user_id == user_id and actor.via != "cli"
        if not is_own:
            require_owner(db, actor)
    if is_own and user.password_hash:
        _check_current(actor, user, current or "")
    password_hash = credentials.hash_password(new)
    with session() as db:
        changed = db.scalar(
            update(tables.User)
            .where(tables.User.id == user_id, tables.User.password_hash.is_not_distinct_from(user.password_hash))
            .values(password_hash=password_hash)
            .returning(tables.User.id)
        )
        if changed is None:
            raise Conflict("The password was changed by someone else at the same time. Try again.")
        ended = sessions.shut(db, user_id, but=session_id)
        events.note(db, actor, "set password", user.name, ended_sessions=ended)


def _check_current(actor: Actor, user: tables.User, current: str) -> None:
    """Raise unless the person typed their password. Attempts are limited: somebody else may use a browser that was left
    open."""
    with guessing((by_account, str(user.id))):
        if not credentials.is_password(current, user.password_hash):
            with session() as db:
                events.note(db, actor, "fail to change password", user.name)
            raise InvalidInput("The current password is wrong. Type it again, or ask an owner to set a new one.")
    by_account.clear(str(user.id))


def deactivate(actor: Actor, user_id: int) -> None:
    """Shut a person out at once: sessions, tokens and links end. What they decided stays."""
    with session() as db:
        require_owner(db, actor)
        user = _active(db, user_id)
        # Locked: two owners who shut each other out at the same moment would both go.
        is_owner = (tables.User.is_owner, tables.User.is_active)
        owners = db.scalars(select(tables.User.id).where(*is_owner).order_by(tables.User.id).with_for_update()).all()
        if user.is_owner and len(owners) == 1:
            raise Conflict(f"{user.name} is the only owner. Make another one first: `rondo user add NAME --owner`.")
        user.is_active = False
        events.note(db, actor, "deactivate account", user.name, ended_sessions=sessions.shut(db, user_id))


def reactivate(actor: Actor, user_id: int) -> None:
    """Let a deactivated person in again. Their password works as before; tokens and links stay useless."""
    with session() as db:
        require_owner(db, actor)
        user = db.get(tables.User, user_id)
        if user is None or user.is_active:
            raise NotFound(f"There is no deactivated user {user_id}. `rondo user list` shows everyone.")
        user.is_active = True
        events.note(db, actor, "reactivate account", user.name)


def end_sessions(actor: Actor, user_id: int) -> int:
    """Sign a person out of every browser; they may sign in again. Links end, tokens work on. Return how many ended."""
    with session() as db:
        require_owner(db, actor)
        user = _active(db, user_id)
        ended = sessions.end_all(db, user_id)
        events.note(db, actor, "end sessions", user.name, ended_sessions=len(ended))
        return len(ended)


def list_people(actor: Actor, project_id: int) -> list[ProjectMember]:
    """Return the members of a project and the owners, by name."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        rows = db.execute(
            select(tables.User, tables.Membership.role)
            .outerjoin(
                tables.Membership,
                (tables.Membership.user_id == tables.User.id) & (tables.Membership.project_id == project_id),
            )
            .where(tables.User.is_active, tables.User.is_owner | tables.Membership.role.is_not(None))
            .order_by(tables.User.name)
        ).all()
        seen = set(
            db.scalars(
                select(tables.LoginSession.user_id)
                .where(tables.LoginSession.user_id.in_([user.id for user, _ in rows]))
                .distinct()
            )
        )
    return [
        ProjectMember(user.id, user.name, Role.admin if user.is_owner else role, user.is_owner, user.id in seen)
        for user, role in rows
    ]


def invite(actor: Actor, project_id: int, name: str, role: Role) -> str | None:
    """Make a person a member. A new one gets a link, valid 7 days, used once; its secret is returned.

    Someone who has an account already signs in as before: None. An admin of one project must not be able to make a
    link into another person's account, nor to keep one: a link made before ends when the account gains a role.
    """
    with session() as db:
        require(db, actor, project_id, Role.admin)
        user = db.scalar(select(tables.User).where(func.lower(tables.User.name) == boundary.tidied(name).lower()))
        is_new = user is None
        if user is None:
            user = add(db, name)
        else:
            # What decides whether a link may be made is read once nobody else can change it.
            db.refresh(user, with_for_update=True)
        if not user.is_active:
            raise Conflict(f"{user.name} was shut out of this installation. Ask an owner.")
        was = _member(db, project_id, user.id, role)
        verb = "invite" if is_new else "add person" if was is None else "change role"
        events.note(db, actor, verb, user.name, project_id=project_id, was=was, role=role)
        if not _never_was_elsewhere(db, user, project_id):
            return None
        return sessions.link_for(db, user.id, lasts=INVITATION_LASTS)


def set_role(actor: Actor, project_id: int, user_id: int, role: Role) -> None:
    """Give a member another role; it counts from their next call on."""
    with session() as db:
        require(db, actor, project_id, Role.admin)
        if db.get(tables.Membership, (project_id, user_id)) is None:
            raise NotFound("That person is not a member of this project. Add them first.")
        was = _member(db, project_id, user_id, role)
        user = db.get_one(tables.User, user_id)
        events.note(db, actor, "change role", user.name, project_id=project_id, was=was, role=role)


def remove(actor: Actor, project_id: int, user_id: int) -> None:
    """Take a person out of a project. What they decided stays."""
    with session() as db:
        require(db, actor, project_id, Role.admin)
        membership = db.get(tables.Membership, (project_id, user_id))
        if membership is None:
            raise NotFound("That person is not a member of this project.")
        db.delete(membership)
        sessions.end_links(db, user_id)
        user = db.get_one(tables.User, user_id)
        events.note(db, actor, "remove person", user.name, project_id=project_id, was=membership.role)


def add(db: Session, name: str, *, is_owner: bool = False, password_hash: str | None = None) -> tables.User:
    """Add an account in the caller's transaction; who may do so is the caller's to check."""
    name = boundary.name(name, "A person's name", MOST_NAME)
    if db.scalar(select(tables.User.id).where(func.lower(tables.User.name) == name.lower())):
        raise Conflict(f"There is a user named {name!r} already. Choose another name.")
    user = tables.User(name=name, is_owner=is_owner, password_hash=password_hash)
    db.add(user)
    try:
        db.flush()
    except IntegrityError as error:
        raise Conflict(f"There is a user named {name!r} already. Choose another name.") from error
    return user


def _active(db: Session, user_id: int) -> tables.User:
    user = db.get(tables.User, user_id)
    if user is None or not user.is_active:
        raise NotFound(f"There is no active user {user_id}. `rondo user list` shows everyone.")
    return user


def _member(db: Session, project_id: int, user_id: int, role: Role) -> Role | None:
    """Give the role and return the one before; a link made for less ends."""
    sessions.end_links(db, user_id)
    membership = db.get(tables.Membership, (project_id, user_id))
    was = membership.role if membership is not None else None
    if membership is None:
        db.add(tables.Membership(project_id=project_id, user_id=user_id, role=role))
    else:
        membership.role = role
    db.flush()
    return was


def _never_was_elsewhere(db: Session, user: tables.User, project_id: int) -> bool:
    """Whether a link for this person opens nothing but this project."""
    if user.is_owner or user.password_hash:
        return False
    other = select(tables.Membership.project_id).where(
        tables.Membership.user_id == user.id, tables.Membership.project_id != project_id
    )
    signed_in = select(tables.LoginSession.id).where(tables.LoginSession.user_id == user.id)
    return db.scalar(other.limit(1)) is None and db.scalar(signed_in.limit(1)) is None
