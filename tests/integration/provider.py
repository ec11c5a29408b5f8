"""A real OpenID Connect provider that runs on this machine, for tests of signing in through it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from backend.config import reread

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
            f"{self.address}/oauth2/authorize",
            sub,
            response_type="code",
            client_id=client_id,
            nonce=nonce,
            redirect_uri="http://localhost/x",
            scope="openid email",
            state="s",
        )
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
        User(sub="ada", claims=VERIFIED),
        User(sub="eve", claims={"email": "ada@example.org", "email_verified": False}),
        User(sub="bob", claims={"email": "bob@elsewhere.example", "email_verified": True}),
        User(sub="mute"),
        User(sub="cut", claims={"email": "cut@example.org", "email_verified": True}),
    ]
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
    reread()


def begun(client: httpx.Client, **query: str) -> str:
    answer = client.get("/login/oidc", params=query)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def through(provider: Provider, client: httpx.Client, sub: str, **query: str) -> httpx.Response:
    """The whole way: our button, the provider, and back."""
    return client.get(provider.enter(begun(client, **query), sub))


def name_of(client: httpx.Client) -> str:
    return client.get("/api/v1/me").json().get("name", "nobody")
