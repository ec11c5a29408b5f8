"""What a walk over everything that answers needs: a project with something of everything, and what changed."""

import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, true

from backend import demo
from backend.db import now, reading, session, tables
from backend.services.access import Actor
from backend.services.datasets import export_jobs as dataset_files
from backend.services.people import accounts
from backend.services.projects import trash
from backend.services.prompts import set_trash
from backend.services.samples import export_jobs as sample_files
from backend.values import DatasetType, JobStatus, NoticeKind, Role, RoundStatus, Split, Stage, WarningLevel
from backend.values.questions import QuestionKind
from tests import chatting, rows
from tests.integration import site
from tests.integration.benches import make_bench

MARK = "xyzzy-secret"
"""Stands in every text of the project; a stranger never sees it."""

OWN = {"login_sessions", "login_links", "tokens", "users", "events", "sample_views", "notices", "comments"}
"""Tables in which everybody may change what is their own, and the log of it."""

OWN_FILES = (dataset_files.DATASETS.kind, sample_files.SAMPLES.kind)

ESTIMATE = {"samples": 2, "judge_calls": 2, "tokens": 2, "seconds": None, "warnings": []}
"""Of a preview."""

NUMBERS = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 20}
SIDE = {"labels": 20, "prompts": 20, "before": NUMBERS, "after": NUMBERS}
REWRITTEN = {
    "template": "{prompt} {response} Score: 5",
    "is_kept": True,
    "seen": SIDE,
    "unseen": SIDE | {"gain": NUMBERS},
    "written": 1,
    "refused": 0,
    "calls": 80,
    "examples": [],
}
"""Of a template that was rewritten."""

ENDS_THE_ROUND = "cancel_waiting"
"""The listener that comes last: after it there is nothing left to review."""

Snapshot = dict[str, str]


@dataclass(frozen=True)
class World:
    """The ids of one row of each kind, as routes name them."""

    ids: dict[str, Any]
    project: tables.Project

    def actor(self, role: Role | None) -> Actor:
        """A new person with that role; None: a stranger."""
        result = rows.make_actor(self.project if role else None, role or Role.viewer)
        if role is not None and "entry_id" in self.ids:
            with session() as db:
                db.add(tables.Membership(project_id=self.ids["entry_id"], user_id=result.user_id, role=role))
        return result


