"""Keys, tokens and passwords in a text, to their very end: a tail that is left would be a part of the secret."""

import re
from collections.abc import Iterator

from backend.scanning import FindingKind, TextSpan

KEY_BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----", re.ASCII)
KEY_END = re.compile(r"-----END [A-Z0-9 ]{0,40}-----", re.ASCII)
TOKEN = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"  # AWS
    r"|\bgh[oprsu]_[A-Za-z0-9]{36,}|\bgithub_pat_\w{50,}|\bglpat-[\w-]{20,}"
    r"|\bhf_[A-Za-z0-9]{30,}|\bsk-(?:[a-z]{1,20}-){0,2}[A-Za-z0-9_-]{32,}|\bnpm_[A-Za-z0-9]{36,}"
    r"|\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bAIza[\w-]{35,}|\b[rs]k_live_[A-Za-z0-9]{16,}"
    r"|(?<![\w-])eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}(?:\.[\w-]+)*",  # JSON Web Token
    re.ASCII,
)
ASSIGNED = re.compile(
    r"(?i:password|passwd|passphrase|secret|api[_-]?key|access[_-]?(?:token|key)|auth[_-]?token)[\w-]{0,40}"
    r"(?:\\?[\"'])?[ \t]{0,4}(?::=|=>|[:=]{1,2})[ \t]{0,4}"
    r"(?:(?P<quote>\\?[\"'])(?!\[[A-Z]+\])(?P<quoted>(?:(?!(?P=quote))(?:\\.|\S)){8,})(?P=quote)"
    r"|(?P<bare>(?=[^\s\"'\\,;&<>(){}\[\]]{0,200}\d)[^\s\"'\\,;&<>(){}\[\]]{8,}))",
    re.ASCII,
)
"""A value that a name of secrets is given. Without quotes it has a digit: words follow these names in plain text."""
BEGINNINGS: tuple[str, ...] = (
    *("-----begin", "akia", "asia", "glpat-", "hf_", "sk-", "npm_", "xox", "aiza", "k_live_", "eyj"),
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    *("passw", "passphrase", "secret", "api_key", "api-key", "apikey", "access", "auth"),
)
"""What a credential begins with, in small letters: most texts hold none of it."""


def credentials(text: str) -> Iterator[TextSpan]:
    """The credentials of a text; of one that a name is given, the value alone."""
    small = text.lower()
    if not any(beginning in small for beginning in BEGINNINGS):
        return
    yield from _private_keys(text)
    for match in TOKEN.finditer(text):
        yield TextSpan(FindingKind.credential, *match.span())
    for match in ASSIGNED.finditer(text):
        start, end = match.span("bare" if match["quoted"] is None else "quoted")
        yield TextSpan(FindingKind.credential, start, end - text[start:end].endswith(".") if match["bare"] else end)


def _private_keys(text: str) -> Iterator[TextSpan]:
    """Blocks to the line of their end; one that was cut off reaches to the text's end."""
    at = 0
    while begin := KEY_BEGIN.search(text, at):
        end = KEY_END.search(text, begin.end())
        at = len(text) if end is None else end.end()
        yield TextSpan(FindingKind.credential, begin.start(), at)
