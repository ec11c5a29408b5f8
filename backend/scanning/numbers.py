"""Card, account and phone numbers, tried at each length that may be theirs: what follows may be a number, too."""

import re
from collections.abc import Iterator

from backend.scanning import FindingKind, TextSpan

CARD = re.compile(r"(?<![\w.-])\d{3,19}(?:[ -]\d{3,19})*(?!\d)", re.ASCII)
"""Groups of digits as cards have them; a sequence of single numbers is none."""
GROUP = re.compile(r"\d+", re.ASCII)
SCHEME = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[68]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12}|6(?:011|4[4-9]\d|5\d\d)\d{12}|62\d{14,17}"
)
"""Numbers that Visa, Mastercard, American Express, Diners, JCB, Discover and UnionPay give out."""
MOST_DIGITS = 19
IBAN = re.compile(r"(?<!\w)(?=([A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}))", re.ASCII)
PHONE = re.compile(r"(?<![\w+])\+[1-9](?:[ ().-]{0,2}\d){6,14}", re.ASCII)


def cards(text: str) -> Iterator[TextSpan]:
    """The payment card numbers of a text."""
    for run in CARD.finditer(text):
        groups, first = [(m.start() + run.start(), m.end() + run.start()) for m in GROUP.finditer(run[0])], 0
        while first < len(groups):
            last = _card(text, groups, first)
            if last is not None:
                yield TextSpan(FindingKind.card, groups[first][0], groups[last][1])
            first = first + 1 if last is None else last + 1


def _card(text: str, groups: list[tuple[int, int]], first: int) -> int | None:
    """The last group of the longest card number that begins with this group."""
    digits, ends = "", list[tuple[int, str]]()
    for number, (start, end) in enumerate(groups[first:], first):
        digits += text[start:end]
        if len(digits) > MOST_DIGITS:
            break
        ends.append((number, digits))
    for number, tried in reversed(ends):
        if SCHEME.fullmatch(tried) and not _goes_on(text, groups[number][1]):
            from stdnum import luhn  # noqa: PLC0415 - most texts hold no number

            if luhn.is_valid(tried):
                return number
    return None


def ibans(text: str) -> Iterator[TextSpan]:
    """The bank account numbers of a text; the checksum and the country's form say how long each is."""
    after = 0
    for match in IBAN.finditer(text):
        if match.start() < after:
            continue
        from stdnum import iban  # noqa: PLC0415 - most texts hold no number

        tried = match[1]
        for length in range(len(tried), 14, -1):
            end = match.start() + length
            if text[end - 1] == " " or _goes_on(text, end):
                continue
            if iban.is_valid(tried[:length], check_country=False):
                yield TextSpan(FindingKind.iban, match.start(), end)
                after = end
                break


def phones(text: str) -> Iterator[TextSpan]:
    """The phone numbers of a text that begin with a country's code."""
    import phonenumbers  # noqa: PLC0415 - most texts hold no number

    for match in PHONE.finditer(text):
        for group in reversed([*GROUP.finditer(match[0])]):
            end = match.start() + group.end()
            if text[end : end + 1].isdigit():
                continue
            try:
                is_valid = phonenumbers.is_valid_number(phonenumbers.parse(text[match.start() : end], None))
            except phonenumbers.NumberParseException:
                continue
            if is_valid:
                yield TextSpan(FindingKind.phone, match.start(), end)
                break


def _goes_on(text: str, end: int) -> bool:
    """Whether a word reaches beyond this place."""
    return text[end : end + 1].isalnum() or text[end : end + 1] == "_"
