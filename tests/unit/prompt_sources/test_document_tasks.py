import random

import pytest
from pydantic import ValidationError

from backend.judges.exact_match import ExactMatch
from backend.prompt_sources.document_tasks import INSTRUCTIONS, MAKERS, MASK, DocumentTasks, _passage
from backend.values import Group, Prompt, Sample, Verdict
from tests.groups import prompt

SENTENCES = ("The cat sat down. ", "It was raining outside! ", "Nobody came to the door, though.")
TEXT = "".join(SENTENCES)
OTHER = "Ships sail at noon. Every crew eats early. The tide turns before evening comes."


def documents(*texts: str) -> list[Prompt]:
    return [prompt(text, id=n) for n, text in enumerate(texts, start=1)]


def ask(pool: list[Prompt], *, limit: int = 10, seed: int = 0, **knobs) -> list[Group]:
    return DocumentTasks(**knobs).ask([], pool, limit=limit, seed=seed)


def shown(group: Group) -> str:
    """The passage that the task itself shows."""
    return group.prompt.messages[0]["content"].rsplit("Input: ", 1)[1].removesuffix("\nOutput:")


def task_and_target(kind: str, seed: int = 0, text: str = TEXT) -> tuple[str, str]:
    task = MAKERS[kind](_passage(text, 800, random.Random(seed)), random.Random(seed))
    return task.shown, task.target


def test_the_next_sentence_follows_what_is_shown():
    assert {task_and_target("next_sentence", seed) for seed in range(20)} == {
        ("The cat sat down.", "It was raining outside!"),
        ("The cat sat down. It was raining outside!", "Nobody came to the door, though."),
    }


def test_the_masked_word_stands_where_the_mask_is():
    results = {task_and_target("masked_word", seed) for seed in range(60)}
    assert {word for _, word in results} == {"down", "raining", "outside", "Nobody", "came", "door", "though"}
    assert all(text.count(MASK) == 1 and text.replace(MASK, word) == TEXT for text, word in results)


def test_the_last_three_words_are_left_out():
    assert task_and_target("last_phrase") == (
        "The cat sat down. It was raining outside! Nobody came to",
        "the door, though.",
    )


def test_the_order_is_that_of_the_text_or_another():
    results = {task_and_target("order", seed) for seed in range(40)}
    assert {label for _, label in results} == {"original", "shuffled"}
    for text, label in results:
        assert (text == TEXT) is (label == "original")
        assert all(sentence.strip() in text for sentence in SENTENCES)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("next_sentence", "Only one sentence stands here."),
        ("masked_word", "I am. It is."),
        ("last_phrase", "Five words are not enough."),
        ("order", "One is. Two are."),
        ("order", "So. So. So."),
    ],
)
def test_a_text_that_is_too_short_for_a_kind_gives_no_task_of_it(kind: str, text: str):
    assert ask(documents(text), kinds=(kind,)) == []


def test_each_document_gives_so_many_tasks_of_the_kinds_in_turn_and_keeps_its_id():
    groups = ask(documents(TEXT, OTHER), per_document=5, shuffle=False)
    assert [group.prompt.id for group in groups] == [1] * 5 + [2] * 5
    kinds = [INSTRUCTIONS[kind] for kind in DocumentTasks().kinds]
    asked = [group.prompt.messages[0]["content"].split("\n")[0] for group in groups]
    assert asked == (kinds + kinds[:1]) * 2
    assert all(group.id == 0 and group.parent is None and group.prompt.answer for group in groups)


def test_solved_tasks_of_the_same_kind_stand_before_it_from_other_documents():
    # Of 2 documents only one other can give one.
    (group, _) = ask(documents(TEXT, OTHER), kinds=("last_phrase",), per_document=1, shots=3, shuffle=False)
    (asked,) = group.prompt.messages
    assert asked["content"] == (
        "Write the words that the text ends with.\n\n"
        "Input: Ships sail at noon. Every crew eats early. The tide turns\nOutput: before evening comes.\n\n"
        "Input: The cat sat down. It was raining outside! Nobody came to\nOutput:"
    )
    assert group.prompt.answer == "the door, though."
    many = ask(documents(*[TEXT, OTHER] * 5), kinds=("next_sentence",), per_document=1, shots=4)
    assert {group.prompt.messages[0]["content"].count("Output: ") for group in many} == {4}


def test_a_passage_is_no_longer_than_it_may_be_and_stands_in_the_document():
    long = " ".join(f"This is sentence number {n} of them." for n in range(100))
    for group in ask(documents(long), kinds=("next_sentence",), per_document=20, max_chars=200):
        text = f"{shown(group)} {group.prompt.answer}"
        assert text in long
        assert len(text) <= 200
    assert ask(documents("x" * 300 + "."), kinds=("masked_word",), max_chars=200) == []


def test_sentences_without_blanks_between_them_are_told_apart():
    assert task_and_target("next_sentence", text="猫は寝た。外は雨だ。") == ("猫は寝た。", "外は雨だ。")


def test_the_same_seed_makes_the_same_tasks_whatever_other_documents_there_are():
    groups, two = ask(documents(TEXT, OTHER)), ask(documents(TEXT, OTHER))
    assert groups == two
    assert ask(documents(TEXT, OTHER), seed=1) != groups
    alone = ask(documents(TEXT), shuffle=False)
    assert [group for group in ask(documents(TEXT, OTHER), shuffle=False) if group.prompt.id == 1] == alone
    assert len({group.prompt.id for group in ask(documents(*[TEXT] * 9), limit=4)}) == 4


def test_its_answers_can_be_verified():
    for group in ask(documents(TEXT), per_document=4):
        texts = (group.prompt.answer, "something else")
        judged = Group(group.prompt, tuple(Sample(n, 1, text) for n, text in enumerate(texts, start=1)))
        assert [j.verdict for j in ExactMatch().judge(None, [judged], seed=0)] == [Verdict.accept, Verdict.reject]


@pytest.mark.parametrize("knobs", [{"kinds": ()}, {"kinds": ("rhyme",)}, {"per_document": 0}, {"max_chars": 3}])
def test_refuses_what_makes_no_task(knobs):
    with pytest.raises(ValidationError):
        DocumentTasks(**knobs)


def test_it_makes_at_most_so_many_for_estimates():
    assert DocumentTasks(per_document=3).groups_at_most(5, 0, 5) == 15


def test_the_rest_of_a_passage_is_recalled_by_its_first_sentence():
    assert task_and_target("recall") == (
        "The cat sat down.",
        "It was raining outside! Nobody came to the door, though.",
    )
    assert MAKERS["recall"](["One sentence."], random.Random(0)) is None
