"""What rows of tests are named and ask is the same alone and after other tests: scripted models draw by it."""

import pytest

from tests import rows


@pytest.mark.parametrize("time", ["first", "again"])
def test_rows_that_nobody_named_are_numbered_by_their_database_alone(database: str, time: str) -> None:
    project = rows.make_project()
    first, second = rows.make_prompt_set(project, prompts=2), rows.make_prompt_set(project, prompts=1)
    texts = [prompt.text for entry in (first, second) for prompt in rows.prompts_of(entry)]
    assert texts == ["prompt 1.0", "prompt 1.1", "prompt 2.0"]
    names = project.name, first.name, second.name, rows.make_checkpoint(project).name, rows.make_actor(project).name
    assert names == ("project-1", "set-1", "set-2", "checkpoint-1", "user-1")
