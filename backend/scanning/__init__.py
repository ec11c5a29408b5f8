"""What a row should not take along when it leaves: personal data, credentials, and what models are measured on.

Patterns find personal data and credentials, and a checksum confirms what has one; runs of words find the rest.
"""

from enum import StrEnum
from typing import NamedTuple

from backend.translations import N_


class FindingKind(StrEnum):
    """What was found in a row."""

    email = "email"
    phone = "phone"
    card = "card"
    iban = "iban"
    ip = "ip"
    credential = "credential"
    name = "name"
    held_out = "held_out"
    reference = "reference"

    @property
    def in_words(self) -> str:
        return _WORDS[self]

    @property
    def is_overlap(self) -> bool:
        """Whether it is words of another text: nothing in the row can be masked."""
        return self in (FindingKind.held_out, FindingKind.reference)


_WORDS = {
    FindingKind.email: N_("e-mail address"),
    FindingKind.phone: N_("phone number"),
    FindingKind.card: N_("payment card number"),
    FindingKind.iban: N_("bank account number (IBAN)"),
    FindingKind.ip: N_("IP address"),
    FindingKind.credential: N_("credential"),
    FindingKind.name: N_("name of the list"),
    FindingKind.held_out: N_("held-out text"),
    FindingKind.reference: N_("text of a reference file"),
}


class TextSpan(NamedTuple):
    """Where something stands in a text: from `start` up to `end`."""

    kind: FindingKind
    start: int
    end: int
