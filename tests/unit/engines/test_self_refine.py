"""Self-Refine (Madaan et al. 2023, arXiv 2303.17651, algorithm 1): draft, feedback, revision, stop when approved."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from backend.engines import Ability, Engine
from backend.engines._wrapper import calls_of, in_words, innermost, is_wrapper, layers, wrapped
from backend.engines.scripted import Scripted
from backend.engines.self_refine import FEEDBACK, REVISE, SelfRefine
from backend.values import Completion, FailureKind, Messages, Sampling

ASKED: Messages = [{"role": "user", "content": "Add 2 and 3."}]
APPROVES = "Fine.\n\nApproved: yes"


def rule(pattern: str, *replies: str, **more: Any) -> dict[str, Any]:
    return {"pattern": pattern, "reply": replies if len(replies) > 1 else replies[0], **more}


class Recorded(Scripted):
    """Keeps what it was asked."""

    def complete(self, prompts: Sequence[Messages], sampling: Sampling) -> list[list[Completion]]:
        CALLS.append((list(prompts), sampling))
        return super().complete(prompts, sampling)


del Engine.registry["recorded"]
CALLS: list[tuple[list[Messages], Sampling]] = []


def refine(*rules: dict[str, Any], **knobs: Any) -> SelfRefine:
    CALLS.clear()
    return SelfRefine(inner=Recorded(rules=rules), **knobs)


def only_completion(engine: Engine, chat: Messages = ASKED) -> Completion:
    with engine as opened:
        ((result,),) = opened.complete([chat], Sampling(seed=1))
    return result


def test_it_revises_until_the_feedback_approves_and_shows_all_that_was_said():
    engine = refine(
        rule("(?s)with this feedback in mind.*Look at your answer", APPROVES),
        rule("with this feedback in mind", "Sum: 5"),
        rule("Look at your answer", "The sum is wrong."),
        rule("Add", "Sum: 4"),
    )
    completion = only_completion(engine)
    assert (completion.text, completion.finish_reason, completion.logprob) == ("Sum: 5", "stop", None)
    text = f"Draft:\nSum: 4\n\nFeedback 1:\nThe sum is wrong.\n\nFeedback 2:\n{APPROVES}"
    assert completion.reasoning == text
    # All tokens that were written: 2 + 4 + 2 + 3.
    assert completion.num_tokens == 11
    chats = [chats[0] for chats, _ in CALLS]
    assert [len(chat) for chat in chats] == [1, 3, 5, 7]
    assert [message["role"] for message in chats[-1]] == ["user", "assistant"] * 3 + ["user"]
    # The history is one chat: draft, its feedback, the revision.
    assert [message["content"] for message in chats[-1]] == [
        "Add 2 and 3.",
        "Sum: 4",
        FEEDBACK,
        "The sum is wrong.",
        REVISE,
        "Sum: 5",
        FEEDBACK,
    ]


def test_an_approved_draft_is_the_answer():
    completion = only_completion(refine(rule("Look at your answer", APPROVES), rule("Add", "Sum: 5")))
    assert (completion.text, completion.reasoning, len(CALLS)) == ("Sum: 5", f"Feedback 1:\n{APPROVES}", 2)


def test_it_ends_after_so_many_revisions():
    engine = refine(rule("in mind.$", "again"), rule("Look at", "no"), rule("Add", "Sum: 4"), max_revisions=2)
    completion = only_completion(engine)
    assert (completion.text, len(CALLS), calls_of(engine)) == ("again", 5, 5)
    assert completion.reasoning.count("Feedback") == 2


def test_only_the_answers_are_sampled_as_asked():
    engine = refine(
        rule("in mind.$", "again"), rule("Look at", "no"), rule("Add", "a", "b"), max_revisions=1, feedback_tokens=7
    )
    sampling = Sampling(temperature=0.5, max_tokens=9, n=2, seed=4, stop=("END",))
    with engine as opened:
        ((first, second),) = opened.complete([ASKED], sampling)
        assert opened.complete([ASKED], sampling) == [[first, second]]
    drafts, feedback, revisions = (entry for _, entry in CALLS[:3])
    assert drafts == sampling
    assert (feedback.n, feedback.max_tokens, feedback.stop, feedback.temperature) == (1, 7, (), 0.5)
    assert (revisions.n, revisions.max_tokens, revisions.stop) == (1, 9, ("END",))
    assert len({drafts.seed, feedback.seed, revisions.seed}) == 3
    assert [len(chats) for chats, _ in CALLS[:3]] == [1, 2, 2]


def test_what_finds_no_room_leaves_the_answer_as_it_is_and_what_fails_fails():
    full = refine(rule("Look at", "too long", fails=FailureKind.context), rule("Add", "Sum: 4"))
    completion = only_completion(full)
    assert (completion.text, completion.failure, completion.reasoning) == ("Sum: 4", None, "It ended here: too long")
    down = only_completion(refine(rule("Look at", "gone", fails=FailureKind.server), rule("Add", "Sum: 4")))
    assert down.failure is not None
    assert down.failure.kind is FailureKind.server
    draft = only_completion(refine(rule("Add", "no", fails=FailureKind.filter)))
    assert draft.failure is not None
    assert len(CALLS) == 1


def test_an_empty_revision_changes_nothing():
    completion = only_completion(refine(rule("in mind.$", " "), rule("Look at", "no"), rule("Add", "Sum: 4")))
    assert (completion.text, len(CALLS)) == ("Sum: 4", 3)


def test_a_text_that_goes_on_gets_no_feedback():
    chat: Messages = [*ASKED, {"role": "assistant", "content": "Sum:"}]
    assert only_completion(refine(rule("Add", " 5")), chat=chat).text == " 5"
    assert len(CALLS) == 1


def test_it_survives_json_and_may_hold_another_wrapper():
    engine = SelfRefine(inner=SelfRefine(inner=Scripted(replies=("a",)), max_revisions=1), max_revisions=2)
    data = json.loads(json.dumps(engine.dump()))
    assert Engine.load(data) == engine
    assert calls_of(engine) == 15
    assert (is_wrapper(data), is_wrapper(innermost(data)), innermost(data)["name"]) == (True, False, "scripted")
    assert [layer["name"] for layer in layers(data)] == ["self_refine", "self_refine", "scripted"]
    assert engine.abilities == {Ability.complete}


def test_a_wrapper_that_is_there_is_replaced_wherever_it_stands():
    base = {"name": "transformers", "model": "m"}
    book = wrapped(base, "library", {"entries": [1]})
    both = wrapped(book, "self_refine", {"max_revisions": 2})
    assert in_words(both) == "self_refine around library around transformers"
    newer = wrapped(both, "library", {"entries": [1, 2]})
    assert in_words(newer) == in_words(both)
    assert newer["inner"] == {"name": "library", "entries": [1, 2], "inner": base}
    assert wrapped(newer, "self_refine", {"max_revisions": 4})["inner"] == newer["inner"]
    assert both["inner"]["entries"] == [1], "the older version stays what it is"


@pytest.mark.parametrize("knobs", [{"approved": "("}, {"feedback": ""}, {"max_revisions": 0}])
def test_knobs_that_cannot_work_are_refused(knobs: dict[str, Any]):
    with pytest.raises(ValueError, match=r"regular expression|at least 1|greater than or equal to 1"):
        refine(rule("Add", "a"), **knobs)
