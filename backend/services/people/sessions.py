"""Signing in and out: passwords, one-time links, browsers' sessions, programs' tokens."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from backend import boundary
from backend.db import find_row, now, reading, session, tables
from backend.db.built import built_once
from backend.errors import NotFound, NotSignedIn
from backend.services import events
from backend.services.access import Actor
from backend.services.people import credentials
from backend.services.people.throttle import Throttle, guessing, neighbourhood

SESSION_LASTS = timedelta(days=14)
LINK_LASTS = timedelta(minutes=15)
TOKEN_PREFIX = "rondo_"

# A pair is a person who mistypes or one guesser; a name is many guessers; an address is one guesser of many names.
by_pair = Throttle(5)
by_name = Throttle(30)
by_address = Throttle(30)


@dataclass(frozen=True)
class SignedIn:
    """Who a secret stands for. `session_id` is None for a token; `project_id` is what the browser looks at, `language`
    what the person chose to read pages in."""

    actor: Actor
    session_id: int | None = None
    project_id: int | None = None
    language: str | None = None


@dataclass(frozen=True)
class TokenView:
    id: int
    name: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


def sign_in(name: str, password: str, *, address: str) -> str:
    """Return the secret of a new session. Five failures of a name from an address make both wait a minute."""
    place = neighbourhood(address)
    pair = f"{name.lower()}\n{place}"
    with guessing((by_pair, pair), (by_name, name.lower()), (by_address, place)):
        with reading() as db:
            user = db.scalar(select(tables.User).where(tables.User.name == name))
        # Hashing takes tens of milliseconds: never inside a transaction.
        is_right = credentials.is_password(password, user.password_hash if user else None)
        with session() as db:
            account = _still(db, user) if user is not None and is_right else None
            if account is None:
                # What was typed may be a password, so only the name of an account that is there is written down.
                events.note(db, None, "fail to sign in", user.name if user else "an unknown name", address=address)
                secret = ""
            else:
                secret = open_for(db, account, by="password")
        if not secret:
            raise NotSignedIn("The name or the password is wrong. Try again, or ask an owner for a one-time link.")
    by_pair.clear(pair)
    return secret


def _still(db: Session, user: tables.User) -> tables.User | None:
    """The account, if it is active and its password is the one that was compared, until this transaction ends."""
    same = (tables.User.id == user.id, tables.User.is_active, tables.User.password_hash == user.password_hash)
    return db.scalar(select(tables.User).where(*same).with_for_update())


def link_for(db: Session, user_id: int, *, lasts: timedelta = LINK_LASTS, ends_others: bool = True) -> str:
    """Add a login link and return its secret; who may do so is the caller's to check.

    An account has one link that works: those before are useless from now on. `ends_others`: where False, as for web
    processes that start beside each other, those that last no longer than `LINK_LASTS` go on to work; all of them end
    with the first that is used.
    """
    end_links(db, user_id, lasting=None if ends_others else LINK_LASTS)
    secret = credentials.make()
    db.add(tables.LoginLink(user_id=user_id, secret_hash=credentials.digest(secret), expires_at=now() + lasts))
    return secret


def peek_link(secret: str) -> str | None:
    """Return whom the link would sign in, without using it; None when it is used, expired or unknown."""
    with reading() as db:
        return db.scalar(
            select(tables.User.name)
            .join(tables.LoginLink, tables.LoginLink.user_id == tables.User.id)
            .where(
                tables.LoginLink.secret_hash == credentials.digest(secret),
                tables.LoginLink.used_at.is_(None),
                tables.LoginLink.expires_at > now(),
                tables.User.is_active,
            )
        )


def sign_in_with_link(secret: str) -> str:
    """Use the link up and return the secret of a new session."""
    with session() as db:
        return open_for(db, use_link(db, secret), by="link")


def use_link(db: Session, secret: str) -> tables.User:
    """Use the link up in the caller's transaction and return whom it stands for."""
    link, account = tables.LoginLink, tables.User
    this = (link.secret_hash == credentials.digest(secret), link.used_at.is_(None), link.expires_at > now())
    # The account before the link, as everybody else locks them who ends a link.
    db.execute(select(account.id).join(link, link.user_id == account.id).where(*this).with_for_update(of=account))
    # The update decides: of two clicks on one link exactly one finds it unused.
    user_id = db.scalar(update(link).where(*this).values(used_at=now()).returning(link.user_id))
    user = db.get(account, user_id) if user_id else None
    if user is None or not user.is_active:
        raise NotSignedIn(
            "This link was used, has expired, or ended when the account changed. Make a new one with "
            "`rondo user link NAME`, or ask an owner for it."
        )
    return user


def look_up(secret: str) -> SignedIn | None:
    """Return who is signed in by a session's secret; each day of use moves its end to 14 days from then."""
    row = find_row(_by_session(), {"digest": credentials.digest(secret), "at": now()})
    if row is None:
        return None
    if row.expires_at - now() < SESSION_LASTS - timedelta(days=1):
        with session() as db:
            db.execute(
                update(tables.LoginSession)
                .where(tables.LoginSession.id == row.session_id, tables.LoginSession.ended_at.is_(None))
                .values(expires_at=now() + SESSION_LASTS)
            )
    return SignedIn(Actor(row.id, row.name, row.is_owner, "page"), row.session_id, row.project_id, row.language)


def look_up_token(secret: str) -> SignedIn | None:
    """Return who a program's token stands for."""
    if not secret.startswith(TOKEN_PREFIX):
        return None
    row = find_row(_by_token(), {"digest": credentials.digest(secret), "at": now()})
    if row is None:
        return None
    if row.last_used_at is None or now() - row.last_used_at > timedelta(hours=1):
        with session() as db:
            db.execute(update(tables.Token).where(tables.Token.id == row.token_id).values(last_used_at=now()))
    return SignedIn(Actor(row.id, row.name, row.is_owner, "api"))


