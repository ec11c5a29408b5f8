"""Personal data and credentials in a text, by their form and, where they have one, their checksum."""

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field

from backend.scanning import FindingKind, Span

EMAIL = re.compile(r"(?<![\w.+-])[A-Za-z0-9][\w.+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}(?![\w-])", re.ASCII)
RESERVED = re.compile(r"(?:@|\.)(?:example\.(?:com|net|org)|example|invalid|localhost|test)$", re.IGNORECASE)
"""Domains that belong to nobody (RFC 2606)."""
PHONE = re.compile(r"(?<![\w+])\+[1-9](?:[ ().-]{0,2}\d){6,14}(?!\d)", re.ASCII)
CARD = re.compile(r"(?<![\w.-])[2-6]\d{3}(?:[ -]?\d){8,15}(?![\w-])", re.ASCII)
SCHEME = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[68]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12}|6(?:011|4[4-9]\d|5\d\d)\d{12}|62\d{14,17}"
)
"""Numbers that Visa, Mastercard, American Express, Diners, JCB, Discover and UnionPay give out."""
IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)", re.ASCII)
IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)", re.ASCII)
IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{1,4}:[0-9A-Fa-f:]{4,36}(?![\w:])", re.ASCII)
CREDENTIAL = re.compile(
    r"-----BEGIN (?:[A-Z]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:.{0,8000}?-----END [A-Z ]{0,40}-----|.{0,8000})"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"  # AWS
    r"|\bgh[oprsu]_[A-Za-z0-9]{36,255}|\bgithub_pat_\w{50,255}|\bglpat-[\w-]{20,64}"
    r"|\bhf_[A-Za-z0-9]{30,64}|\bsk-(?:[a-z]+-){0,2}[A-Za-z0-9_-]{32,200}|\bnpm_[A-Za-z0-9]{36}"
    r"|\bxox[abeoprs]-[A-Za-z0-9-]{10,250}|\bAIza[\w-]{35}|\b[rs]k_live_[A-Za-z0-9]{16,120}"
    r"|\beyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{10,1000}"  # JSON Web Token
    r"|(?i:password|passwd|secret|api[_-]?key|access[_-]?token)[\"']? ?[:=]{1,2} ?([\"'])[^\s\"']{8,200}\1",
    re.ASCII | re.DOTALL,
)
BEGINNINGS: tuple[str, ...] = (
    "-----begin",
    "akia",
    "asia",
    "glpat-",
    "hf_",
    "sk-",
    "npm_",
    "xox",
    "aiza",
    "k_live_",
    "eyj",
)
BEGINNINGS += ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_")
BEGINNINGS += ("passw", "secret", "api_key", "api-key", "apikey", "access")
"""What a credential begins with, in small letters: most texts hold none of it."""
MARKS = {
    FindingKind.email: "[EMAIL]",
    FindingKind.phone: "[PHONE]",
    FindingKind.card: "[CARD]",
    FindingKind.iban: "[IBAN]",
    FindingKind.ip: "[IP]",
    FindingKind.credential: "[CREDENTIAL]",
    FindingKind.name: "[NAME]",
}
"""What stands in a masked text for what was there."""
AROUND = 30
"""Characters of a snippet on each side."""
MOST_NAMES = 1_000


