"""Completions of a file as samples: alone, and beside the model's own."""

from backend.engines.scripted import Scripted
from backend.generators.imported import Imported
from backend.generators.sample import Sample
from backend.values import ImportedCompletion as Brought
from backend.values import Prompt

PROMPT = Prompt(
    7, [{"role": "user", "content": "q"}], imported=(Brought("a", {"chosen": True}), Brought("b"), Brought("c"))
)


def test_imported_completions_are_all_the_samples() -> None:
    (sample,) = Imported().generate(None, [PROMPT], seed=1)
    assert [(s.text, s.kind, s.position, s.prompt_id) for s in sample] == [
        ("a", "import", 0, 7),
        ("b", "import", 1, 7),
        ("c", "import", 2, 7),
    ]
    assert sample[0].extra == {"chosen": True}
    assert [len(group) for group in Imported(max_per_prompt=2).generate(None, [PROMPT], seed=1)] == [2]
    assert not Imported().needs_engine


def test_they_stand_behind_the_models_own_unless_told_otherwise() -> None:
    engine = Scripted(replies=("own",))
    (sample,) = Sample(n=2).generate(engine, [PROMPT], seed=1)
    assert [(s.text, s.kind, s.position) for s in sample] == [
        ("own", "completion", 0),
        ("own", "completion", 1),
        ("a", "import", 2),
        ("b", "import", 3),
        ("c", "import", 4),
    ]
    (alone,) = Sample(n=2, take_imported=False).generate(engine, [PROMPT], seed=1)
    assert {s.kind for s in alone} == {"completion"}
