"""Signing in through an OpenID Connect provider: code flow with PKCE, state and nonce; the ID token is verified.

Whom a provider's account stands for, in this order: the account it was linked to before; the one an invitation or
one-time link is for; the one whose name is the verified e-mail address; with `RONDO_OIDC_AUTO_CREATE` a new one.
Linking an account shuts out whoever used it before: an invitation may have been used by the one who sent it.
"""

import hmac
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.config import settings
from backend.db import session, tables
from backend.errors import Conflict, InvalidInput, MissingPrerequisite, NotSignedIn
from backend.services import events
from backend.services.access import Actor
from backend.services.people import accounts, sessions
from backend.values import JSON

SCOPE = "openid email"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures with a public key. One with the client's secret, or none at all, is not taken."""
SKEW = 60
TIMEOUT = 10.0


@dataclass(frozen=True)
class SignInFlow:
    """What the browser keeps while its person is at the provider. `link`: the secret of a one-time link to use up."""

    state: str
    nonce: str
    verifier: str
    next: str = "/"
    link: str = ""


def provider() -> str | None:
    """The provider's name for a button; None when there is none to sign in with."""
    known = settings()
    return urlsplit(known.oidc_issuer).hostname if known.oidc_issuer and known.oidc_client_id else None


def begin(redirect_uri: str, *, next: str = "/", link: str = "") -> tuple[str, SignInFlow]:
    """Return the provider's address to send the person to, and what to remember of it."""
    flow = SignInFlow(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), next, link)
    with _client(redirect_uri) as client:
        metadata = _discover(client)
        address, _ = client.create_authorization_url(
            metadata["authorization_endpoint"], state=flow.state, nonce=flow.nonce, code_verifier=flow.verifier
        )
    return address, flow


def finish(flow: SignInFlow | None, redirect_uri: str, answer: Mapping[str, str]) -> str:
    """Take the provider's answer and return the secret of a new session."""
    if flow is None or not hmac.compare_digest(flow.state.encode(), answer.get("state", "").encode()):
        raise NotSignedIn("This sign-in was not begun in this browser, or it took too long. Start again.")
    if "code" not in answer:
        why = answer.get("error_description") or answer.get("error") or "no code"
        raise NotSignedIn(f"The provider did not sign you in ({why[:200]}). Start again, or use a password.")
    return enter(_claims(flow, redirect_uri, answer["code"]), flow.link)


def enter(claims: JSON, link: str = "") -> str:
    """Return the secret of a new session of whom verified claims stand for."""
    try:
        return _entered(claims, link)
    except (IntegrityError, Conflict):
        # The same person came in by another tab at the same moment, and made or linked the account there.
        return _entered(claims, link)


def _entered(claims: JSON, link: str) -> str:
    with session() as db:
        user = _person(db, claims, link)
        if not user.is_active:
            raise NotSignedIn(f"{user.name} was shut out of this installation. Ask an owner.")
        return sessions.open_for(db, user, by="provider")


def verified(id_token: str, keys: JSON, *, issuer: str, nonce: str, access_token: str | None = None) -> JSON:
    """The claims of an ID token whose signature, issuer, audience, times and nonce are right."""
    from authlib.oidc.core import CodeIDToken
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    client_id = settings().oidc_client_id
    expected = {
        "iss": {"essential": True, "value": issuer},
        "aud": {"essential": True, "value": client_id},
        "sub": {"essential": True},
        "exp": {"essential": True},
        "iat": {"essential": True},
    }
    try:
        token = jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=ALGORITHMS)  # type: ignore[arg-type]
        expected_claims = {"nonce": nonce, "client_id": client_id, "access_token": access_token}
        claims = CodeIDToken(token.claims, token.header, expected, expected_claims)
        claims.validate(leeway=SKEW)
    except (JoseError, ValueError) as error:
        raise NotSignedIn(
            f"The provider's answer cannot be trusted ({error}). Start again, or ask an owner."
        ) from error
    return dict(claims)


def _claims(flow: SignInFlow, redirect_uri: str, code: str) -> JSON:
    """Change the code for tokens and read who it is."""
    with _client(redirect_uri) as client:
        metadata = _discover(client)
        if "client_secret_basic" not in metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
            client.token_endpoint_auth_method = "client_secret_post"
        given = client.fetch_token(metadata["token_endpoint"], code=code, code_verifier=flow.verifier)
        keys = _read(client, metadata["jwks_uri"])
        issuer, access_token = metadata["issuer"], given.get("access_token")
        claims = verified(given.get("id_token", ""), keys, issuer=issuer, nonce=flow.nonce, access_token=access_token)
        if "email" not in claims and "userinfo_endpoint" in metadata:
            claims_there = _read(client, metadata["userinfo_endpoint"], with_token=True)
            if claims_there.get("sub") == claims["sub"]:
                claims |= {name: claims_there[name] for name in ("email", "email_verified") if name in claims_there}
    return claims


