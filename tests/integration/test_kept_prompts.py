"""A prompt that is put into a set by hand: what a chat asked, at the end of a set that no round uses."""

import pytest

from backend.db import reading, tables
from backend.errors import Conflict, InvalidInput, PermissionDenied
from backend.services import prompts
from backend.services.prompts import keeping
from backend.values import Role, Split
from tests import rows

pytestmark = pytest.mark.usefixtures("database")


def asks(*texts: str) -> list[dict[str, str]]:
    return [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(texts)]


def test_a_question_becomes_the_last_prompt_of_a_set_and_is_there_once() -> None:
    project = rows.make_project()
    curator = rows.make_actor(project, Role.curator)
    first = keeping.keep(curator, project.id, "From chats", asks("Why?"))
    second = keeping.keep(curator, project.id, "From chats", asks("Why?", "So.", "Really?"), answer="yes")
    assert (first.prompt_set_id, first.num_prompts) == (second.prompt_set_id, 1)
    assert second.num_prompts == 2
    listed = prompts.browse(curator, first.prompt_set_id).rows
    assert [(row.text, row.answer, len(row.messages)) for row in listed] == [("Why?", None, 1), ("Really?", "yes", 3)]
    (row_by_text,) = prompts.browse(curator, first.prompt_set_id, search="really").rows
    assert row_by_text.id == second.prompt_id
    assert prompts.get(curator, first.prompt_set_id).split is Split.train
    with pytest.raises(Conflict, match="has this prompt already"):
        keeping.keep(curator, project.id, "From chats", asks("Why?"))
    rows.make_prompt_set(project, "measured", prompts=["How  FAR?"], split=Split.held_out)
    with pytest.raises(Conflict, match="'measured', on the other side"):
        keeping.keep(curator, project.id, "From chats", asks("how far?"))
    with reading() as db:
        verbs = [event.verb for event in db.query(tables.Event).filter(tables.Event.verb == "keep prompt")]
    assert len(verbs) == 2


def test_what_is_no_prompt_or_may_not_change_is_a_sentence() -> None:
    project = rows.make_project()
    curator, reviewer = (rows.make_actor(project, role) for role in (Role.curator, Role.reviewer))
    used = rows.make_prompt_set(project, "used")
    round_ = rows.make_round(project, sets=[used])
    with pytest.raises(Conflict, match=rf"stay as they are, because round {round_.number} uses it"):
        keeping.keep(curator, project.id, "used", asks("Why?"))
    for messages, why in ((asks("Why?", "So."), "ends with what the user says"), (asks("  "), "cannot be a prompt")):
        with pytest.raises(InvalidInput, match=why):
            keeping.keep(curator, project.id, "new", messages)
    with pytest.raises(PermissionDenied):
        keeping.keep(reviewer, project.id, "new", asks("Why?"))
    assert [row.name for row in prompts.list_sets(curator, project.id)] == ["used"]
