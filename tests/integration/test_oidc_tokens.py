"""The provider's answers and tokens: which are believed."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from backend.errors import NotSignedIn
from backend.services.people import oidc
from tests.integration import site
from tests.integration.provider import CLIENT, Provider, begun, configure, started

pytestmark = pytest.mark.on_sqlite


@pytest.fixture
def provider(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    result, stop = started()
    configure(monkeypatch, issuer=result.address, client_id=CLIENT, client_secret="hush")
    yield result
    stop()


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
