"""Signing in through a provider: whose account a person gets, and what is refused."""

import base64
import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from backend.db import reading, session, tables
from backend.errors import MissingPrerequisite, NotSignedIn
from backend.services import projects
from backend.services.access import Actor
from backend.services.people import accounts, oidc, sessions
from backend.values import Role
from tests.integration import site
from tests.integration.provider import CLIENT, VERIFIED, Provider, begun, configure, name_of, started, through

pytestmark = pytest.mark.on_sqlite


@pytest.fixture
def provider(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    result, stop = started()
    configure(monkeypatch, issuer=result.address, client_id=CLIENT, client_secret="hush")
    yield result
    stop()


@pytest.fixture
def owner(provider: Provider) -> Actor:
    return accounts.local_owner()


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
    asked = next(entry for entry in provider.asked if entry["path"] == "/oauth2/authorize")
    sent = next(entry for entry in provider.asked if entry["path"] == "/oauth2/token")
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
        assert "was used, has expired, or ended" in client.get(f"/login/link/{link}").text
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
    ("sub", "text"),
    [
        ("ada", "There is no account for ada@example.org"),
        ("eve", "no verified address"),
        ("mute", "no verified address"),
    ],
)
def test_without_an_account_nobody_comes_in(provider: Provider, owner: Actor, sub: str, text: str) -> None:
    with site.visitor() as client:
        answer = through(provider, client, sub)
        assert (answer.status_code, text in answer.text) == (401, True)
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
    user_view = accounts.find(owner, "ada@example.org")
    assert (user_view.is_owner, user_view.has_password) == (False, False)


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


def test_tabs_that_come_in_at_once_make_one_account(
    provider: Provider, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, auto_create="true")
    claims = VERIFIED | {"iss": provider.address, "sub": "ada"}
    with ThreadPoolExecutor(4) as pool:
        secrets = list(pool.map(oidc.enter, [claims] * 4))
    assert [who.actor.name for who in map(sessions.look_up, secrets) if who] == ["ada@example.org"] * 4


def test_the_access_token_goes_over_a_safe_line_only(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    body = httpx.get(f"{provider.address}/.well-known/openid-configuration").json()
    monkeypatch.setattr(oidc, "_read", lambda *_, **__: body | {"userinfo_endpoint": "http://elsewhere.example/me"})
    with pytest.raises(MissingPrerequisite, match="https"):
        oidc.begin("http://localhost/x")