def make_world(mark: str = MARK) -> World:
    """A project whose round waits for review, with something of everything; a second round stopped as it selected.

    `mark` stands in every text.
    """
    project = rows.make_project(f"{mark} project")
    policy = rows.make_checkpoint(  # with weights, so that a round can be launched from it
        project,
        f"{mark} base",
        location=str(demo.MODEL_FOLDER),
        engine={"name": "transformers", "model": "models/base"},
    )
    spare = rows.make_checkpoint(project, f"{mark} spare")
    prompts = rows.make_prompt_set(project, f"{mark} prompts", prompts=[f"{mark} {i}" for i in range(4)])
    held_out = rows.make_prompt_set(project, f"{mark} held out", split=Split.held_out, prompts=[f"{mark} h"])
    unused = rows.make_prompt_set(project, f"{mark} unused")
    round_ = rows.make_round(
        project,
        policy,
        sets=[prompts],
        held_out=[held_out],
        status=RoundStatus.review,
        stage=Stage.review,
        is_reviewed=True,
    )
    stopped = rows.make_round(project, policy, sets=[prompts], status=RoundStatus.failed, stage=Stage.select)
    samples = rows.make_samples(round_, prompts, texts=[f"{mark} a", f"{mark} b"], scores=[1.0, 0.0])
    rows.make_judgments(samples)
    dataset = rows.make_dataset(
        round_, DatasetType.prompt_completion, [{"prompt_id": samples[0].prompt_id, "sample_id": samples[0].id}]
    )
    asked = [{"role": "user", "content": mark}]
    with session() as db:
        job = tables.Job(
            project_id=project.id,
            round_id=round_.id,
            workflow_id=f"{mark} w",
            stage=Stage.judge,
            queue="generate",
            status=JobStatus.failed,
            error=mark,
            log_tail=mark,
        )
        trial = tables.Job(
            project_id=project.id,
            workflow_id=f"{mark} t",
            stage=Stage.generate,
            queue="generate",
            status=JobStatus.done,
            spec={"kind": "try", "checkpoint_ids": [policy.id], "messages": asked, "sampling": {}},
        )
        push = tables.Job(
            project_id=project.id,
            workflow_id=f"{mark} p",
            stage=Stage.select,
            queue="export",
            status=JobStatus.failed,
            error=mark,
            spec={"kind": "push", "what": "dataset", "id": dataset.id},
        )
        kept_nothing = [
            tables.Job(
                project_id=project.id,
                round_id=stopped.id,
                workflow_id=f"{mark} {stage}",
                stage=stage,
                queue="generate",
                status=status,
            )
            for stage, status in ((Stage.judge, JobStatus.done), (Stage.select, JobStatus.failed))
        ]
        template = tables.Template(project_id=project.id, name="t", version=1, text=mark, content_hash="0" * 64)
        saved = tables.SavedRecipe(
            project_id=project.id,
            name="saved",
            title=mark,
            recipe=rows.RECIPE | {"name": "saved", "title": mark},
            updated_at=now(),
        )
        warned = tables.RoundWarning(
            project_id=project.id,
            round_id=round_.id,
            name="label_noise",
            level=WarningLevel.red,
            value=0.5,
            low=0.4,
            high=0.6,
            limit=0.2,
            n=8,
            sample_ids=[samples[0].id],
            prompt_ids=[samples[0].prompt_id],
            details={"n": 8},
        )
        view = tables.SampleView(
            project_id=project.id,
            name=mark,
            is_shared=True,
            asked={"filters": {"verdict": ["accept"]}, "sort": "id", "descending": False, "columns": None},
            updated_at=now(),
        )
        question = tables.Question(project_id=project.id, key="note", kind=QuestionKind.text, title=mark, help=mark)
        member = tables.User(name=f"{mark} member")
        arena = tables.Arena(project_id=project.id, first_id=policy.id, second_id=policy.id, secret="0" * 64)
        asked_of = tables.EndpointUse(
            round_id=round_.id,
            stage=Stage.judge,
            step=2,
            checkpoint_id=policy.id,
            requests=2,
            uncounted=0,
            tokens_in=20,
            tokens_out=6,
            cost=0.5,
            unpriced=0,
        )
        preview = tables.Preview(
            project_id=project.id,
            plan={"recipe": rows.RECIPE, "policy_id": policy.id, "reference_id": policy.id},
            result={"is_over": True, "num_prompts": 1, "estimate": {"few": ESTIMATE, "full": ESTIMATE}},
        )
        rewrite = tables.TemplateRewrite(
            project_id=project.id,
            round_id=round_.id,
            step=2,
            asked={"template": mark, "judge_id": policy.id, "reflector_id": policy.id, "rewrites": 1},
            result=REWRITTEN,
        )
        db.add_all(
            [job, trial, push, template, saved, view, warned, question, member, arena, asked_of, preview, rewrite]
        )
        db.flush()
        notice = tables.Notice(
            user_id=member.id,
            project_id=project.id,
            kind=NoticeKind.round_review,
            key=mark,
            path=f"review?round={round_.id}",
            text=mark,
            in_page=True,
            in_browser=True,
        )
        hook = tables.Webhook(project_id=project.id, url=f"https://example.org/{mark}", kinds=["mention"], salt="x")
        place = {"project_id": project.id, "round_id": round_.id, "sample_id": samples[0].id}
        comment = tables.Comment(user_id=member.id, text=mark, **place)
        db.add_all([notice, hook, comment, tables.SampleTag(user_id=member.id, tag="odd", **place)])
        db.flush()
        first, second = (sample.id for sample in samples[:2])
        scan = tables.Scan(
            project_id=project.id, dataset_id=dataset.id, digest="0" * 64, settings={}, finished_at=now()
        )
        db.add(scan)
        db.flush()
        hit = tables.ScanFinding(
            scan_id=scan.id, position=0, kind="email", place="prompt", fingerprint="0" * 32, snippet=mark
        )
        db.add(hit)
        db.add(tables.FineFinding(project_id=project.id, kind="email", fingerprint="1" * 32))
        match = {"first_sample_id": first, "second_sample_id": second, "prompt_id": samples[0].prompt_id}
        db.add(tables.ArenaMatch(arena_id=arena.id, **match))
        bench, bench_judge = make_bench(db, project, samples, mark)
        db.add_all(kept_nothing)
        db.flush()
        db.add(tables.Membership(project_id=project.id, user_id=member.id, role=Role.viewer))
        ids = {
            "project_id": project.id,
            "user_id": member.id,
            "round_id": round_.id,
            "sample_id": samples[0].id,
            "checkpoint_id": spare.id,
            "policy_id": policy.id,
            "set_id": unused.id,
            "dataset_id": dataset.id,
            "job_id": job.id,
            "trial_id": trial.id,
            "act": "pause",
            "push_id": push.id,
            "template_id": template.id,
            "token_id": 0,
            "recipe_id": saved.id,
            "question_id": question.id,
            "view_id": view.id,
            "name": "label_noise",
            "arena_id": arena.id,
            "bench_id": bench.id,
            "bench_judge_id": bench_judge.id,
            "preview_id": preview.id,
            "rewrite_id": rewrite.id,
            "notice_id": notice.id,
            "webhook_id": hook.id,
            "comment_id": comment.id,
            "scan_id": scan.id,
            "hit_id": hit.id,
        }
    rows.make_decision(samples[1], Actor(member.id, member.name), "accept")
    return World(ids, project)


