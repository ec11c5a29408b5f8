"""What is found by form and checksum, what is not, and that no part of it is shown whole."""

import pytest

from backend.scanning import FindingKind
from backend.scanning.patterns import Patterns, excerpt, masked, snippet

KEY = "ghp" + "_" + "a1B2" * 9
BLOCK = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow\n-----END RSA " + "PRIVATE KEY-----"
PATTERNS = Patterns(names=("Ada Lovelace",))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", "ada.l+x@mail.uni-bonn.de"),
        ("phone", "+49 30 901820"),
        ("phone", "+1 (650) 253-0000"),
        ("card", "4111 1111 1111 1111"),  # by Luhn: 1 * 7 + 8 + 7 * 2 + 1 = 30
        ("card", "378282246310005"),
        ("iban", "DE89 3704 0044 0532 0130 00"),
        ("iban", "GB82WEST12345698765432"),
        ("ip", "8.8.8.8"),
        ("ip", "2001:4860:4860::8888"),
        ("credential", "AKIA" + "IOSFODNN7EXAMPLE"),
        ("credential", KEY),
        ("credential", BLOCK),
        ("name", "ada lovelace"),
    ],
)
def test_it_is_found_masked_and_never_shown_whole(kind: str, value: str) -> None:
    text = f"Write to {value}, please."
    (span,) = spans = PATTERNS.spans(text)
    assert (span.kind, text[span.start : span.end]) == (FindingKind(kind), value)
    assert PATTERNS.spans(masked(text, spans)) == []
    shown = snippet(text, spans, 0)
    assert value not in shown
    last = value[-min(4, len(value) // 4) :] if kind == "card" else ""
    assert shown == f"Write to [{kind.upper()}]{'…' if last else ''}{last}, please."
    assert "Write to" in shown


@pytest.mark.parametrize(
    "text",
    [
        "me@example.org and you@corp.test",  # RFC 2606
        "4111 1111 1111 1112 fails Luhn, 1234567812345670 has no scheme",
        "DE88 3704 0044 0532 0130 00 fails its checksum",
        "127.0.0.1, 192.168.1.20, 203.0.113.7, ::1 and 1.2.3",
        "+49 1 is short; 3 + 4 + 5 = 12; 2024-01-02 10:20:30",
        "Ada Lovelaces; adalovelace@",
        "21+5=26",
        "the secret: patience, and a password: Optional[str] = None; secret = get_it()",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
    ],
)
def test_what_only_looks_like_it_is_not_found(text: str) -> None:
    assert PATTERNS.spans(text) == []


def test_numbers_without_a_country_are_found_where_one_is_given_and_kinds_can_be_left_out() -> None:
    text = "Call (650) 253-0000 or 030 901820."
    assert PATTERNS.spans(text) == []
    assert [text[s.start : s.end] for s in Patterns(region="US").spans(text)] == ["(650) 253-0000"]
    assert Patterns(kinds=()).spans("a@b.de") == []


def test_neighbours_are_masked_in_each_others_snippets() -> None:
    text = "a.person@mail.de 8.8.8.8"
    spans = PATTERNS.spans(text)
    assert [snippet(text, spans, n) for n in range(2)] == ["[EMAIL] [IP]", "[EMAIL] [IP]"]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("4111 1111 1111 1111 12/27 123", "[CARD] 12/27 123"),
        ("2026 4111-1111-1111-1111 4111111111111111 and on", "2026 [CARD] [CARD] and on"),
        ("AT61 1904 3002 3457 3201 BIC", "[IBAN] BIC"),
        ("BE68539007547034 EUR", "[IBAN] EUR"),
        ("+1 650-253-0000 2 times", "[PHONE] 2 times"),
        ('{"api_key": "abcd1234efgh", "n": 1}', '{"api_key": "[CREDENTIAL]", "n": 1}'),
        (r"{\"password\": \"ab\\cd-ef-gh\"}", r"{\"password\": \"[CREDENTIAL]\"}"),
        (r'password = "ab\"cd-efgh" ok', 'password = "[CREDENTIAL]" ok'),
        ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPx", "AWS_SECRET_ACCESS_KEY=[CREDENTIAL]"),
        ("password: hunter2hunter2.", "password: [CREDENTIAL]."),
        ("password = 'correct-horse'", "password = '[CREDENTIAL]'"),
    ],
)
def test_only_the_value_is_masked_and_what_follows_it_stays(text: str, left: str) -> None:
    assert masked(text, PATTERNS.spans(text)) == left
    assert PATTERNS.spans(left) == []


@pytest.mark.parametrize(
    "secret",
    [
        BLOCK.replace("MIIEow", "MIIEow\n" * 2_000),
        BLOCK.replace("MIIEow", "MIIEow\\n" * 2_000),
        "-----BEGIN " + "PRIVATE KEY-----\n" + "MIIEow\n" * 2_000,
        "sk-" + "aB3" * 200,
        "github_pat_" + "aB3" * 200,
        "xoxb-" + "aB3" * 200,
        "sk_live_" + "aB3" * 100,
        "eyJ" + "aB3" * 1_000 + ".eyJ" + "aB3" * 3_000 + "." + "aB3" * 1_000,
    ],
)
def test_no_tail_of_a_long_secret_is_left(secret: str) -> None:
    text = f"Here: {secret}"
    assert masked(text, PATTERNS.spans(text)) == "Here: [CREDENTIAL]"


def test_of_a_card_at_most_the_last_four_are_shown() -> None:
    text = "Pay 5555555555554444 now"
    assert snippet(text, PATTERNS.spans(text), 0) == "Pay [CARD]…4444 now"


def test_a_part_of_a_text_shows_no_part_of_a_value_that_reaches_into_it() -> None:
    text = f"a {KEY} b"
    assert excerpt(text, PATTERNS.spans(text), 6, len(text)) == "[CREDENTIAL] b"
