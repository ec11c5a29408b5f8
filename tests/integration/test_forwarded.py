"""Who a request says it is: nobody is believed but a proxy that the settings name."""

import pytest

from app import proxies
from backend.config import reread, settings
from backend.db import reading, tables
from backend.errors import InvalidInput
from backend.services.people import accounts
from tests.integration import site

PASSWORD = "correct horse battery"
FORGED = {
    "X-Forwarded-For": "203.0.113.{n}",
    "X-Real-IP": "203.0.113.{n}",
    "Forwarded": "for=203.0.113.{n}",
    "X-Forwarded-Host": "evil-{n}.test",
    "X-Forwarded-Proto": "https",
}


def trust(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("RONDO_TRUSTED_PROXIES", value)
    reread()


def fail(number: int) -> list[int]:
    statuses = []
    with site.visitor() as client:
        for n in range(number):
            headers = {name: value.format(n=n) for name, value in FORGED.items()}
            form = {"name": "owner", "password": "wrong"}
            statuses.append(client.post("/login", data=form, headers=headers).status_code)
    return statuses


def noted() -> set[str]:
    with reading() as db:
        return {row.details["address"] for row in db.query(tables.Event).filter_by(verb="fail to sign in")}


@pytest.fixture
def owner(database: str) -> None:
    actor = accounts.local_owner()
    accounts.set_password(actor, actor.user_id, PASSWORD)


def test_eight_failures_with_another_forged_address_each_are_slowed_down_and_none_is_written_down(owner: None) -> None:
    assert fail(8) == [401] * 5 + [429] * 3
    assert noted() == {"127.0.0.1"}


def test_a_trusted_proxy_says_who_it_was(owner: None, monkeypatch: pytest.MonkeyPatch) -> None:
    trust(monkeypatch, "127.0.0.1, 10.0.0.0/8")
    assert fail(8) == [401] * 8
    assert noted() == {f"203.0.113.{n}" for n in range(8)}


def test_a_proxy_that_is_not_the_one_named_is_not_believed(owner: None, monkeypatch: pytest.MonkeyPatch) -> None:
    trust(monkeypatch, "10.0.0.0/8")
    assert fail(6)[-1] == 429
    assert noted() == {"127.0.0.1"}


def test_the_name_and_line_of_the_site_are_the_proxys_to_say(owner: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links that are shown, and where a sign-in comes back to, are made of them."""
    fields = {"X-Forwarded-Host": "rondo.test", "X-Forwarded-Proto": "https", "Origin": "https://rondo.test"}
    form = {"name": "owner", "password": PASSWORD}
    with site.visitor() as client:
        assert client.post("/login", data=form, headers=fields).status_code == 403, "the origin is not this site"
        page = client.get("/gradio_api/config", headers=fields)
        assert "rondo.test" not in page.text
    trust(monkeypatch, "127.0.0.1")
    with site.visitor() as client:
        assert client.post("/login", data=form, headers=fields).status_code == 303


def scope(client: str, **headers: str) -> dict:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "client": (client, 1), "scheme": "http", "headers": raw}


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("1.1.1.1, 198.51.100.7, 10.1.2.3", "198.51.100.7"),  # the first is what the client made up
        ("198.51.100.7, 127.0.0.1", "198.51.100.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("10.1.2.3", "127.0.0.1"),
        ("nonsense", "127.0.0.1"),
        ("198.51.100.7, nonsense", "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
def test_of_many_addresses_the_last_that_is_no_proxys_counts(
    monkeypatch: pytest.MonkeyPatch, given: str, address: str
) -> None:
    trust(monkeypatch, "127.0.0.1 10.0.0.0/8")
    reply = proxies.believed(scope("127.0.0.1", host="rondo.test", x_forwarded_for=given))
    assert reply["client"][0] == address
    assert [name for name, _ in reply["headers"]] == [b"host"]
    mapped = proxies.believed(scope("::ffff:10.0.0.1", x_forwarded_for="198.51.100.7"))
    assert mapped["client"][0] == "198.51.100.7"
    reread()


def test_an_address_that_is_none_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RONDO_TRUSTED_PROXIES", "proxy.internal")
    reread()
    with pytest.raises(InvalidInput, match=r"RONDO_TRUSTED_PROXIES.*no address"):
        settings()
    monkeypatch.delenv("RONDO_TRUSTED_PROXIES")
    reread()
