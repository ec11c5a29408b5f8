"""A judge bench on its page, over REST and on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli.commands import app
from backend.errors import MissingPrerequisite
from backend.judges import Judge
from backend.services.judge_bench import opening
from backend.services.people import accounts
from backend.values import JobStatus
from tests.integration import site
from tests.integration.benches import KIND, VERDICT, Bench, run_bench
from tests.integration.clicking import Clicker
from tests.integration.test_deep_links import Opened

pytestmark = pytest.mark.on_sqlite


@pytest.fixture
def bench(database: str) -> Bench:
    return Bench()


class Page(Clicker, Opened):
    """Opens the page and clicks on it."""

    def clicks(self, listener: str, **event: Any) -> str:
        self.event = event
        self.call(self.listener("judge_bench", listener))
        return json.dumps(json.loads(self.replies[-1]), ensure_ascii=False)


def test_page_rest_and_command_line_show_the_same_bench(bench: Bench) -> None:
    judgments = bench.judge("kind", KIND)
    with site.with_token(bench.curator) as client:
        body = {"judges": [{"judge": VERDICT, "checkpoint_id": judgments.checkpoint_id}], "number": 30}
        response = client.post(f"/api/v1/projects/{bench.project.id}/judge-benches", json=body)
        assert response.status_code == 201, response.text
        bench_id = response.json()["line"]["id"]
        assert run_bench(bench_id) is JobStatus.done
        content = client.get(f"/api/v1/judge-benches/{bench_id}").json()
        judge = content["judges"][0]
        assert (content["line"]["samples"], judge["figures"]["confusion"]["accepts_people"]) == (30, 0)
        place = f"/api/v1/judge-benches/{bench_id}/judges/{judge['id']}/disagreements"
        wrong = client.get(place).json()
        assert wrong["total"] == judge["figures"]["confusion"]["accepts_judge"] > 0
        assert client.get(f"/api/v1/judge-benches/{bench_id}/judges/999/disagreements").status_code == 404
    with site.signed_in(bench.curator) as client:
        page = Page(client, bench.project.slug)
        reply = page.ask("judge_bench", "draw", bench=str(bench_id))
        assert "written_verdict, kind" in reply
        assert f"{wrong['total']} with people" in reply
        reply = page.clicks("act", judge=judge["id"], against="people")
        assert f"{wrong['total']} texts." in reply
        assert "accept, people: reject" in reply
        assert "fine;Y" in reply
        reply = page.clicks("act", judge=judge["id"], against="people")
        assert "fine;Y" not in reply, "the same again closes them"
        sources = page.ask("judge_bench", "draw_form", round=str(bench.team.round.id), verdict="reject")
        assert "Labels of people in all rounds: 40 samples" in sources
        assert "What the filter of Samples finds in round 1: verdict reject" in sources
    accounts.local_owner()
    shown = CliRunner().invoke(app, ["judge", "show", "--project", str(bench.project.id)])
    assert shown.exit_code == 0, shown.output
    assert "written_verdict, kind" in shown.output
    assert "30 samples with labels of people, of all rounds" in shown.output


def test_the_form_says_why_the_newest_round_s_judge_is_left_out(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(self: Judge) -> None:
        raise MissingPrerequisite("There is no sandbox here. Install one.")

    monkeypatch.setattr(Judge, "check_ready", absent)
    with site.signed_in(bench.curator) as client:
        page = Page(client, bench.project.slug)
        form = page.ask("judge_bench", "draw_form")
        assert "There is no sandbox here. Install one." in form
        assert "Labels of people in all rounds: 40 samples" in form
        assert '"interactive": false' not in form
        monkeypatch.undo()
        monkeypatch.setattr(opening, "FEWEST", 41)
        form = page.ask("judge_bench", "draw_form")
        assert "40 samples carry a label of people that counts here" in form
        assert '"interactive": false' in form, "it is said before a press"
        monkeypatch.undo()
        bench_id = bench.open(bench.judge("kind", KIND))
        assert '"active": true' in page.ask("judge_bench", "draw")
        assert "Labels of people" not in page.ask("judge_bench", "draw_form"), "it is folded, and nothing is counted"
        run_bench(bench_id)
        assert '"active": false' in page.ask("judge_bench", "draw")


def test_the_command_line_opens_a_bench_of_a_file(bench: Bench, tmp_path: Path) -> None:
    accounts.local_owner()
    bench.checkpoint("kind", KIND)
    file = tmp_path / "judges.yaml"
    file.write_text("- judge: {name: written_verdict, votes: 2}\n  checkpoint: kind\n- judge: exact_match\n")
    place = ["--project", str(bench.project.id), "--no-wait"]
    done = CliRunner().invoke(
        app, ["judge", "bench", str(file), "--round", "1", "--filter", "verdict=reject", "--seed", "7", *place]
    )
    assert done.exit_code == 0, done.output
    assert "20 texts of round 1 (verdict reject)" in done.output
    wrong = CliRunner().invoke(app, ["judge", "bench", str(file), "--round", "1", "--filter", "colour=red", *place])
    assert "colour=red is no filter of samples" in str(wrong.exception)
    for asked, reply in (
        (["verdict=accept,foo"], "verdict=accept,foo is no filter"),
        (["verdict=accept", "verdict=reject"], "verdict is given twice"),
    ):
        given = [word for entry in asked for word in ("--filter", entry)]
        wrong = CliRunner().invoke(app, ["judge", "bench", str(file), "--round", "1", *given, *place])
        assert reply in str(wrong.exception)
    file.write_text("- written_verdict\n")
    wrong = CliRunner().invoke(app, ["judge", "bench", str(file), *place])
    assert "Entry 1 of judges.yaml is no judge" in str(wrong.exception)
