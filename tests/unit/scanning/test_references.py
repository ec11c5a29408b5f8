"""Reference texts within others: whole ones, runs of longer ones, and nothing that only a template makes alike."""

from backend.scanning import FindingKind
from backend.scanning.references import Reference, References

HELD_OUT = FindingKind.held_out


def test_whole_texts_and_runs_of_longer_ones_are_found_and_short_answers_are_not() -> None:
    story = " ".join(f"w{n}" for n in range(20))
    known = [
        Reference(HELD_OUT, "How tall is Ben"),
        Reference(HELD_OUT, "He is tall", is_answer=True),
        Reference(FindingKind.reference, story),
    ]
    references = References(known, run_words=6)
    assert [(o.kind, o.number) for o in references.overlaps('Well: "how  TALL is Ben?" He is tall')] == [(HELD_OUT, 0)]
    text = "begin " + " ".join(f"w{n}" for n in range(5, 11)) + " end"
    (part,) = references.overlaps(text)
    assert (part.number, text[part.start : part.end]) == (2, "w5 w6 w7 w8 w9 w10 end")
    assert references.overlaps(" ".join(f"w{n}" for n in range(5, 10))) == []
    assert References([], 6).overlaps(story) == []


def test_a_run_that_the_template_of_many_makes_tells_nothing() -> None:
    asked = "use the digits {} once each with plus and minus to make {}"
    references = References((Reference(HELD_OUT, asked.format(n, n + 9)) for n in range(5)), run_words=6)
    assert references.overlaps(asked.format(77, 3)) == []
    assert [o.number for o in references.overlaps(asked.format(2, 11))] == [2]


def test_a_whole_text_is_shown_where_it_stands_and_known_by_all_of_its_words() -> None:
    begin = "you are a helpful assistant and answer all of the questions that follow here now "
    text = begin + "\u0130s “HOW tall\ufeff is” Ben? and how old is Ada"
    references = References([Reference(HELD_OUT, "How tall is Ben"), Reference(HELD_OUT, "how old is ada")], 13)
    tall, old = references.overlaps(text)
    assert text[tall.start :].startswith("“HOW tall")
    assert text[old.start : old.end] == "how old is Ada"
    assert tall.digest != old.digest
    (same,) = References([Reference(HELD_OUT, "how  old is ADA?")], 13).overlaps("say how old is Ada")
    assert same.digest == old.digest
