"""Lessons into a handbook (Didolkar et al. 2025, arXiv 2509.13237): read, merged, cited, bounded."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from backend.config import reread
from backend.errors import TrainerError
from backend.trainers import Trainer, TrainSpec, final_folder
from backend.trainers.distill_lesson import DistillLesson

PLAIN = {"name": "scripted", "replies": ["a"]}
CARRY, SIGN = "Carry the tens.", "Look at the sign."


def row(text: str) -> dict[str, Any]:
    question = [{"role": "user", "content": "q"}]
    return {"prompt": question, "completion": [{"role": "assistant", "content": text}]}


def entry(name: str, text: str, *sources: int) -> dict[str, Any]:
    return {"name": name, "text": text, "sources": list(sources)}


def book(*texts: str, start: dict[str, Any] = PLAIN, **knobs: Any) -> tuple[list[dict[str, Any]], dict[str, int]]:
    writing = DistillLesson(**knobs).write([row(text) for text in texts], start)
    assert writing.name == "library"
    return writing.knobs["entries"], writing.counts


def test_each_lesson_is_a_name_with_an_instruction_and_cites_the_rows_it_stood_in():
    result, counts = book(
        f"Rules:\n- **behavior_carry**: {CARRY}\n2. `behavior_sign`:  {SIGN}  ",
        "none here: at all",
        f"behavior_carry: {CARRY}",
    )
    assert result == [
        {"name": "behavior_carry", "text": CARRY, "sources": [], "rows": [0, 2]},
        {"name": "behavior_sign", "text": SIGN, "sources": [], "rows": [0]},
    ]
    assert counts == {
        "texts": 3,
        "texts_without_lesson": 1,
        "lessons_new": 2,
        "lessons_merged": 1,
        "lessons_dropped": 0,
        "lessons": 2,
    }


def test_the_same_name_or_nearly_the_same_words_are_one_lesson():
    # ROUGE-L: 4 of 5 words in order, 2 * 4 / (5 + 5) = 0.8.
    text, other = "add the tens and ones", "add the tens then ones"
    assert [len(book(f"behavior_a: {text}\nbehavior_b: {other}", same_above=x)[0]) for x in (0.8, 0.81)] == [1, 2]
    (merged,), _ = book(
        f"behavior_a: {text}", f"Behavior_A: {SIGN}", pattern=r"(?P<name>(?i:behavior_\w)): (?P<text>.*)"
    )
    assert (merged["text"], merged["rows"]) == (text, [0, 1])
    (newest,), _ = book(f"behavior_a: {text}", f"behavior_a: {SIGN}", merge="newest")
    # What an instruction said before is nothing to be like; of two that are as like, the first lesson counts.
    texts = (f"behavior_a: {text}", f"behavior_a: {SIGN}", f"behavior_b: {other}", f"behavior_c: {other}")
    replaced, _ = book(*texts, merge="newest")
    assert [(it["name"], it["text"], it["rows"]) for it in replaced] == [
        ("behavior_a", SIGN, [0, 1]),
        ("behavior_b", other, [2, 3]),
    ]
    assert (newest["text"], newest["rows"]) == (SIGN, [0, 1])


def test_a_handbook_that_is_there_grows_and_keeps_what_it_cites():
    inner = {"name": "self_refine", "inner": PLAIN}
    start = {"name": "library", "entries": [entry("behavior_carry", CARRY, 7, 9)], "inner": inner}
    for wrapped in (start, {"name": "self_refine", "inner": start}):
        result, counts = book(f"behavior_sign: {SIGN}\nbehavior_carry: anything", start=wrapped)
        assert [(element["name"], element["sources"], element["rows"]) for element in result] == [
            ("behavior_carry", [7, 9], [0]),
            ("behavior_sign", [], [0]),
        ]
        assert (counts["lessons_new"], counts["lessons_merged"]) == (1, 1)
    assert book("nothing", start=start)[0] == [entry("behavior_carry", CARRY, 7, 9) | {"rows": []}]


def test_long_lessons_are_left_out_and_the_least_cited_drop_out_of_a_full_handbook():
    result, counts = book(f"behavior_carry: {CARRY}\nbehavior_long: {'x' * 21}", max_length=20)
    assert [element["name"] for element in result] == ["behavior_carry"]
    assert counts["lessons_too_long"] == 1
    texts = ("behavior_a: one\nbehavior_b: two", "behavior_b: two\nbehavior_c: three")
    result, counts = book(*texts, max_entries=2)
    assert [element["name"] for element in result] == ["behavior_b", "behavior_c"], "of equal ones the newer"
    assert counts["lessons_dropped"] == 1


def test_no_lesson_at_all_is_refused_with_the_way_out():
    with pytest.raises(TrainerError, match=r"None of the 2 texts holds a lesson .* change pattern or max_length"):
        book("no", "neither")
    with pytest.raises(ValueError, match="lacks the group text"):
        DistillLesson(pattern="(?P<name>x)")


def test_what_another_machine_trained_is_taken_wherever_its_data_folder_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    finals = []
    for machine in ("one", "two"):
        monkeypatch.setenv("RONDO_DATA_DIR", str(tmp_path / machine))
        reread()
        output, start = tmp_path / machine / "checkpoints" / "round-1-ab", tmp_path / machine / "checkpoints" / "base"
        output.mkdir(parents=True)
        (output / "dataset.jsonl").write_text(json.dumps(row(f"behavior_carry: {CARRY}")) + "\n")
        engines = {"policy": {"name": "transformers", "model": str(start), "adapter": None}}
        spec = TrainSpec(
            DistillLesson().dump(),
            str(output / "dataset.jsonl"),
            *("prompt_completion", "", None, str(output), 1, engines),
        )
        finals.append(final_folder(str(output)))
        if machine == "two":
            shutil.copytree(finals[0], finals[1])
        before = None if machine == "one" else (finals[1] / "train.json").read_bytes()
        Trainer.load(spec.trainer).main(spec)
    reread()
    assert (finals[1] / "train.json").read_bytes() == before
    other = TrainSpec(**spec.to_json() | {"engines": {"policy": PLAIN}})
    with pytest.raises(TrainerError, match="holds the result of another training"):
        Trainer.load(other.trainer).main(other)


def test_the_folder_appears_whole_and_the_same_again(tmp_path: Path):
    dataset = tmp_path / "dataset.jsonl"
    dataset.write_text(json.dumps(row(f"behavior_carry: {CARRY}")) + "\n")
    trainer = DistillLesson(most=5)
    output = tmp_path / "out"
    spec = TrainSpec(trainer.dump(), str(dataset), "prompt_completion", "", None, str(output), 1, {"policy": PLAIN})
    (output / "final.tmp").mkdir(parents=True)
    Trainer.load(spec.trainer).main(spec)
    final = final_folder(str(output))
    content = json.loads((final / "engine.json").read_text())
    assert (content["name"], content["knobs"]["most"], content["knobs"]["entries"][0]["rows"]) == ("library", 5, [0])
    before = final.stat().st_mtime_ns
    Trainer.load(spec.trainer).main(spec)
    assert final.stat().st_mtime_ns == before
    dataset.write_text(json.dumps(row(f"behavior_sign: {SIGN}")) + "\n")
    with pytest.raises(TrainerError, match="holds the result of another training"):
        Trainer.load(spec.trainer).main(spec)
