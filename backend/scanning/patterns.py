"""Personal data and credentials in a text, by their form and, where they have one, their checksum."""

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field

from backend.scanning import FindingKind, TextSpan
from backend.scanning.credentials import credentials
from backend.scanning.numbers import cards, ibans, phones

EMAIL = re.compile(r"(?<![\w.+-])[A-Za-z0-9][\w.+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}(?![\w-])", re.ASCII)
RESERVED = re.compile(r"(?:@|\.)(?:example\.(?:com|net|org)|example|invalid|localhost|test)$", re.IGNORECASE)
"""Domains that belong to nobody (RFC 2606)."""
IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)", re.ASCII)
IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{1,4}:[0-9A-Fa-f:]{4,36}(?![\w:])", re.ASCII)
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
VERSION = 2
"""Of the patterns: one more with each change of what they find, so that scans of before count no more."""


class Patterns(BaseModel):
    """What is looked for. `names`: whole words in any case. `region`: where numbers without a country code are from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kinds: tuple[FindingKind, ...] = Field(tuple(MARKS), description="what is looked for")
    names: tuple[str, ...] = Field((), max_length=MOST_NAMES, description="names of people, as whole words")
    region: str = Field(
        "", pattern=r"^([A-Z]{2})?$", description="country of phone numbers that name none, as DE; empty: none"
    )

    def spans(self, text: str) -> list[TextSpan]:
        """Return what stands in a text, in order. What overlaps is one span, of the kind of the longer one."""
        kept: list[TextSpan] = []
        for span in sorted((span for look in self._looks for span in look(text)), key=lambda span: span.start):
            if kept and span.start < (last := kept[-1]).end:
                longer = max(last, span, key=lambda candidate: candidate.end - candidate.start)
                kept[-1] = TextSpan(longer.kind, last.start, max(last.end, span.end))
            else:
                kept.append(span)
        return kept

    @cached_property
    def _looks(self) -> list[Callable[[str], Iterable[TextSpan]]]:
        by_kind: dict[FindingKind, Callable[[str], Iterable[TextSpan]]] = {
            FindingKind.email: _emails,
            FindingKind.phone: self._phones,
            FindingKind.card: cards,
            FindingKind.iban: ibans,
            FindingKind.ip: _addresses,
            FindingKind.credential: credentials,
        }
        looks = [look for kind, look in by_kind.items() if kind in self.kinds]
        return [*looks, self._named] if FindingKind.name in self.kinds and self.names else looks

    def _phones(self, text: str) -> Iterator[TextSpan]:
        if "+" in text:
            yield from phones(text)
        if self.region and any(map(str.isdigit, text)):
            import phonenumbers  # noqa: PLC0415 - most projects name no country

            for known in phonenumbers.PhoneNumberMatcher(text, self.region):
                yield TextSpan(FindingKind.phone, known.start, known.end)

    def _named(self, text: str) -> Iterator[TextSpan]:
        for match in self._names.finditer(text):
            yield TextSpan(FindingKind.name, *match.span())

    @cached_property
    def _names(self) -> re.Pattern[str]:
        longest_first = sorted(self.names, key=len, reverse=True)
        return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)


def masked(text: str, spans: Iterable[TextSpan]) -> str:
    """The text with a mark in place of each span; the spans are in order."""
    parts, at = [], 0
    for span in spans:
        parts += [text[at : span.start], MARKS[span.kind]]
        at = span.end
    return "".join([*parts, text[at:]])


def snippet(text: str, spans: list[TextSpan], which: int) -> str:
    """What stands around a span, with every span masked; of a card's number the last digits are left, to be recognised:
    receipts show them, too."""
    span = spans[which]
    before = masked(text[: span.start], spans[:which])
    after = excerpt(text, spans[which + 1 :], span.end, len(text))
    own = MARKS[span.kind]
    if span.kind is FindingKind.card:
        own += f"…{text[span.end - min(4, (span.end - span.start) // 4) : span.end]}"
    return " ".join(f"{before[-AROUND:]}{own}{after[:AROUND]}".split())


def excerpt(text: str, spans: Iterable[TextSpan], start: int, end: int) -> str:
    """A part of a text, with a mark for each span that reaches into it; the spans are those of the whole text."""
    inside = [span for span in spans if span.start < end and span.end > start]
    return masked(text[start:end], [TextSpan(s.kind, max(s.start - start, 0), min(s.end, end) - start) for s in inside])


def _emails(text: str) -> Iterator[TextSpan]:
    if "@" in text:
        for match in EMAIL.finditer(text):
            if not RESERVED.search(match[0]):
                yield TextSpan(FindingKind.email, *match.span())


def _addresses(text: str) -> Iterator[TextSpan]:
    patterns = (IPV4 if text.count(".") > 2 else None, IPV6 if text.count(":") > 1 else None)
    for pattern in filter(None, patterns):
        for match in pattern.finditer(text):
            try:
                is_global = ipaddress.ip_address(match[0].rstrip(":")).is_global
            except ValueError:
                continue
            if is_global:  # private ones and those of examples lead to nobody
                yield TextSpan(FindingKind.ip, *match.span())
