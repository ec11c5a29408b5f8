from backend.values import WarningLevel
from backend.warning_rules.copying import Copying
from tests.unit.warning_rules.seen import evidence, rows


def words(start: int, number: int) -> str:
    return " ".join(f"w{n}" for n in range(start, start + number))


def test_copying_finds_runs_of_fifty_words_wherever_they_begin():
    run = [[{"text": f"well then {words(7, 50)} and so on {n}"}] for n in range(40)]
    learned = rows((99, "q", f"Once {words(0, 80)} end"))
    found = Copying().find(evidence(run, learned=learned))
    assert (found.value, found.n) == (1.0, 40)
    assert Copying().level(found) is WarningLevel.red
    short = [[{"text": f"well then {words(7, 49)} and so on {n}"}] for n in range(40)]
    assert Copying().find(evidence(short, learned=learned)).value == 0.0


def test_an_answer_to_the_same_prompt_may_be_given_again():
    groups = [[{"text": f"{words(100 * n, 60)}"}] for n in range(40)]
    own = rows(*((n + 1, "q", words(100 * n, 60)) for n in range(40)))
    assert Copying().find(evidence(groups, learned=own)).value == 0.0
    found = Copying().find(evidence(groups))
    assert found.value is None
    assert "nothing to copy from" in found.missing
