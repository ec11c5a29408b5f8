"""What a line answers where words are looked for: the words alone, a yes or no, what follows an "is"."""

import re

from backend.answers import equality, unclear

_COPULA = re.compile(r"\b(?:is|are|was|were|equals|be|as|to)\b:?|[=:：]", re.IGNORECASE)
NO_ANSWER = re.compile(
    r"(?:correct|right|wrong|incorrect|final|below|above|clear|given|as follows|the following|in the|not\b|n/?a\b"
    r"|none given|unknown|unclear|unsure|i(?:['’]m| am) (?:sorry|not|unable)"
    r"|i (?:do not|don['’]t|can ?not|can['’]t)|sorry\b|\?+$)",
    re.IGNORECASE,
)
_BARE = re.compile(r"^(?:the|a|an)\s")
_YES_NO_FIRST = re.compile(
    r"\W*(?P<word>yes|no|true|false)(?:\W*$|\s*[,.;:!*)–—-]|\s+(?:it|he|she|they|we|you|i|this|that|there|because)\b)",
    re.IGNORECASE,
)
_YES_NO = frozenset({"yes", "no", "true", "false"})
_SAME_QUESTION = {word: pair for pair in ({"yes", "no"}, {"true", "false"}) for word in pair}


def is_yes_or_no(word: str) -> bool:
    """Say whether a word is a whole answer to a question that asks whether."""
    return word.casefold() in _YES_NO


def answer_in(line: str, like: str) -> str | None:
    """What a line or phrase answers where words are looked for; None where that is not clear.

    The line itself where it is the known answer, a yes or no that it begins with, what follows its "is", else all of
    it: not where that denies something, asks, or holds the known answer among other words.
    """
    plain, wanted = equality.words(line), equality.words(like)
    if plain == wanted:
        return line
    if unclear.TAKEN_BACK.search(line):
        return None
    denial = re.search(r"\b(?:not|never|neither|cannot)\b|n['’]t\b", line, re.IGNORECASE)
    said_before = line[: denial.start()] if denial else line
    ends = [_BARE.sub("", equality.words(said_before[m.end() :].rstrip(" ,;"))) for m in _COPULA.finditer(said_before)]
    if wanted in _YES_NO:
        first = _YES_NO_FIRST.match(line)
        word = first["word"] if first else next((end for end in ends if end in _YES_NO), "")
        return word if word.casefold() in _SAME_QUESTION[wanted] else None
    if _BARE.sub("", wanted) in ends or re.match(rf"{re.escape(wanted)},?\s+(?:because|since|as|not)\b", plain):
        return like
    is_mentioned = re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", plain) is not None
    answer = ends[-1] if ends else line
    is_open = denial or is_mentioned or re.search(r"\bor\b|[!?:]$", line.rstrip("*_ "), re.IGNORECASE)
    return None if not answer or is_open or NO_ANSWER.match(answer) or NO_ANSWER.match(plain) else answer