@built_once
def _by_session() -> Any:
    """The statement of every request of a browser."""
    login, user = tables.LoginSession, tables.User
    seen = (login.id.label("session_id"), login.project_id, login.expires_at)
    return (
        select(user.id, user.name, user.is_owner, user.language, *seen)
        .join(login, login.user_id == user.id)
        .where(login.secret_hash == bindparam("digest"), login.ended_at.is_(None))
        .where(login.expires_at > bindparam("at"), user.is_active)
    )


@built_once
def _by_token() -> Any:
    """The statement of every request of a program."""
    token, user = tables.Token, tables.User
    return (
        select(user.id, user.name, user.is_owner, token.id.label("token_id"), token.last_used_at)
        .join(token, token.user_id == user.id)
        .where(token.secret_hash == bindparam("digest"), token.revoked_at.is_(None))
        .where(token.expires_at > bindparam("at"), user.is_active)
    )


def sign_out(secret: str) -> None:
    """End the session of this secret."""
    login = tables.LoginSession
    this = (login.secret_hash == credentials.digest(secret), login.ended_at.is_(None))
    with session() as db:
        user_id = db.scalar(update(login).where(*this).values(ended_at=now()).returning(login.user_id))
        if user_id is not None:
            user = db.get_one(tables.User, user_id)
            events.note(db, Actor(user.id, user.name, user.is_owner), "sign out", user.name)


def end_all(db: Session, user_id: int, *, but: int | None = None) -> list[int]:
    """End a person's sessions in the caller's transaction, and the links that one of them may have made."""
    end_links(db, user_id)
    login = tables.LoginSession
    theirs = update(login).where(login.user_id == user_id, login.ended_at.is_(None))
    if but is not None:
        theirs = theirs.where(login.id != but)
    return list(db.scalars(theirs.values(ended_at=now()).returning(login.id)))


def end_links(db: Session, user_id: int, *, lasting: timedelta | None = None) -> None:
    """Make the links useless that would let in as this person, in the caller's transaction.

    To be called before an account gains anything: a link opens what the account was when the link was made, and
    never more. The account stays locked to the end of the transaction, so that of a link that is made and a right
    that is given at the same moment the later one sees the other. `lasting`: only those that would last longer.
    """
    user, link = tables.User, tables.LoginLink
    db.execute(select(user.id).where(user.id == user_id).with_for_update())
    these = [link.user_id == user_id, link.used_at.is_(None)]
    these += [link.expires_at > now() + lasting] if lasting is not None else []
    db.execute(update(link).where(*these).values(used_at=now()))


def shut(db: Session, user_id: int, *, but: int | None = None) -> int:
    """Make everything useless that lets in as this person, but a password; return how many sessions ended."""
    token = tables.Token
    db.execute(update(token).where(token.user_id == user_id, token.revoked_at.is_(None)).values(revoked_at=now()))
    return len(end_all(db, user_id, but=but))


def create_token(actor: Actor, *, name: str, days: int = 90) -> tuple[int, str]:
    """Return the id and the secret of a new token; the secret is shown this once."""
    name = boundary.name(name, "A token's name", 80)
    days = boundary.whole(days, "The days that a token lasts", least=1, most=365)
    secret = credentials.make(TOKEN_PREFIX)
    with session() as db:
        row = tables.Token(
            user_id=actor.user_id,
            name=name,
            secret_hash=credentials.digest(secret),
            expires_at=now() + timedelta(days=days),
        )
        db.add(row)
        db.flush()
        events.note(db, actor, "make token", name, token_id=row.id, days=days)
        return row.id, secret


def list_tokens(actor: Actor) -> list[TokenView]:
    """Return the actor's tokens that still work, newest first."""
    with reading() as db:
        rows = db.scalars(
            select(tables.Token)
            .where(
                tables.Token.user_id == actor.user_id,
                tables.Token.revoked_at.is_(None),
                tables.Token.expires_at > now(),
            )
            .order_by(tables.Token.id.desc())
        ).all()
    return [TokenView(row.id, row.name, row.created_at, row.expires_at, row.last_used_at) for row in rows]


def revoke_token(actor: Actor, token_id: int) -> None:
    """Make one of the actor's tokens useless from now on."""
    with session() as db:
        revoked = db.scalar(
            update(tables.Token)
            .where(
                tables.Token.id == token_id, tables.Token.user_id == actor.user_id, tables.Token.revoked_at.is_(None)
            )
            .values(revoked_at=now())
            .returning(tables.Token.name)
        )
        if revoked is None:
            raise NotFound(f"You have no token {token_id} that still works. Choose one from the list.")
        events.note(db, actor, "revoke token", revoked, token_id=token_id)


def open_for(db: Session, user: tables.User, *, by: str) -> str:
    """Add a session in the caller's transaction and return its secret; `by` password, link or provider.

    It shows the project of the person's previous session. Links that were not used end: the person
    came in without them.
    """
    end_links(db, user.id)
    login, secret = tables.LoginSession, credentials.make()
    before = select(login.project_id).where(login.user_id == user.id, login.project_id.is_not(None))
    project_id = db.scalar(before.order_by(login.id.desc()).limit(1))
    digest, until = credentials.digest(secret), now() + SESSION_LASTS
    db.add(login(user_id=user.id, secret_hash=digest, expires_at=until, project_id=project_id))
    events.note(db, Actor(user.id, user.name, user.is_owner), "sign in", user.name, by=by)
    return secret
