import time

from backend.values import WarningLevel
from backend.warning_rules.copying import Copying
from tests.unit.warning_rules.seen import evidence, rows


def words(start: int, number: int) -> str:
    return " ".join(f"w{n}" for n in range(start, start + number))


def test_copying_finds_runs_of_fifty_words_wherever_they_begin():
    run = [[{"text": f"well then {words(7, 50)} and so on {n}"}] for n in range(40)]
    learned = rows((99, "q", f"Once {words(0, 80)} end"))
    finding = Copying().find(evidence(run, learned=learned))
    assert (finding.value, finding.n) == (1.0, 40)
    assert Copying().level(finding) is WarningLevel.red
    short = [[{"text": f"well then {words(7, 49)} and so on {n}"}] for n in range(40)]
    assert Copying().find(evidence(short, learned=learned)).value == 0.0


def test_an_answer_to_the_same_prompt_may_be_given_again():
    groups = [[{"text": f"{words(100 * n, 60)}"}] for n in range(40)]
    own = rows(*((n + 1, "q", words(100 * n, 60)) for n in range(40)))
    assert Copying().find(evidence(groups, learned=own)).value == 0.0
    finding = Copying().find(evidence(groups))
    assert finding.value is None
    assert "nothing to copy from" in finding.missing


def test_boilerplate_that_all_texts_share_takes_time_in_proportion():
    shared = words(0, 49)
    groups = [[{"text": f"a{n} {shared} b{n}"}] for n in range(2000)]
    learned = rows(*((5000 + n, "q", f"c{n} {shared} d{n}") for n in range(2000)))
    began = time.process_time()
    assert Copying().find(evidence(groups, learned=learned)).value == 0.0
    assert time.process_time() - began < 5
    records = rows((9000, "q", f"{shared} b7"))
    assert Copying().find(evidence(groups, learned=records)).value == 1 / 2000


def test_a_draw_of_texts_is_named(monkeypatch):
    monkeypatch.setattr("backend.warning_rules.copying.MOST_TEXTS", 50)
    groups = [[{"text": f"a{n} {words(0, 60)}"}] for n in range(100)]
    finding = Copying().find(evidence(groups, learned=rows((999, "q", words(0, 60)))))
    assert (finding.value, finding.n) == (1.0, 50)
    assert finding.note == "An even draw of 50 of 100 texts is looked at."