class Patterns(BaseModel):
    """What is looked for. `names`: whole words in any case. `region`: where numbers without a country code are from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kinds: tuple[FindingKind, ...] = Field(tuple(MARKS), description="what is looked for")
    names: tuple[str, ...] = Field((), max_length=MOST_NAMES, description="names of people, as whole words")
    region: str = Field(
        "", pattern=r"^([A-Z]{2})?$", description="country of phone numbers that name none, as DE; empty: none"
    )

    def spans(self, text: str) -> list[Span]:
        """Return what stands in a text, in order. What overlaps is one span, of the kind of the longer one."""
        kept: list[Span] = []
        for span in sorted((span for look in self._looks for span in look(text)), key=lambda span: span.start):
            if kept and span.start < (last := kept[-1]).end:
                longer = max(last, span, key=lambda one: one.end - one.start)
                kept[-1] = Span(longer.kind, last.start, max(last.end, span.end))
            else:
                kept.append(span)
        return kept

    @cached_property
    def _looks(self) -> list[Callable[[str], Iterable[Span]]]:
        by_kind: dict[FindingKind, Callable[[str], Iterable[Span]]] = {
            FindingKind.email: _emails,
            FindingKind.phone: self._phones,
            FindingKind.card: _cards,
            FindingKind.iban: _ibans,
            FindingKind.ip: _addresses,
            FindingKind.credential: _credentials,
        }
        looks = [look for kind, look in by_kind.items() if kind in self.kinds]
        return [*looks, self._named] if FindingKind.name in self.kinds and self.names else looks

    def _phones(self, text: str) -> Iterator[Span]:
        if "+" not in text and not self.region:
            return
        import phonenumbers  # noqa: PLC0415 - most texts hold no number

        for match in PHONE.finditer(text) if "+" in text else ():
            try:
                is_valid = phonenumbers.is_valid_number(phonenumbers.parse(match[0], None))
            except phonenumbers.NumberParseException:
                continue
            if is_valid:
                yield Span(FindingKind.phone, *match.span())
        if self.region and any(map(str.isdigit, text)):
            for known in phonenumbers.PhoneNumberMatcher(text, self.region):
                yield Span(FindingKind.phone, known.start, known.end)

    def _named(self, text: str) -> Iterator[Span]:
        for match in self._names.finditer(text):
            yield Span(FindingKind.name, *match.span())

    @cached_property
    def _names(self) -> re.Pattern[str]:
        longest_first = sorted(self.names, key=len, reverse=True)
        return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)


def masked(text: str, spans: Iterable[Span]) -> str:
    """The text with a mark in place of each span; the spans are in order."""
    parts, at = [], 0
    for span in spans:
        parts += [text[at : span.start], MARKS[span.kind]]
        at = span.end
    return "".join([*parts, text[at:]])


def snippet(text: str, spans: list[Span], which: int) -> str:
    """What stands around a span, with every span masked; of its own text the beginning is left, to be recognised."""
    span = spans[which]
    before = masked(text[: span.start], spans[:which])
    end = span.end
    following = [Span(s.kind, s.start - end, s.end - end) for s in spans[which + 1 :]]
    after = masked(text[end:], following)
    shown = text[span.start : span.start + min(4, (span.end - span.start) // 4)]
    return " ".join(f"{before[-AROUND:]}{shown}…{MARKS[span.kind]}{after[:AROUND]}".split())


def _emails(text: str) -> Iterator[Span]:
    if "@" in text:
        for match in EMAIL.finditer(text):
            if not RESERVED.search(match[0]):
                yield Span(FindingKind.email, *match.span())


def _cards(text: str) -> Iterator[Span]:
    for match in CARD.finditer(text):
        digits = re.sub(r"[ -]", "", match[0])
        if SCHEME.fullmatch(digits):
            from stdnum import luhn  # noqa: PLC0415 - most texts hold no number

            if luhn.is_valid(digits):
                yield Span(FindingKind.card, *match.span())


def _ibans(text: str) -> Iterator[Span]:
    for match in IBAN.finditer(text):
        from stdnum import iban  # noqa: PLC0415 - most texts hold no number

        if iban.is_valid(match[0], check_country=False):
            yield Span(FindingKind.iban, *match.span())


def _addresses(text: str) -> Iterator[Span]:
    patterns = (IPV4 if text.count(".") > 2 else None, IPV6 if text.count(":") > 1 else None)
    for pattern in filter(None, patterns):
        for match in pattern.finditer(text):
            try:
                is_global = ipaddress.ip_address(match[0].rstrip(":")).is_global
            except ValueError:
                continue
            if is_global:  # private ones and those of examples lead to nobody
                yield Span(FindingKind.ip, *match.span())


def _credentials(text: str) -> Iterator[Span]:
    small = text.lower()
    if not any(beginning in small for beginning in BEGINNINGS):
        return
    for match in CREDENTIAL.finditer(text):
        yield Span(FindingKind.credential, *match.span())
