"""The settings of a project's questions, as a curator clicks through them."""

import pytest

from backend.services import questions
from backend.values import Role
from tests import rows
from tests.integration import site
from tests.integration.clicking import Clicker

MODULE = "team.questions"


@pytest.mark.on_sqlite
def test_a_curator_writes_orders_and_retires_questions(database: str) -> None:
    project = rows.make_project()
    curator = rows.make_actor(project, Role.curator)
    with site.signed_in(curator) as client:
        page = Clicker(client, project.slug)
        tone = {
            "what is asked": "Tone & <b>style</b>",
            "answered by": "label",
            "key": "tone",
            "labels": "warm\n\n cold \n",
        }
        page.do(MODULE, "save_question", question=0, **tone)
        page.do(MODULE, "add_ratings")
        known = questions.list_questions(curator, project.id)
        assert [question_view.key for question_view in known] == ["tone", "helpfulness", "accuracy", "style"]
        assert known[0].options.labels == ("warm", "cold")
        page.do(MODULE, "move_down", question=known[0].id)
        page.do(MODULE, "save_question", question=known[0].id, **tone, required=True)
        page.do(MODULE, "retire_question", question=known[3].id)
        known = questions.list_questions(curator, project.id)
        assert [(question_view.key, question_view.is_required) for question_view in known] == [
            ("helpfulness", False),
            ("tone", True),
            ("accuracy", False),
        ]
        page.do(MODULE, "save_question", question=0, **tone)
        assert "already" in page.replies[-1]
        assert len(questions.list_questions(curator, project.id)) == 3
