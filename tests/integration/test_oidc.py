"""Signing in through a real OpenID Connect provider that runs on this machine."""

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from backend.config import settings
from backend.db import reading, session, tables
from backend.errors import NotSignedIn
from backend.services import accounts, oidc, projects, sessions
from backend.services.access import Actor
from backend.values import Role
from tests.integration import site

CLIENT = "rondo-test"
VERIFIED = {"email": "ada@example.org", "email_verified": True}


@dataclass
class Provider:
    """The provider, and what it was sent."""

    address: str
    asked: list[dict[str, str]] = field(default_factory=list)

    def enter(self, location: str, sub: str, **changes: str) -> str:
        """Sign in there as `sub`; return where it sends the browser back to. `changes` tamper with the request."""
        parts = urlsplit(location)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()} | changes
        answer = httpx.post(f"{self.address}{parts.path}?{urlencode(query)}", data={"sub": sub})
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    def id_token(self, *, nonce: str = "n", client_id: str = CLIENT, sub: str = "ada") -> str:
        """A token that the provider signed for any client."""
        back = self.enter(
            f"{self.address}/oauth2/authorize", sub, response_type="code", client_id=client_id, nonce=nonce,
            redirect_uri="http://localhost/x", scope="openid email", state="s",
        )  # fmt: skip
        code = parse_qs(urlsplit(back).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "http://localhost/x"}
        return httpx.post(f"{self.address}/oauth2/token", data=form, auth=(client_id, "x")).json()["id_token"]

    @property
    def keys(self) -> dict[str, Any]:
        return httpx.get(f"{self.address}/jwks").json()


def started(**options: Any) -> tuple[Provider, Callable[[], None]]:
    """Run the provider in a thread; return it and what stops it."""
    from flask import request
    from oidc_provider_mock import User, app
    from werkzeug.serving import make_server

    people = [
        User(sub="ada", claims=VERIFIED), User(sub="eve", claims={"email": "ada@example.org", "email_verified": False}),
        User(sub="bob", claims={"email": "bob@elsewhere.example", "email_verified": True}), User(sub="mute"),
        User(sub="cut", claims={"email": "cut@example.org", "email_verified": True}),
    ]  # fmt: skip
    application = app(user_claims=people, **options)
    server = make_server("localhost", 0, application, threaded=True)
    provider = Provider(f"http://localhost:{server.server_port}")
    application.before_request(lambda: provider.asked.append({"path": request.path, **request.values.to_dict()}))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        thread.join()
        server.server_close()

    return provider, stop


def configure(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"RONDO_OIDC_{name.upper()}", value)
    settings.cache_clear()