def snapshot() -> Snapshot:
    """A hash of every table's rows; without the jobs by which everybody who may read has a file written for them."""
    kind = tables.Job.spec["kind"].as_string()
    others = {"jobs": func.coalesce(kind, "").not_in(OWN_FILES)}
    with reading() as db:
        return {
            table.name: hashlib.sha256(
                repr(
                    sorted(map(repr, db.execute(select(table).where(others.get(table.name, true()))).tuples()))
                ).encode()
            ).hexdigest()
            for table in tables.Base.metadata.sorted_tables
        }


def changed(before: Snapshot) -> set[str]:
    """The tables whose rows are not what they were."""
    after = snapshot()
    return {name for name in after if after[name] != before[name]}


class Browser:
    """Calls Gradio's listeners as a page would: what one listener sets, the next one gets."""

    def __init__(self, client: httpx.Client, slug: str) -> None:
        self.client, self.root = client, f"/p/{slug}/gradio_api"
        self.query: dict[str, str] = {}
        self.page = secrets.token_hex(4)  # Gradio keeps what was drawn for a page, and another walk is another page
        self.blocks = site.blocks()
        self.values: dict[int, Any] = {}
        self.choices: dict[int, list[Any]] = {}
        self.replies: list[str] = []
        self.succeeded: set[int] = set()
        self.drawn: dict[int, dict[str, Any]] = {}
        self.called: set[str] = set()
        self.done: set[str] = set()

    def walk(self) -> None:
        """Call every listener, those that run when a page opens first, then those that draw from what these set."""

        def turn(fn: Any) -> tuple[bool, bool, bool, int]:
            is_opening = any(target[1] == "load" for target in fn.targets)
            return fn.name == ENDS_THE_ROUND, not is_opening, fn.renderable is None, fn._id

        order = sorted(self.blocks.fns.values(), key=turn)
        for fn in order:
            if fn.fn is not None:  # else it is a script of the page
                self.call(fn)
        for number in list(self.drawn):
            self.walk_drawn(number)

    def walk_drawn(self, number: int) -> None:
        """Call the listeners of what that function draws into the page; those of a recipe's form for another one, too."""
        if not self.listeners(number, "switch_recipe"):
            self.call_all_drawn(number)
            return
        for recipe in (None, "self_rewarding"):
            for switch in self.listeners(number, "switch_recipe") if recipe else ():
                self.values[switch["inputs"][0]] = recipe
                self.call_drawn(number, switch)
            self.call(self.blocks.fns[number])  # others have changed since what is drawn
            self.call_all_drawn(number)

    def call_all_drawn(self, number: int) -> None:
        # Launching comes first: others may put something into the fields that no round can be launched with.
        turns = {"read": 0, "start": 1, "preview": 1}
        for listener in sorted(self.listeners(number), key=lambda entry: turns.get(plain(entry), 2)):
            # What was launched is not counted any more, so that it is launched once.
            for counting in self.listeners(number, "read") if plain(listener) == "preview" else ():
                self.call_drawn(number, counting)
            self.call_drawn(number, listener)

    def listeners(self, number: int, name: str = "") -> list[dict[str, Any]]:
        """What is listened to in that drawing; those of that name."""
        results = [entry for entry in self.drawn.get(number, {}).get("dependencies", ()) if entry["backend_fn"]]
        return [result for result in results if name in ("", plain(result))]

    def call_drawn(self, number: int, listener: dict[str, Any]) -> None:
        components = {entry["id"]: entry for entry in self.drawn[number]["components"]}

        def value(component_id: int) -> Any:
            if component_id in self.blocks.blocks:
                return self.value(self.blocks.blocks[component_id])
            return self.values.get(component_id, components[component_id]["props"].get("value"))

        self.called.add(plain(listener))
        self.post(listener["id"], [value(i) for i in listener["inputs"]], listener["outputs"])
        if listener["id"] in self.succeeded:
            self.done.add(plain(listener))

    def call(self, fn: Any) -> None:
        """Call one listener and remember what it set."""
        self.post(fn._id, [self.value(i) for i in fn.inputs], [component._id for component in fn.outputs])

    def post(self, number: int, data: list[Any], outputs: list[int]) -> None:
        body = {
            "data": data,
            "fn_index": number,
            "session_hash": self.page,
            "trigger_id": None,
            "event_data": {"index": [0, 0], "value": "x", "row_value": ["1", "x"], "selected": True},
        }
        joined = self.client.post(f"{self.root}/queue/join", json=body, params=self.query)
        assert joined.status_code == 200, joined.text
        for message in self.messages(joined.json()["event_id"]):
            if message["msg"] == "process_completed":
                self.replies.append(json.dumps(message["output"]))
                if message["success"]:
                    self.succeeded.add(number)
                    self.remember(outputs, message["output"].get("data", []))
                    if drawn := message["output"].get("render_config"):
                        self.drawn[number] = drawn

    def messages(self, event_id: str) -> Iterator[dict[str, Any]]:
        """What the server says until that call is over."""
        with self.client.stream("GET", f"{self.root}/queue/data", params={"session_hash": self.page}) as stream:
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    message = json.loads(line[5:])
                    yield message
                    if message["msg"] == "close_stream" or (
                        message["msg"] == "process_completed" and message["event_id"] == event_id
                    ):
                        return

    def remember(self, outputs: list[int], data: list[Any]) -> None:
        for component_id, value in zip(outputs, data, strict=False):
            if isinstance(value, dict) and value.get("__type__") == "update":
                self.choices[component_id] = value.get("choices", self.choices.get(component_id, []))
                if "value" not in value:
                    continue
                value = value["value"]
            self.values[component_id] = value

    def value(self, component: Any) -> Any:
        """What stands in the component, or something that a person could put there."""
        known = self.values.get(component._id)
        if known not in (None, "", []):
            return known
        choices = self.choices.get(component._id) or getattr(component, "choices", None)
        if choices:
            first = choices[0][1] if isinstance(choices[0], list | tuple) else choices[0]
            return [first] if getattr(component, "multiselect", False) else first
        kind = type(component).__name__.lower()
        if kind == "slider":
            return component.minimum
        plain = {"textbox": "x", "number": 1, "checkbox": True, "timer": 1, "checkboxgroup": []}
        return plain.get(kind, getattr(component, "value", None) if kind == "dropdown" else None)


def plain(listener: dict[str, Any]) -> str:
    """The function's own name: Gradio numbers the later ones of a name, those of later drawings included."""
    return re.sub(r"_\d+$", "", listener["api_name"])


def server_functions() -> Iterator[tuple[int, str]]:
    """The functions that a component's own script may call."""
    for component_id, component in site.blocks().blocks.items():
        for name in dir(component):
            if getattr(getattr(component, name, None), "_is_server_fn", False):
                yield component_id, name


@pytest.fixture
def world(database: str) -> Iterator[World]:
    owner, result = accounts.local_owner(), make_world()
    entry_id = trash.put_project(owner, rows.make_project("thrown away").id)
    trashed = set_trash.put(owner, rows.make_prompt_set(result.project, f"{MARK} thrown away").id)
    result.ids.update(
        entry_id=entry_id, since=trash.get(owner, entry_id).trashed_at.isoformat(), trashed_set_id=trashed.id
    )
    yield result
    chatting.leave_all()  # no page of a walk says that it is left