def _discover(client: Any) -> JSON:
    """What the provider says of itself; it must be the one that the settings name, over a safe line."""
    issuer = settings().oidc_issuer.rstrip("/")
    metadata = _read(client, f"{issuer}/.well-known/openid-configuration")
    if str(metadata.get("issuer", "")).rstrip("/") != issuer:
        raise NotSignedIn(f"The provider at {issuer} says it is {metadata.get('issuer')!r}. Correct RONDO_OIDC_ISSUER.")
    needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    for name in (*needed, *(["userinfo_endpoint"] if "userinfo_endpoint" in metadata else [])):
        _check_line(str(metadata.get(name, "")))
    return metadata


def _read(client: Any, address: str, *, with_token: bool = False) -> JSON:
    answer: JSON = client.request("GET", address, withhold_token=not with_token).raise_for_status().json()
    return answer


def _check_line(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise MissingPrerequisite(f"{address or 'The provider'} is not reached over https. Correct RONDO_OIDC_ISSUER.")


@contextmanager
def _client(redirect_uri: str) -> Iterator[Any]:
    """An HTTP client of the provider; every failure of the block is raised as one kind of error."""
    import httpx2
    from authlib.common.errors import AuthlibBaseError
    from authlib.integrations.httpx_client import OAuth2Client

    known = settings()
    if provider() is None:
        raise MissingPrerequisite("No provider is set up to sign in with. Set RONDO_OIDC_ISSUER and its client.")
    _check_line(known.oidc_issuer)
    secret = known.oidc_client_secret.get_secret_value() if known.oidc_client_secret else None
    try:
        with OAuth2Client(
            known.oidc_client_id,
            secret,
            token_endpoint_auth_method=None if secret else "none",
            scope=SCOPE,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            timeout=TIMEOUT,
        ) as client:
            yield client
    except (httpx2.HTTPError, AuthlibBaseError, KeyError, ValueError) as error:
        raise NotSignedIn(
            f"{provider()} could not sign you in ({type(error).__name__}: {str(error)[:200]}). "
            "Start again, or use a password."
        ) from error


def _person(db: Session, claims: JSON, link: str) -> tables.User:
    """Whom these claims stand for, by the rule at the top of this file."""
    user, subject = tables.User, f"{claims['iss']} {claims['sub']}"
    address = _address(claims)
    known = db.scalar(select(user).where(user.oidc_subject == subject))
    invited = sessions.use_link(db, link) if link else None
    if known is not None and invited is not None and known.id != invited.id:
        raise NotSignedIn(f"This sign-in belongs to {known.name} already. Sign in without the link, or ask an owner.")
    if known is not None:
        return known
    person = invited or _named(db, address)
    if person is None and settings().oidc_auto_create and address:
        person = _made(db, address)
    if person is None:
        who = address or "this sign-in (the provider gives no verified address)"
        raise NotSignedIn(f"There is no account for {who}. Ask a project admin to invite you, by that name or by link.")
    db.refresh(person, with_for_update=True)
    if person.oidc_subject == subject:
        return person
    if person.oidc_subject is not None:
        raise NotSignedIn(f"{person.name} signs in with another account of the provider. Ask an owner.")
    person.oidc_subject, person.password_hash = subject, None
    ended = sessions.shut(db, person.id)
    events.note(db, _actor(person), "link sign-in", person.name, issuer=claims["iss"], ended_sessions=ended)
    return person


def _address(claims: JSON) -> str | None:
    """The verified e-mail address. Where a domain is set, whoever has none in it stays outside."""
    email = claims.get("email") if claims.get("email_verified") is True else None
    address = email.strip() if isinstance(email, str) and "@" in email else None
    domain = settings().oidc_domain.lower().removeprefix("@")
    if domain and (address is None or address.lower().rpartition("@")[2] != domain):
        raise NotSignedIn(f"Only verified addresses of {domain} may sign in here. Use another account, or a password.")
    return address


def _named(db: Session, address: str | None) -> tables.User | None:
    """The account whose name is the address."""
    if address is None:
        return None
    return db.scalar(select(tables.User).where(func.lower(tables.User.name) == address.lower()))


def _made(db: Session, address: str) -> tables.User:
    try:
        user = accounts.add(db, address)
    except InvalidInput as error:
        raise NotSignedIn(f"No account can be named {address[:100]!r}. Ask an owner to make one.") from error
    events.note(db, _actor(user), "add account", user.name, is_owner=False, by="sign-in")
    return user


def _actor(user: tables.User) -> Actor:
    return Actor(user.id, user.name, user.is_owner)
