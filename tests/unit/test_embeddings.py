"""Vectors of texts and their clusters, worked out by hand; and the file that vectors are kept in."""

from collections import Counter
from pathlib import Path

import numpy
import pytest

from backend import config
from backend.embeddings import clusters, static_model, vectors
from backend.errors import InvalidInput


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RONDO_DATA_DIR", str(tmp_path))
    config.reread()
    yield tmp_path
    monkeypatch.undo()
    config.reread()


def test_axes_of_the_largest_variance_come_first_and_may_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(static_model, "AT_ONCE", 3)
    # Along the first axis the rows vary by 3, along the second by 1, along the third not at all.
    rows = numpy.array([[3, 1, 5], [3, -1, 5], [-3, 1, 5], [-3, -1, 5]], dtype=numpy.float32)
    assert numpy.allclose(numpy.abs(static_model.cut(rows, 2)), [[3, 1]] * 4)
    assert numpy.allclose(numpy.abs(static_model.cut(rows, 1, dropped=1)), [[1]] * 4)
    assert static_model.cut(rows[:2], 2).shape == (2, 2), "as they are: two rows have no three axes"


def test_frequent_tokens_weigh_less() -> None:
    # p of the two tokens is 1/2 and 1/3 over 5/6: 0.6 and 0.4.
    weights = static_model.weighted(numpy.ones((2, 1), dtype=numpy.float32))[:, 0]
    assert weights == pytest.approx([1e-4 / (1e-4 + 0.6), 1e-4 / (1e-4 + 0.4)], rel=1e-5)


def test_token_vectors_of_half_floats_are_read_as_they_are(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    rows = torch.tensor([[1.5, -2.0], [0.25, 3.0]])
    save_file(
        {"lm_head.weight": rows * 2, "model.embed_tokens.weight": rows.bfloat16()}, tmp_path / "model.safetensors"
    )
    assert static_model.token_vectors(tmp_path).tolist() == rows.tolist()
    with pytest.raises(InvalidInput, match=r"no tokenizer\.json"):
        static_model.distilled(tmp_path)
    with pytest.raises(InvalidInput, match="no folder of model2vec"):
        static_model.open_folder(tmp_path / "none")


def test_vectors_go_on_from_where_a_job_ended_and_the_nearest_come_first() -> None:
    rows = numpy.array([[1, 0], [0.8, 0.6], [0, 1], [0, 0]], dtype=numpy.float16)
    writer = vectors.VectorWriter("round-7-a", 2, "a")
    writer.add([3, 5], rows[:2])
    writer.file.write(b"cut off")
    writer.file.close()
    assert vectors.read_rows("round-7-a") is None, "not in place before it is whole"
    with vectors.VectorWriter("round-7-a", 2, "a") as again:
        assert (again.number, again.last_id) == (2, 5)
        again.add([8, 9], rows[2:])
    vector = vectors.vector_of("round-7-a", 3)
    assert vector is not None
    assert vectors.nearest("round-7-a", vector, "a", 3) == {3: 1.0, 5: 0.7998, 8: 0.0}
    assert vectors.nearest("round-7-a", vector, "another model", 3) == {}
    assert vectors.vector_of("round-7-a", 9) is None, "a text without words"
    assert vectors.vector_of("round-7-a", 4) is None
    with vectors.VectorWriter("round-7-a", 2, "b") as other:
        assert other.last_id == 0, "vectors of another model cannot be compared"
        other.add([3], rows[:1])
    assert vectors.fingerprint_of("round-7-a") == "b"
    vectors.delete_others({"round-7-b"})
    assert vectors.fingerprint_of("round-7-a") is None


def test_vectors_from_a_late_sample_on_are_dropped_to_be_made_again() -> None:
    with vectors.VectorWriter("round-7-a", 2, "a") as writer:
        writer.add([3, 8], numpy.eye(2, dtype=numpy.float16))
    with vectors.VectorWriter("round-7-a", 2, "a") as again:
        again.keep_before(5)
        assert (again.number, again.last_id) == (1, 3)
        again.add([5, 8], numpy.eye(2, dtype=numpy.float16))
    rows = vectors.read_rows("round-7-a")
    assert rows is not None
    assert (rows["id"].tolist(), rows["vector"].tolist()) == ([3, 5, 8], [[1, 0], [1, 0], [0, 1]])


def test_clusters_are_what_lies_in_one_direction() -> None:
    drawn = numpy.random.default_rng(1)
    ways = numpy.eye(3)[numpy.arange(300) % 3] + drawn.normal(0, 0.05, (300, 3))
    rows = (ways / numpy.linalg.norm(ways, axis=1, keepdims=True)).astype(numpy.float16)
    places = clusters.closest(rows, clusters.centers(rows, 3))
    assert [len(set(places[n::3])) for n in range(3)] == [1, 1, 1]
    assert len(set(places)) == 3
    numbered, means = clusters.by_size(numpy.array([1, 0, 1, 2, 2, 2]), numpy.eye(3, dtype=numpy.float32))
    assert (numbered.tolist(), means.argmax(axis=1).tolist()) == ([1, 2, 1, 0, 0, 0], [2, 1, 0])
    assert [clusters.number_of(n) for n in (1, 30, 100, 5_000)] == [1, 2, 4, 32]


def test_words_of_a_cluster_are_those_that_others_have_least() -> None:
    animals, sums = Counter(the=4, cat=3, dog=2, once=1), Counter(the=4, plus=3)
    # The is in all eight samples. 3/4 ln(8/3) is 0.74, 2/4 ln(8/2) is 0.69.
    assert clusters.distinctive([animals, sums], [4, 4]) == [["cat", "dog"], ["plus"]]
    assert clusters.told_words(["cat", "12", "a", "the", "x2"]) == {"cat", "x2"}
