"""The pairs of a file, however many a prompt has."""

from backend.selectors.imported_pairs import ImportedPairs
from backend.values import Group, LabelSource, Prompt, Sample, Verdict

PROMPT = Prompt(1, [])


def side(id_: int, row: int, *, chosen: bool, by: Verdict | None = None) -> Sample:
    source = LabelSource.person if by else LabelSource.none
    return Sample(id_, 1, f"t{id_}", kind="import", extra={"chosen": chosen, "row": row}, verdict=by, source=source)


def test_every_pair_of_a_prompt_is_kept_as_it_is() -> None:
    samples = (side(1, 4, chosen=True), side(2, 4, chosen=False), side(3, 9, chosen=False), side(4, 9, chosen=True))
    selection = ImportedPairs().select([Group(PROMPT, (*samples, Sample(5, 1, "own")))], seed=1)
    assert [(e.sample_id, e.rejected_id) for e in selection.examples] == [(1, 2), (4, 3)]
    assert selection.dropped == {"no side of an imported pair": 1}


def test_people_stand_above_the_file_and_every_drop_has_its_reason() -> None:
    turned = (side(1, 1, chosen=True, by=Verdict.reject), side(2, 1, chosen=False))
    half = (side(3, 2, chosen=True),)
    selection = ImportedPairs().select([Group(PROMPT, turned + half)], seed=1)
    assert selection.examples == []
    assert selection.dropped == {"turned round by a person": 2, "the other side of the pair is missing": 1}
