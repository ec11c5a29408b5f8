import pytest

from backend.environments import ToolError, tools
from backend.environments.document_search import DocumentSearch

DOCUMENTS = [
    "Huascarán is the highest mountain of Peru. It is 6768 metres high.",
    "Lima is the capital of Peru. It lies at the sea.",
    "Bread is made of flour.",
]


def test_a_search_finds_the_passages_that_have_most_to_do_with_the_words():
    part = DocumentSearch(number=2, max_chars=45).with_documents(DOCUMENTS)
    world = part.make()
    assert world.search("highest mountain Peru").split("\n\n") == [
        "Huascarán is the highest mountain of Peru.",
        "Lima is the capital of Peru.",
    ]
    assert part.reply(world, "Action: search[bread]") == "Observation: Bread is made of flour."


def test_what_is_nowhere_is_an_error_that_the_policy_reads():
    part = DocumentSearch().with_documents(DOCUMENTS)
    assert (
        part.reply(part.make(), "Action: search[quark]") == "Observation: Error: No document holds any of these words."
    )
    with pytest.raises(ToolError):
        DocumentSearch().make().search("bread")


def test_it_has_one_tool_and_needs_documents():
    part = DocumentSearch()
    assert part.needs_documents
    assert list(tools(part.make())) == ["search"]
    assert part == DocumentSearch()
    assert part.dump() == {"name": "document_search", "number": 1, "max_chars": 600}
