"""What a world is reset to."""

from backend.environments import task


def test_metadata_never_stands_in_the_place_of_prompt_and_answer() -> None:
    metadata = {"prompt": "imported", "answer": "another column", "self": 1, "level": 2}
    assert task(metadata, [], "4") == {"prompt": [], "answer": "4", "level": 2}
    assert task(metadata, [], None) == {"prompt": [], "answer": "another column", "level": 2}