@pytest.fixture
def provider(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    made, stop = started()
    configure(monkeypatch, issuer=made.address, client_id=CLIENT, client_secret="hush")
    yield made
    stop()


@pytest.fixture
def owner(provider: Provider) -> Actor:
    return accounts.local_owner()


def begun(client: httpx.Client, **query: str) -> str:
    answer = client.get("/login/oidc", params=query)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def through(provider: Provider, client: httpx.Client, sub: str, **query: str) -> httpx.Response:
    """The whole way: our button, the provider, and back."""
    return client.get(provider.enter(begun(client, **query), sub))


def name_of(client: httpx.Client) -> str:
    return client.get("/api/v1/me").json().get("name", "nobody")


def test_the_button_is_there_only_when_a_provider_is(
    provider: Provider, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site.visitor() as client:
        assert "Sign in with localhost" in client.get("/login").text
        configure(monkeypatch, issuer="")
        assert "/login/oidc" not in client.get("/login").text
        answer = client.get("/login/oidc")
        assert (answer.status_code, "RONDO_OIDC_ISSUER" in answer.text) == (401, True)


def test_a_verified_address_signs_in_as_the_account_of_that_name(provider: Provider, owner: Actor) -> None:
    ada = accounts.create_user(owner, "Ada@Example.org")
    with site.visitor() as client:
        answer = through(provider, client, "ada", next="/samples?round=3")
        assert (answer.status_code, answer.headers["location"]) == (303, "/samples?round=3")
        assert name_of(client) == "Ada@Example.org"
        assert "rondo_sign_in" not in client.cookies
    with reading() as db:
        assert db.get(tables.User, ada).oidc_subject == f"{provider.address} ada"
        event = db.query(tables.Event).filter_by(verb="link sign-in").one()
        assert (event.user_id, event.details) == (ada, {"issuer": provider.address, "ended_sessions": 0})


def test_the_code_is_bound_to_the_browser_that_asked(provider: Provider, owner: Actor) -> None:
    """PKCE (RFC 7636): the challenge sent first is the hash of the verifier sent later; the secret goes in no address."""
    accounts.create_user(owner, "ada@example.org")
    with site.visitor() as client:
        through(provider, client, "ada")
    asked = next(one for one in provider.asked if one["path"] == "/oauth2/authorize")
    sent = next(one for one in provider.asked if one["path"] == "/oauth2/token")
    digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
    assert asked["code_challenge_method"] == "S256"
    assert asked["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert asked["nonce"]
    assert asked["state"]
    assert "hush" not in json.dumps(provider.asked)


def test_later_the_link_counts_and_not_the_name(provider: Provider, owner: Actor) -> None:
    ada = accounts.create_user(owner, "ada@example.org")
    with site.visitor() as client:
        through(provider, client, "ada")
    with session() as db:
        db.get_one(tables.User, ada).name = "Ada"
    with site.visitor() as client:
        through(provider, client, "ada")
        assert name_of(client) == "Ada"


def test_an_invitation_links_whatever_the_name_is(provider: Provider, owner: Actor) -> None:
    project = projects.create(owner, "Loop")
    link = accounts.invite(owner, project, "Bobby", Role.reviewer) or ""
    with site.visitor() as client:
        assert "Sign in with localhost from now on" in client.get(f"/login/link/{link}").text
        through(provider, client, "bob", link=link)
        assert name_of(client) == "Bobby"
    with site.visitor() as client:
        assert "was used or has expired" in client.get(f"/login/link/{link}").text
        through(provider, client, "bob")
        assert name_of(client) == "Bobby"


@pytest.mark.parametrize("with_link", [False, True])
def test_whoever_used_the_account_before_it_was_linked_is_out(
    provider: Provider, owner: Actor, with_link: bool
) -> None:
    project = projects.create(owner, "Loop")
    secret = sessions.sign_in_with_link(accounts.invite(owner, project, "ada@example.org", Role.reviewer) or "")
    sender = sessions.look_up(secret)
    assert sender is not None
    accounts.set_password(sender.actor, sender.actor.user_id, "I was here before", session_id=sender.session_id)
    _, token = sessions.create_token(sender.actor, name="mine")
    kept, link = (accounts.one_time_link(owner, sender.actor.user_id) for _ in range(2))
    with site.visitor() as client:
        through(provider, client, "ada", **({"link": link} if with_link else {}))
        assert name_of(client) == "ada@example.org"
    assert sessions.look_up(secret) is sessions.look_up_token(token) is sessions.peek_link(kept) is None
    with pytest.raises(NotSignedIn):
        sessions.sign_in("ada@example.org", "I was here before", address="x")
    with site.visitor() as client:
        through(provider, client, "ada")
        _, later = sessions.create_token(sender.actor, name="hers")
        through(provider, client, "ada")
        assert sessions.look_up_token(later) is not None


def test_a_link_that_another_site_sent_begins_nothing(provider: Provider, owner: Actor) -> None:
    with site.visitor() as client:
        answer = client.get("/login/oidc", params={"link": "x"}, headers={"sec-fetch-site": "cross-site"})
        assert answer.status_code == 403
        assert "rondo_sign_in" not in client.cookies


@pytest.mark.parametrize(
    ("sub", "said"),
    [
        ("ada", "There is no account for ada@example.org"),
        ("eve", "no verified address"),
        ("mute", "no verified address"),
    ],
)
def test_without_an_account_nobody_comes_in(provider: Provider, owner: Actor, sub: str, said: str) -> None:
    with site.visitor() as client:
        answer = through(provider, client, sub)
        assert (answer.status_code, said in answer.text) == (401, True)
        assert name_of(client) == "nobody"


def test_an_unverified_address_is_not_that_account(provider: Provider, owner: Actor) -> None:
    accounts.create_user(owner, "ada@example.org")
    with site.visitor() as client:
        assert through(provider, client, "eve").status_code == 401
        assert name_of(client) == "nobody"


def test_a_second_account_of_the_provider_does_not_take_over(provider: Provider, owner: Actor) -> None:
    ada = accounts.create_user(owner, "ada@example.org")
    with session() as db:
        db.get_one(tables.User, ada).oidc_subject = f"{provider.address} somebody-else"
    with site.visitor() as client:
        answer = through(provider, client, "ada")
        assert (answer.status_code, "another account" in answer.text) == (401, True)


def test_a_deactivated_person_stays_outside(provider: Provider, owner: Actor) -> None:
    cut = accounts.create_user(owner, "cut@example.org")
    with site.visitor() as client:
        assert through(provider, client, "cut").status_code == 303
    accounts.deactivate(owner, cut)
    with site.visitor() as client:
        answer = through(provider, client, "cut")
        assert (answer.status_code, "shut out" in answer.text) == (401, True)
        assert name_of(client) == "nobody"


def test_accounts_are_made_only_when_the_settings_say_so(
    provider: Provider, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, auto_create="true", domain="example.org")
    with site.visitor() as client:
        assert through(provider, client, "ada").status_code == 303
        assert name_of(client) == "ada@example.org"
    with site.visitor() as client:
        answer = through(provider, client, "bob")
        assert (answer.status_code, "Only verified addresses of example.org" in answer.text) == (401, True)
    made = accounts.find(owner, "ada@example.org")
    assert (made.is_owner, made.has_password) == (False, False)


def test_a_domain_shuts_out_a_linked_account_of_another(
    provider: Provider, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts.create_user(owner, "bob@elsewhere.example")
    with site.visitor() as client:
        assert through(provider, client, "bob").status_code == 303
    configure(monkeypatch, domain="example.org")
    with site.visitor() as client:
        assert through(provider, client, "bob").status_code == 401


def test_a_state_that_is_not_ours_is_refused(provider: Provider, owner: Actor) -> None:
    accounts.create_user(owner, "ada@example.org")
    with site.visitor() as client:
        back = provider.enter(begun(client), "ada", state="forged")
        answer = client.get(back)
        assert (answer.status_code, "not begun in this browser" in answer.text) == (401, True)
    with site.visitor() as victim, site.visitor() as attacker:
        back = provider.enter(begun(attacker), "ada")
        assert victim.get(back).status_code == 401  # another browser's answer
        begun(victim)
        assert victim.get(back).status_code == 401
        assert name_of(victim) == "nobody"


def test_an_answer_is_good_for_once(provider: Provider, owner: Actor) -> None:
    accounts.create_user(owner, "ada@example.org")
    with site.visitor() as client:
        back = provider.enter(begun(client), "ada")
        assert client.get(back).status_code == 303
        assert client.get(back).status_code == 401


def test_a_nonce_that_is_not_ours_is_refused(provider: Provider, owner: Actor) -> None:
    accounts.create_user(owner, "ada@example.org")
    with site.visitor() as client:
        answer = client.get(provider.enter(begun(client), "ada", nonce="replayed"))
        assert (answer.status_code, "cannot be trusted" in answer.text) == (401, True)


def test_who_says_no_at_the_provider_is_told(provider: Provider, owner: Actor) -> None:
    with site.visitor() as client:
        state = parse_qs(urlsplit(begun(client)).query)["state"][0]
        answer = client.get("/login/oidc/callback", params={"state": state, "error": "access_denied<b>"})
        assert answer.status_code == 401
        assert "access_denied&lt;b&gt;" in answer.text


def test_a_made_up_code_is_refused(provider: Provider, owner: Actor) -> None:
    with site.visitor() as client:
        state = parse_qs(urlsplit(begun(client)).query)["state"][0]
        answer = client.get("/login/oidc/callback", params={"state": state, "code": "made-up"})
        assert (answer.status_code, "could not sign you in" in answer.text) == (401, True)


def test_a_token_for_another_program_is_refused(provider: Provider) -> None:
    oidc.verified(provider.id_token(), provider.keys, issuer=provider.address, nonce="n")
    with pytest.raises(NotSignedIn, match="aud"):
        oidc.verified(provider.id_token(client_id="other"), provider.keys, issuer=provider.address, nonce="n")


def test_a_token_of_another_issuer_or_nonce_is_refused(provider: Provider) -> None:
    token = provider.id_token()
    with pytest.raises(NotSignedIn, match="iss"):
        oidc.verified(token, provider.keys, issuer="https://elsewhere.example", nonce="n")
    with pytest.raises(NotSignedIn, match="nonce"):
        oidc.verified(token, provider.keys, issuer=provider.address, nonce="other")


def unsigned(token: str) -> str:
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")
    return f"{header}.{token.split('.')[1]}."


def altered(token: str) -> str:
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "==")) | {"sub": "owner"}
    return f"{head}.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.{signature}"


@pytest.mark.parametrize("forge", [unsigned, altered, lambda _: "", lambda _: "a.b.c"])
def test_a_forged_token_is_refused(provider: Provider, forge: Callable[[str], str]) -> None:
    with pytest.raises(NotSignedIn, match="cannot be trusted"):
        oidc.verified(forge(provider.id_token()), provider.keys, issuer=provider.address, nonce="n")


def test_a_token_with_anothers_key_is_refused(provider: Provider) -> None:
    other, stop = started()
    try:
        with pytest.raises(NotSignedIn, match="cannot be trusted"):
            oidc.verified(provider.id_token(), other.keys, issuer=provider.address, nonce="n")
    finally:
        stop()


def test_an_expired_token_is_refused(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    provider, stop = started(access_token_max_age=timedelta(minutes=-5))
    configure(monkeypatch, issuer=provider.address, client_id=CLIENT)
    try:
        with pytest.raises(NotSignedIn, match=r"(?i)expired"):
            oidc.verified(provider.id_token(), provider.keys, issuer=provider.address, nonce="n")
    finally:
        stop()


@pytest.mark.parametrize("issuer", ["http://provider.example", "https://127.0.0.1:9"])
def test_a_provider_that_cannot_be_used_is_told(database: str, monkeypatch: pytest.MonkeyPatch, issuer: str) -> None:
    configure(monkeypatch, issuer=issuer, client_id=CLIENT)
    with site.visitor() as client:
        answer = client.get("/login/oidc")
        assert answer.status_code == 401
        assert "https" in answer.text or "could not sign you in" in answer.text


def test_a_slash_at_the_end_of_the_issuer_is_no_matter(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, issuer=f"{provider.address}/")
    with site.visitor() as client:
        assert begun(client).startswith(f"{provider.address}/oauth2/authorize?")
