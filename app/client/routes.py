"""One method for each route, by what it is about.

Written by `python -m docs.generate` from the OpenAPI document. Change the routes it is written from, and run it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Unpack

from . import shapes
from .connection import Connection, Noun, part


class Arenas(Noun):

    def get_arena(self, arena_id: int) -> shapes.ArenaView:
        """Get arena."""
        return self._ask("GET", f"/arenas/{arena_id}")

    def get_match(self, arena_id: int) -> shapes.ShownMatch:
        """The next match that you have not decided; `token` is empty where there is none."""
        return self._ask("GET", f"/arenas/{arena_id}/match")

    def decide(self, arena_id: int, **body: Unpack[shapes.VoteRequest]) -> shapes.ShownMatch:
        """Say which side is better; returns the next match."""
        return self._ask("POST", f"/arenas/{arena_id}/decisions", body=body)

    def list_arenas(self, project_id: int) -> list[shapes.ArenaView]:
        """Newest first; without names and results where you have matches to decide."""
        return self._ask("GET", f"/projects/{project_id}/arenas")

    def open_arena(self, project_id: int, **body: Unpack[shapes.NewArena]) -> shapes.ArenaView:
        """Draw matches from the held-out answers of two checkpoints."""
        return self._ask("POST", f"/projects/{project_id}/arenas", body=body)

    def take_back(self, arena_id: int) -> shapes.ShownMatch:
        """Take your last word back; returns that match."""
        return self._ask("POST", f"/arenas/{arena_id}/decisions/undo")


class Audit(Noun):

    def list_audit(
        self, project_id: int, *, limit: int | None = None, after: str | None = None, person: str | None = None,
        kind: Literal["", "decision", "event"] | None = None, verb: str | None = None, subject: str | None = None,
        sample_id: int | None = None, round_id: int | None = None, via: str | None = None, since: str | None = None,
        until: str | None = None,
    ) -> shapes.Page[shapes.AuditEntry]:
        """Newest first."""
        return self._ask(
            "GET", f"/projects/{project_id}/audit", query={"limit": limit, "after": after, "person": person,
            "kind": kind, "verb": verb, "subject": subject, "sample_id": sample_id, "round_id": round_id, "via": via,
            "since": since, "until": until},
        )

    def export_audit(
        self, project_id: int, to: str | Path, *, format: Literal["jsonl", "csv"] | None = None,
        person: str | None = None, kind: Literal["", "decision", "event"] | None = None, verb: str | None = None,
        subject: str | None = None, sample_id: int | None = None, round_id: int | None = None, via: str | None = None,
        since: str | None = None, until: str | None = None,
    ) -> Path:
        """Download every line, the decisions of bulk actions included."""
        return self._save(
            "GET", f"/projects/{project_id}/audit/export", to, query={"format": format, "person": person, "kind": kind,
            "verb": verb, "subject": subject, "sample_id": sample_id, "round_id": round_id, "via": via, "since": since,
            "until": until},
        )


class Checkpoints(Noun):

    def try_prompt(self, **body: Unpack[shapes.NewTrial]) -> shapes.Trial:
        """Ask one or two checkpoints; the replies are there once the job is done."""
        return self._ask("POST", "/trials", body=body)

    def get_merge(self, job_id: int) -> shapes.Merge:
        """Get merge."""
        return self._ask("GET", f"/merges/{job_id}")

    def get_push(self, job_id: int) -> shapes.Push:
        """How far a push of a checkpoint or a dataset is; `url` and `commit` once the hub has all of it."""
        return self._ask("GET", f"/pushes/{job_id}")

    def get_trial(self, job_id: int) -> shapes.Trial:
        """Get trial."""
        return self._ask("GET", f"/trials/{job_id}")

    def get_gguf(self, job_id: int) -> shapes.GgufFile:
        """How far a GGUF file is."""
        return self._ask("GET", f"/gguf-files/{job_id}")

    def download_gguf(self, job_id: int, to: str | Path) -> Path:
        """A GGUF file; it goes after seven days."""
        return self._save("GET", f"/gguf-files/{job_id}/file", to)

    def get_checkpoint(self, checkpoint_id: int) -> shapes.CheckpointDetail:
        """Get checkpoint."""
        return self._ask("GET", f"/checkpoints/{checkpoint_id}")

    def rename(self, checkpoint_id: int, **body: Unpack[shapes.Renaming]) -> shapes.CheckpointDetail:
        """Rename."""
        return self._ask("PATCH", f"/checkpoints/{checkpoint_id}", body=body)

    def delete(self, checkpoint_id: int) -> None:
        """Forget a checkpoint that nothing refers to; its files stay."""
        self._ask("DELETE", f"/checkpoints/{checkpoint_id}")

    def get_card(self, checkpoint_id: int, to: str | Path) -> Path:
        """The model card: Markdown with the hub's head, from the installation's records."""
        return self._save("GET", f"/checkpoints/{checkpoint_id}/card", to)

    def write_gguf(self, checkpoint_id: int, **body: Unpack[shapes.NewGguf]) -> shapes.GgufFile:
        """Write a checkpoint as a GGUF file; an adapter is merged into the model below it before."""
        return self._ask("POST", f"/checkpoints/{checkpoint_id}/gguf", body=body)

    def push(self, checkpoint_id: int, **body: Unpack[shapes.NewPush]) -> shapes.Push:
        """Push weights and card to the model hub, in one commit; only an owner of the installation may."""
        return self._ask("POST", f"/checkpoints/{checkpoint_id}/push", body=body)

    def check(self, checkpoint_id: int) -> shapes.CheckpointDetail:
        """Check the model again; of an endpoint, test with a few short requests what it can do."""
        return self._ask("POST", f"/checkpoints/{checkpoint_id}/check")

    def merge(self, checkpoint_id: int, **body: Unpack[shapes.NewMerge]) -> shapes.Merge:
        """Merge an adapter into the model below it; the new checkpoint is there once the job is done."""
        return self._ask("POST", f"/checkpoints/{checkpoint_id}/merge", body=body)

    def list_checkpoints(
        self, project_id: int, *, limit: int | None = None, after: str | None = None,
    ) -> shapes.Page[shapes.CheckpointRow]:
        """Children after their parent."""
        return self._ask("GET", f"/projects/{project_id}/checkpoints", query={"limit": limit, "after": after})

    def register(self, project_id: int, **body: Unpack[shapes.NewCheckpoint]) -> shapes.CheckpointDetail:
        """Register."""
        return self._ask("POST", f"/projects/{project_id}/checkpoints", body=body)

    def change_endpoint(self, checkpoint_id: int, **body: Unpack[shapes.EndpointChange]) -> shapes.CheckpointDetail:
        """Give an endpoint other settings; only an owner of the installation may. What is left out stays."""
        return self._ask("PATCH", f"/checkpoints/{checkpoint_id}/endpoint", body=body)


class Datasets(Noun):

    def get_scan(self, scan_id: int) -> shapes.DatasetScan:
        """How far a scan is, and in how many rows it found what."""
        return self._ask("GET", f"/scans/{scan_id}")

    def get_dataset(self, dataset_id: int) -> shapes.DatasetDetail:
        """One dataset with its funnel, provenance and people."""
        return self._ask("GET", f"/datasets/{dataset_id}")

    def get_export(self, job_id: int) -> shapes.DatasetExport:
        """How far an export that one started is."""
        return self._ask("GET", f"/dataset-exports/{job_id}")

    def list_findings(
        self, scan_id: int, *, limit: int | None = None, after: int | None = None,
    ) -> shapes.Page[shapes.ScanHit]:
        """What the rows hold, masked."""
        return self._ask("GET", f"/scans/{scan_id}/findings", query={"limit": limit, "after": after})

    def get_card(self, dataset_id: int, to: str | Path) -> Path:
        """The dataset card: Markdown with the hub's head, from the installation's records."""
        return self._save("GET", f"/datasets/{dataset_id}/card", to)

    def push(self, dataset_id: int, **body: Unpack[shapes.DatasetPush]) -> shapes.Push:
        """Push rows and card to the model hub, in one commit; only an owner of the installation may."""
        return self._ask("POST", f"/datasets/{dataset_id}/push", body=body)

    def list_rows(
        self, dataset_id: int, *, limit: int | None = None, after: int | None = None,
    ) -> shapes.Page[shapes.DatasetRow]:
        """List rows."""
        return self._ask("GET", f"/datasets/{dataset_id}/rows", query={"limit": limit, "after": after})

    def get_newest_scan(self, dataset_id: int) -> shapes.DatasetScan | None:
        """The last scan of a dataset; null before the first."""
        return self._ask("GET", f"/datasets/{dataset_id}/scan")

    def start_scan(self, dataset_id: int) -> shapes.DatasetScan:
        """Have a worker look through a dataset for personal data, credentials and held-out texts."""
        return self._ask("POST", f"/datasets/{dataset_id}/scans")

    def mark_fine(self, hit_id: int, **body: Unpack[shapes.FineMark]) -> None:
        """Let a value leave, in every dataset of the project; or take that back."""
        self._ask("POST", f"/scan-findings/{hit_id}/fine", body=body)

    def export(
        self, dataset_id: int, to: str | Path, *, format: Literal["jsonl", "parquet"] | None = None,
        type: shapes.DatasetType | None = None, is_strict: bool | None = None, leave_out: bool | None = None,
        tool: str | None = None, handling: Literal["leave_out", "mask", "keep"] | None = None,
        reason: str | None = None,
    ) -> Path:
        """Download up to 100,000 rows as a tool reads them; the headers say how many and what the checks found.
        Where the project holds exports with findings of a content scan, `handling` has to say what becomes of
        them.
        """
        return self._save(
            "GET", f"/datasets/{dataset_id}/export", to, query={"format": format, "type": type, "is_strict": is_strict,
            "leave_out": leave_out, "tool": tool, "handling": handling, "reason": reason},
        )

    def download_export(self, job_id: int, to: str | Path) -> Path:
        """The file of an export that one started; it goes after seven days."""
        return self._save("GET", f"/dataset-exports/{job_id}/file", to)

    def start_export(
        self, dataset_id: int, *, format: Literal["jsonl", "parquet"] | None = None,
        type: shapes.DatasetType | None = None, is_strict: bool | None = None, leave_out: bool | None = None,
        tool: str | None = None, handling: Literal["leave_out", "mask", "keep"] | None = None,
        reason: str | None = None,
    ) -> shapes.StartedDatasetExport:
        """Have a worker write any number of rows to a file."""
        return self._ask(
            "POST", f"/datasets/{dataset_id}/exports", query={"format": format, "type": type, "is_strict": is_strict,
            "leave_out": leave_out, "tool": tool, "handling": handling, "reason": reason},
        )

    def list_datasets(
        self, project_id: int, *, limit: int | None = None, after: str | None = None,
    ) -> shapes.Page[shapes.DatasetView]:
        """Newest first."""
        return self._ask("GET", f"/projects/{project_id}/datasets", query={"limit": limit, "after": after})

    def cancel_export(self, job_id: int) -> shapes.DatasetExport:
        """Stop an export that one started."""
        return self._ask("POST", f"/dataset-exports/{job_id}/cancel")

    def verify(self, dataset_id: int) -> shapes.Verification:
        """Compute the content hash again and compare it with the frozen one."""
        return self._ask("GET", f"/datasets/{dataset_id}/verification")

    def export_beside(
        self, dataset_id: int, to: str | Path, *, tool: str | None = None, type: shapes.DatasetType | None = None,
        leave_out: bool | None = None,
    ) -> Path:
        """Download what a tool wants to find beside the rows: LLaMA-Factory `dataset_info.json`, axolotl a YAML
        file.
        """
        return self._save(
            "GET", f"/datasets/{dataset_id}/export/beside", to, query={"tool": tool, "type": type,
            "leave_out": leave_out},
        )

    def export_report(
        self, dataset_id: int, *, type: shapes.DatasetType | None = None, leave_out: bool | None = None,
        tool: str | None = None, handling: Literal["leave_out", "mask", "keep"] | None = None,
        reason: str | None = None, checkpoint_id: int | None = None,
    ) -> shapes.ExportReport:
        """What an export says of itself: what the checks found, what the tool makes of it, and the tokens of its
        rows by a checkpoint's tokenizer and chat template.
        """
        return self._ask(
            "GET", f"/datasets/{dataset_id}/export/report", query={"type": type, "leave_out": leave_out, "tool": tool,
            "handling": handling, "reason": reason, "checkpoint_id": checkpoint_id},
        )

    def start_compared_scan(
        self, dataset_id: int, file: str | Path, **body: Unpack[shapes.StartComparedScanForm],
    ) -> shapes.DatasetScan:
        """The same, and for the texts of a file: of each line, or of each object of JSON Lines."""
        return self._ask("POST", f"/datasets/{dataset_id}/scans/compared", form=body, file=file)

    def get_content_checks(self, project_id: int) -> shapes.ContentChecks:
        """What the project looks for, and whether an export with findings is held."""
        return self._ask("GET", f"/projects/{project_id}/content-checks")

    def change_content_checks(
        self, project_id: int, **body: Unpack[shapes.ContentCheckChanges],
    ) -> shapes.ContentChecks:
        """Change what the project looks for. Scans of before are out of date then."""
        return self._ask("PATCH", f"/projects/{project_id}/content-checks", body=body)


class Jobs(Noun):

    def get_job(self, job_id: int) -> shapes.JobDetail:
        """Get job."""
        return self._ask("GET", f"/jobs/{job_id}")

    def retry(self, job_id: int) -> shapes.JobView:
        """Retry."""
        return self._ask("POST", f"/jobs/{job_id}/retry")

    def cancel(self, job_id: int) -> shapes.JobView:
        """Cancel."""
        return self._ask("POST", f"/jobs/{job_id}/cancel")

    def get_curves(self, job_id: int) -> dict[str, list[list[int | float]]]:
        """Get curves."""
        return self._ask("GET", f"/jobs/{job_id}/curves")

    def resume(self, job_id: int) -> shapes.JobView:
        """Resume."""
        return self._ask("POST", f"/jobs/{job_id}/resume")

    def list_jobs(
        self, project_id: int, *, limit: int | None = None, after: int | None = None,
    ) -> shapes.Page[shapes.JobView]:
        """Newest first."""
        return self._ask("GET", f"/projects/{project_id}/jobs", query={"limit": limit, "after": after})


class JudgeBenches(Noun):

    def get_bench(self, bench_id: int) -> shapes.BenchView:
        """The judges side by side, with what each has come to so far."""
        return self._ask("GET", f"/judge-benches/{bench_id}")

    def try_again(self, bench_id: int) -> shapes.BenchJob:
        """Ask again what could not be asked, and what is missing."""
        return self._ask("POST", f"/judge-benches/{bench_id}/retry")

    def list_benches(self, project_id: int) -> list[shapes.BenchLine]:
        """Newest first."""
        return self._ask("GET", f"/projects/{project_id}/judge-benches")

    def open_bench(self, project_id: int, **body: Unpack[shapes.NewBench]) -> shapes.BenchView:
        """Open a bench; its judges judge in a background job. No label of a round changes."""
        return self._ask("POST", f"/projects/{project_id}/judge-benches", body=body)

    def list_disagreements(
        self, bench_id: int, bench_judge_id: int, *, against: shapes.Against | None = None, limit: int | None = None,
    ) -> shapes.Disagreements:
        """Texts on which a judge says something else than people, or than the judge from before."""
        return self._ask(
            "GET", f"/judge-benches/{bench_id}/judges/{bench_judge_id}/disagreements", query={"against": against,
            "limit": limit},
        )


class Notices(Noun):

    def list_notices(
        self, *, unread: bool | None = None, limit: int | None = None, before: int | None = None,
    ) -> shapes.NoticesShown:
        """What one was told, in the projects that one is in now."""
        return self._ask("GET", "/notices", query={"unread": unread, "limit": limit, "before": before})

    def get_choices(self) -> shapes.NoticeChoices:
        """By which channels one is told of what."""
        return self._ask("GET", "/me/notices")

    def change_choices(self, **body: Unpack[shapes.NoticeChoices]) -> shapes.NoticeChoices:
        """Change by which channels one is told of some kinds."""
        return self._ask("PATCH", "/me/notices", body=body)

    def mark_all_read(self, *, up_to: int | None = None) -> shapes.ReadNotices:
        """Mark all of one's notices read, or those up to the one of that number."""
        return self._ask("POST", "/notices/read", query={"up_to": up_to})

    def get_unread(self, *, after: int | None = None) -> shapes.UnreadNotices:
        """How many are unread, and those that came after the one of that number for the browser to show."""
        return self._ask("GET", "/notices/unread", query={"after": after})

    def edit_webhook(self, webhook_id: int, **body: Unpack[shapes.WebhookEdit]) -> shapes.WebhookView:
        """Change its address or kinds."""
        return self._ask("PATCH", f"/webhooks/{webhook_id}", body=body)

    def delete_webhook(self, webhook_id: int) -> None:
        """Delete webhook."""
        self._ask("DELETE", f"/webhooks/{webhook_id}")

    def mark_read(self, notice_id: int) -> None:
        """Mark one notice read."""
        self._ask("POST", f"/notices/{notice_id}/read")

    def test_webhook(self, webhook_id: int) -> Any:
        """Let a worker send it a test; its deliveries say what came of it."""
        return self._ask("POST", f"/webhooks/{webhook_id}/test")

    def pause_webhook(self, webhook_id: int) -> shapes.WebhookView:
        """Send it nothing until it is resumed."""
        return self._ask("POST", f"/webhooks/{webhook_id}/pause")

    def resume_webhook(self, webhook_id: int) -> shapes.WebhookView:
        """Send it again what is told from now on."""
        return self._ask("POST", f"/webhooks/{webhook_id}/resume")

    def list_webhooks(self, project_id: int) -> list[shapes.WebhookView]:
        """List webhooks."""
        return self._ask("GET", f"/projects/{project_id}/webhooks")

    def add_webhook(self, project_id: int, **body: Unpack[shapes.NewWebhook]) -> shapes.WebhookMade:
        """Post notices of these kinds to an address, and learn the secret of the signatures."""
        return self._ask("POST", f"/projects/{project_id}/webhooks", body=body)

    def list_deliveries(self, webhook_id: int) -> list[shapes.DeliveryView]:
        """The last twenty things that were or are to be sent to it, newest first."""
        return self._ask("GET", f"/webhooks/{webhook_id}/deliveries")


class Pairs(Noun):

    def choose(self, round_id: int, **body: Unpack[shapes.PairKnobs]) -> shapes.SelectingRound:
        """Make these knobs the round's selector; a round that stopped selects again at once, and of one that has its
        checkpoint a branch is launched.
        """
        return self._ask("POST", f"/rounds/{round_id}/pairs", body=body)

    def preview(self, round_id: int, **body: Unpack[shapes.PairKnobs]) -> shapes.PairPreview:
        """Pair the round's samples with these knobs, and change nothing."""
        return self._ask("POST", f"/rounds/{round_id}/pairs/preview", body=body)


class Projects(Noun):

    def list_projects(self, *, limit: int | None = None, after: str | None = None) -> shapes.Page[shapes.ProjectView]:
        """List projects."""
        return self._ask("GET", "/projects", query={"limit": limit, "after": after})

    def create_project(self, **body: Unpack[shapes.NewProject]) -> shapes.ProjectView:
        """Create project."""
        return self._ask("POST", "/projects", body=body)

    def get_dashboard(
        self, *, sort: shapes.ProjectSortKey | None = None, show: shapes.ShownProjects | None = None,
        name: str | None = None,
    ) -> list[shapes.ProjectState]:
        """One's projects, each in a line: open reviews and what of them waits, rounds under way, the last accuracy."""
        return self._ask("GET", "/dashboard", query={"sort": sort, "show": show, "name": name})

    def get_project(self, project_id: int) -> shapes.ProjectView:
        """Get project."""
        return self._ask("GET", f"/projects/{project_id}")

    def edit_project(self, project_id: int, **body: Unpack[shapes.ProjectEdit]) -> shapes.ProjectView:
        """Edit project."""
        return self._ask("PATCH", f"/projects/{project_id}", body=body)

    def list_people(
        self, project_id: int, *, limit: int | None = None, after: str | None = None,
    ) -> shapes.Page[shapes.ProjectMember]:
        """List people."""
        return self._ask("GET", f"/projects/{project_id}/people", query={"limit": limit, "after": after})

    def invite(self, project_id: int, **body: Unpack[shapes.NewPerson]) -> shapes.Invitation:
        """Invite."""
        return self._ask("POST", f"/projects/{project_id}/people", body=body)

    def set_role(self, project_id: int, user_id: int, **body: Unpack[shapes.RoleEdit]) -> None:
        """Set role."""
        self._ask("PUT", f"/projects/{project_id}/people/{user_id}", body=body)

    def remove(self, project_id: int, user_id: int) -> None:
        """Remove."""
        self._ask("DELETE", f"/projects/{project_id}/people/{user_id}")


class Prompts(Noun):

    def get_set(self, set_id: int) -> shapes.PromptSetView:
        """Get set."""
        return self._ask("GET", f"/prompt-sets/{set_id}")

    def delete_set(self, set_id: int) -> None:
        """Delete a set that no round uses."""
        self._ask("DELETE", f"/prompt-sets/{set_id}")

    def get_fetch(self, job_id: int) -> shapes.Fetch:
        """How far it is."""
        return self._ask("GET", f"/hub-datasets/{job_id}")

    def get_report(self, set_id: int) -> shapes.ImportReport | None:
        """What the import said; null for a set that was not imported from a file."""
        return self._ask("GET", f"/prompt-sets/{set_id}/report")

    def import_fetch(self, job_id: int, **body: Unpack[shapes.FetchImport]) -> shapes.ImportReport:
        """Import it as a prompt set."""
        return self._ask("POST", f"/hub-datasets/{job_id}/import", body=body)

    def list_prompts(
        self, set_id: int, *, search: str | None = None, external_id: str | None = None, limit: int | None = None,
        after: int | None = None,
    ) -> shapes.Page[shapes.PromptView]:
        """In the file's order; with an `external_id` the one prompt that its file knows by it."""
        return self._ask(
            "GET", f"/prompt-sets/{set_id}/prompts", query={"search": search, "external_id": external_id,
            "limit": limit, "after": after},
        )

    def preview_fetch(self, job_id: int, **body: Unpack[shapes.FetchMapping]) -> shapes.FilePreview:
        """Say what an import would make of it."""
        return self._ask("POST", f"/hub-datasets/{job_id}/preview", body=body)

    def keep_prompt(self, project_id: int, **body: Unpack[shapes.NewPrompt]) -> shapes.KeptPrompt:
        """Put one prompt into a set that no round uses, or into a new train set."""
        return self._ask("POST", f"/projects/{project_id}/prompts", body=body)

    def get_problems(self, set_id: int, to: str | Path) -> Path:
        """Download every row that was left out, with its line and why, as CSV."""
        return self._save("GET", f"/prompt-sets/{set_id}/problems", to)

    def list_sets(
        self, project_id: int, *, limit: int | None = None, after: str | None = None,
    ) -> shapes.Page[shapes.PromptSetView]:
        """Newest first."""
        return self._ask("GET", f"/projects/{project_id}/prompt-sets", query={"limit": limit, "after": after})

    def fetch(self, project_id: int, **body: Unpack[shapes.NewFetch]) -> shapes.Fetch:
        """Have a worker fetch a split of a public dataset of the hub."""
        return self._ask("POST", f"/projects/{project_id}/hub-datasets", body=body)

    def import_set(
        self, project_id: int, file: str | Path, **body: Unpack[shapes.ImportSetForm],
    ) -> shapes.ImportReport:
        """Import a file of any known format; with a mapping, its columns as the mapping says."""
        return self._ask("POST", f"/projects/{project_id}/prompt-sets/import", form=body, file=file)

    def preview_file(
        self, project_id: int, file: str | Path, **body: Unpack[shapes.PreviewFileForm],
    ) -> shapes.FilePreview:
        """Say what an import would make of a file: its format, every column's fate, the first finished prompts."""
        return self._ask("POST", f"/projects/{project_id}/prompt-sets/preview", form=body, file=file)


class Questions(Noun):

    def change_question(self, question_id: int, **body: Unpack[shapes.QuestionEdit]) -> shapes.QuestionView:
        """Change, retire or bring back a question. What would not fit answers that were given is refused."""
        return self._ask("PATCH", f"/questions/{question_id}", body=body)

    def delete_question(self, question_id: int) -> shapes.QuestionView | None:
        """Delete a question that nobody answered. One with answers is retired instead, and is the answer."""
        return self._ask("DELETE", f"/questions/{question_id}")

    def list_answers(self, round_id: int, *, sample_id: Sequence[int] = ()) -> list[shapes.AnswerView]:
        """The answers that stand to these samples, as far as one may see them now."""
        return self._ask("GET", f"/rounds/{round_id}/answers", query={"sample_id": sample_id})

    def give_answers(
        self, round_id: int, **body: Unpack[shapes.AnswerList],
    ) -> list[shapes.Given | shapes.RefusedAnswer]:
        """Answer questions. What came of each, in their order; the last answer of a person stands."""
        return self._ask("POST", f"/rounds/{round_id}/answers", body=body)

    def list_answers_of_sample(self, sample_id: int) -> list[shapes.AnswerView]:
        """All answers to a sample, those that were replaced or taken back among them, as far as one may see them
        now.
        """
        return self._ask("GET", f"/samples/{sample_id}/answers")

    def list_questions(self, project_id: int) -> list[shapes.QuestionView]:
        """What the project asks beside the verdict, in order; retired questions last."""
        return self._ask("GET", f"/projects/{project_id}/questions")

    def add_question(self, project_id: int, **body: Unpack[shapes.QuestionRequest]) -> shapes.QuestionView:
        """Add question."""
        return self._ask("POST", f"/projects/{project_id}/questions", body=body)

    def list_judge_answers(self, round_id: int, *, sample_id: Sequence[int] = ()) -> list[shapes.JudgeAnswerView]:
        """What the round's judges answered to questions about these samples, as far as one may see it now."""
        return self._ask("GET", f"/rounds/{round_id}/judge-answers", query={"sample_id": sample_id})

    def order_questions(self, project_id: int, **body: Unpack[shapes.QuestionOrder]) -> list[shapes.QuestionView]:
        """Order questions."""
        return self._ask("PUT", f"/projects/{project_id}/questions/order", body=body)

    def get_agreement(self, round_id: int) -> list[shapes.QuestionAgreement]:
        """How far people agree in each question: Krippendorff's alpha, ordinal for ratings, else nominal."""
        return self._ask("GET", f"/rounds/{round_id}/questions/agreement")

    def add_preset(self, project_id: int, **body: Unpack[shapes.Preset]) -> list[shapes.QuestionView]:
        """Ask the questions of a preset as well; those that the project has stay as they are."""
        return self._ask("POST", f"/projects/{project_id}/questions/presets", body=body)

    def get_judge_agreement(self, round_id: int) -> list[shapes.JudgeAgreement]:
        """How far people agree with the judge, and judges with each other, in each question that a judge answered."""
        return self._ask("GET", f"/rounds/{round_id}/questions/agreement/judges")


class Recipes(Noun):

    def list_registered(
        self, *, limit: int | None = None, after: str | None = None,
    ) -> shapes.Page[shapes.RegisteredRecipe]:
        """List the recipes that come with Rondo and its plugins, whole, by name; `after`: the name of the last one."""
        return self._ask("GET", "/recipes", query={"limit": limit, "after": after})

    def get_recipe(self, recipe_id: int) -> shapes.SavedView:
        """Get recipe."""
        return self._ask("GET", f"/recipes/{recipe_id}")

    def edit_recipe(self, recipe_id: int, **body: Unpack[shapes.RecipeEdit]) -> shapes.SavedView:
        """Edit recipe."""
        return self._ask("PATCH", f"/recipes/{recipe_id}", body=body)

    def delete_recipe(self, recipe_id: int) -> None:
        """Delete it; rounds that were launched with it keep it."""
        self._ask("DELETE", f"/recipes/{recipe_id}")

    def get_registered(self, name: str) -> shapes.RegisteredRecipe:
        """One recipe that comes with Rondo or a plugin, every knob included."""
        return self._ask("GET", f"/recipes/named/{part(name)}")

    def list_recipes(
        self, project_id: int, *, limit: int | None = None, after: str | None = None,
    ) -> shapes.Page[shapes.SavedView]:
        """List recipes."""
        return self._ask("GET", f"/projects/{project_id}/recipes", query={"limit": limit, "after": after})

    def save_recipe(self, project_id: int, **body: Unpack[shapes.NewRecipe]) -> shapes.SavedView:
        """Keep a recipe, or change the one of that title."""
        return self._ask("POST", f"/projects/{project_id}/recipes", body=body)


class Reviews(Noun):

    def bind_keys(self, **body: Unpack[shapes.Keys]) -> list[shapes.DeskAction]:
        """Change one's own keys; the answer holds all of them."""
        return self._ask("PUT", "/me/review/keys", body=body)

    def change_shows(self, **body: Unpack[shapes.ShowsEdit]) -> shapes.Shows:
        """Change how texts are shown to oneself."""
        return self._ask("PATCH", "/me/review/shows", body=body)

    def get_progress(self, round_id: int) -> shapes.ReviewProgress:
        """Get progress."""
        return self._ask("GET", f"/rounds/{round_id}/review")

    def decide(
        self, round_id: int, **body: Unpack[shapes.DecisionList],
    ) -> list[shapes.ActResult | shapes.RefusedDecision]:
        """Write decisions. What came of each, in their order; one sent alone that cannot be written is an error."""
        return self._ask("POST", f"/rounds/{round_id}/decisions", body=body)

    def open_desk(self, name: str, *, round: str | None = None) -> shapes.DeskOpening:
        """What a desk needs at the start. `name` is the project's, as in the address of its pages; `round` is the id
        of one of its rounds, else the newest in review is opened.
        """
        return self._ask("GET", f"/projects/named/{part(name)}/review", query={"round": round})

    def list_gold(self, round_id: int) -> list[shapes.Gold]:
        """List gold."""
        return self._ask("GET", f"/rounds/{round_id}/review/gold")

    def mark_gold(self, round_id: int, **body: Unpack[shapes.Marked]) -> shapes.Counted:
        """Mark gold."""
        return self._ask("POST", f"/rounds/{round_id}/review/gold", body=body)

    def here(self, round_id: int, **body: Unpack[shapes.Beat]) -> shapes.Heard:
        """Renew reservations and be seen; to be sent every 20 seconds."""
        return self._ask("POST", f"/rounds/{round_id}/review/here", body=body)

    def list_labelled_rows(self, round_id: int, **body: Unpack[shapes.WantedRows]) -> list[shapes.LabelledRow]:
        """Samples with their texts, labels and one's own decisions, to decide them in a list. Nothing is reserved."""
        return self._ask("POST", f"/rounds/{round_id}/review/rows", body=body)

    def close(self, round_id: int) -> shapes.Closed:
        """Close."""
        return self._ask("POST", f"/rounds/{round_id}/review/close")

    def leave(self, round_id: int, **body: Unpack[shapes.Leaving]) -> None:
        """Give back what is not decided; without a list, everything in the round."""
        self._ask("POST", f"/rounds/{round_id}/review/leave", body=body)

    def get_queue(
        self, round_id: int, *, order: shapes.Order | None = None, limit: int | None = None, after: int | None = None,
    ) -> list[shapes.Item]:
        """Look at the next items; nothing is reserved. In sequential order, `after` is the number of the last one
        there.
        """
        return self._ask(
            "GET", f"/rounds/{round_id}/review/queue", query={"order": order, "limit": limit, "after": after},
        )

    def claim(self, round_id: int, **body: Unpack[shapes.ClaimRequest]) -> list[shapes.Item]:
        """Take the next items: they are reserved until each one's `lease_until`, and asking again gives them again."""
        return self._ask("POST", f"/rounds/{round_id}/review/claims", body=body)

    def reopen(self, round_id: int, **body: Unpack[shapes.Reopening]) -> None:
        """Open a closed review again. What was made of its labels is marked as stale; what a training read stays."""
        self._ask("POST", f"/rounds/{round_id}/review/reopen", body=body)

    def list_shares(self, round_id: int) -> list[shapes.Asked]:
        """What is asked of each person, how much of it is done, and who is paused."""
        return self._ask("GET", f"/rounds/{round_id}/review/shares")

    def set_shares(self, round_id: int, **body: Unpack[shapes.Asks]) -> list[shapes.Asked]:
        """Ask a share or a quota of people; shares are dealt out as assignments. Of those who are not named all
        stays.
        """
        return self._ask("PUT", f"/rounds/{round_id}/review/shares", body=body)

    def undo(self, round_id: int, **body: Unpack[shapes.Undo]) -> shapes.ActResult:
        """Take back one's last decision in the round."""
        return self._ask("POST", f"/rounds/{round_id}/decisions/undo", body=body)

    def get_closing(self, round_id: int) -> shapes.ClosingInWords:
        """What closing the review now would go on with, and what it would leave open; for curators."""
        return self._ask("GET", f"/rounds/{round_id}/review/closing")

    def get_earlier(self, round_id: int, **body: Unpack[shapes.HeldItems]) -> shapes.Item | None:
        """The item one decided last, with one's own decision as `mine`, apart from those held; null where there is
        none.
        """
        return self._ask("POST", f"/rounds/{round_id}/review/earlier", body=body)

    def list_holders(self, round_id: int, *, sample_id: Sequence[int] = ()) -> list[shapes.Holding]:
        """Who has reserved or decided these items."""
        return self._ask("GET", f"/rounds/{round_id}/review/holders", query={"sample_id": sample_id})

    def get_settings(self, round_id: int) -> shapes.ReviewSettings:
        """Get settings."""
        return self._ask("GET", f"/rounds/{round_id}/review/settings")

    def edit_settings(self, round_id: int, body: dict[str, Any]) -> shapes.ReviewSettings:
        """Change some settings of a round whose review is not over."""
        return self._ask("PATCH", f"/rounds/{round_id}/review/settings", body=body)

    def get_my_share(self, round_id: int) -> shapes.Asked | None:
        """What is asked of oneself; null where nothing in particular is."""
        return self._ask("GET", f"/rounds/{round_id}/review/shares/me")

    def list_assigned(self, round_id: int) -> list[shapes.Assigned]:
        """List assigned."""
        return self._ask("GET", f"/rounds/{round_id}/review/assignments")

    def assign(self, round_id: int, **body: Unpack[shapes.AssignmentRequest]) -> shapes.Counted:
        """Give items to a person; nobody else's queue offers them."""
        return self._ask("POST", f"/rounds/{round_id}/review/assignments", body=body)

    def unmark_gold(self, round_id: int, **body: Unpack[shapes.Which]) -> shapes.Counted:
        """Unmark gold."""
        return self._ask("POST", f"/rounds/{round_id}/review/gold/unmark", body=body)

    def list_disputed(self, round_id: int, *, limit: int | None = None) -> list[shapes.Disputed]:
        """Items on which reviewers disagree, with all votes."""
        return self._ask("GET", f"/rounds/{round_id}/review/adjudication", query={"limit": limit})

    def adjudicate(self, round_id: int, **body: Unpack[shapes.Settled]) -> shapes.ActResult:
        """Adjudicate."""
        return self._ask("POST", f"/rounds/{round_id}/review/adjudication", body=body)

    def gold_accuracy(self, round_id: int) -> list[shapes.Accuracy]:
        """How each reviewer did on the gold items."""
        return self._ask("GET", f"/rounds/{round_id}/review/gold/accuracy")

    def pause_reviewer(self, round_id: int, user_id: int, **body: Unpack[shapes.Reason]) -> None:
        """Stop a person's queue in the round."""
        self._ask("POST", f"/rounds/{round_id}/reviewers/{user_id}/pause", body=body)

    def resume_reviewer(self, round_id: int, user_id: int, **body: Unpack[shapes.Reason]) -> None:
        """Let a paused person go on; what they said of gold items so far pauses them no more."""
        self._ask("POST", f"/rounds/{round_id}/reviewers/{user_id}/resume", body=body)

    def unassign(self, round_id: int, user_id: int) -> shapes.Counted:
        """Take everything that is not decided from a person's list."""
        return self._ask("DELETE", f"/rounds/{round_id}/review/assignments/{user_id}")


class Rounds(Noun):

    def list_parts(self) -> dict[str, Any]:
        """Every part that a recipe can name, with its knobs, and the recipes."""
        return self._ask("GET", "/parts")

    def get_round(self, round_id: int) -> shapes.RoundView:
        """Get round."""
        return self._ask("GET", f"/rounds/{round_id}")

    def get_preview(self, preview_id: int) -> shapes.PreviewView:
        """A preview as far as it is: each question's texts with judgments, what was kept, what the trainer would
        read.
        """
        return self._ask("GET", f"/previews/{preview_id}")

    def delete_preview(self, preview_id: int) -> None:
        """Delete a preview that has ended, with all that it wrote."""
        self._ask("DELETE", f"/previews/{preview_id}")

    def get_judge(self, round_id: int) -> shapes.Health:
        """The judge's light with the numbers behind it; unknown ones say what is missing."""
        return self._ask("GET", f"/rounds/{round_id}/judge")

    def branch(self, round_id: int, **body: Unpack[shapes.Branch]) -> shapes.RoundView:
        """Judge, select or train the texts of a round otherwise, in a new round; nothing is sampled again."""
        return self._ask("POST", f"/rounds/{round_id}/branch", body=body)

    def cancel(self, round_id: int) -> shapes.RoundView:
        """Cancel."""
        return self._ask("POST", f"/rounds/{round_id}/cancel")

    def get_report(self, round_id: int) -> shapes.Report:
        """What the round was asked for, what it measured, what became of its texts, people's part, failures and
        cost.
        """
        return self._ask("GET", f"/rounds/{round_id}/report")

    def reselect(self, round_id: int, **body: Unpack[shapes.SelectorRequest]) -> shapes.StartedRoundJob:
        """Select again from the samples of a round that stopped after judging, with another selector."""
        return self._ask("POST", f"/rounds/{round_id}/select", body=body)

    def archive(self, round_id: int) -> shapes.RoundView:
        """Write all its rows to files and delete them, answering once they are gone: minutes where there are
        millions.
        """
        return self._ask("POST", f"/rounds/{round_id}/archive")

    def release(self, round_id: int, **body: Unpack[shapes.HoldReason]) -> shapes.StartedRoundJob:
        """Let a round train that its judge's red light holds; the reason is kept."""
        return self._ask("POST", f"/rounds/{round_id}/release", body=body)

    def restore(self, round_id: int) -> shapes.RoundView:
        """Put the rows of an archived round back with the numbers they had; 409 where one is taken."""
        return self._ask("POST", f"/rounds/{round_id}/restore")

    def get_plan(self, project_id: int, *, parent_id: int | None = None, again: int | None = None) -> shapes.Plan:
        """What the next round would be: from `parent_id`, else from where it has best start; or a round `again`."""
        return self._ask("GET", f"/projects/{project_id}/plan", query={"parent_id": parent_id, "again": again})

    def list_failures(
        self, round_id: int, *, limit: int | None = None, after: int | None = None,
    ) -> shapes.Page[shapes.FailureView]:
        """List what was left out of a round with its reason, oldest first."""
        return self._ask("GET", f"/rounds/{round_id}/failures", query={"limit": limit, "after": after})

    def get_trend(self, project_id: int, *, name: str | None = None) -> list[shapes.TrendPoint]:
        """One figure of each round that has it, by number, with its interval."""
        return self._ask("GET", f"/projects/{project_id}/trend", query={"name": name})

    def list_rounds(
        self, project_id: int, *, limit: int | None = None, after: str | None = None,
    ) -> shapes.Page[shapes.RoundView]:
        """List rounds."""
        return self._ask("GET", f"/projects/{project_id}/rounds", query={"limit": limit, "after": after})

    def launch(self, project_id: int, **body: Unpack[shapes.Changes]) -> shapes.RoundView:
        """Launch."""
        return self._ask("POST", f"/projects/{project_id}/rounds", body=body)

    def list_trends(self, project_id: int) -> list[str]:
        """The figures of which a round of the project has one."""
        return self._ask("GET", f"/projects/{project_id}/trends")

    def stop_after(self, round_id: int) -> shapes.RoundView:
        """Let no further round follow this one by itself; it goes on itself."""
        return self._ask("POST", f"/rounds/{round_id}/stop-after")

    def get_report_file(self, round_id: int, to: str | Path) -> Path:
        """The same as one HTML file that asks for nothing else."""
        return self._save("GET", f"/rounds/{round_id}/report.html", to)

    def list_previews(self, project_id: int) -> list[shapes.PreviewRow]:
        """Newest first."""
        return self._ask("GET", f"/projects/{project_id}/previews")

    def start_preview(self, project_id: int, **body: Unpack[shapes.NewPreview]) -> shapes.PreviewView:
        """Generate, judge, select and look at the training of a few prompts, in a job; nothing of it counts
        anywhere.
        """
        return self._ask("POST", f"/projects/{project_id}/previews", body=body)

    def get_rewrite(self, rewrite_id: int) -> shapes.RewriteView:
        """Get rewrite."""
        return self._ask("GET", f"/template-rewrites/{rewrite_id}")

    def retry_failures(self, round_id: int, **body: Unpack[shapes.Retry]) -> shapes.JobView:
        """Ask again for what was left out, in a job of its own."""
        return self._ask("POST", f"/rounds/{round_id}/failures/retry", body=body)

    def get_limits(self, project_id: int) -> shapes.HealthLimits:
        """When the judge's light turns amber or red, and whether red holds a round."""
        return self._ask("GET", f"/projects/{project_id}/judge-limits")

    def set_limits(self, project_id: int, body: dict[str, bool | int | float | None]) -> shapes.HealthLimits:
        """Change some of the limits; null sets one back to its default."""
        return self._ask("PATCH", f"/projects/{project_id}/judge-limits", body=body)

    def estimate(self, project_id: int, **body: Unpack[shapes.Changes]) -> shapes.PlanEstimate:
        """Say how much a round would make; nothing is started."""
        return self._ask("POST", f"/projects/{project_id}/plan/estimate", body=body)

    def start_rewrite(self, round_id: int, **body: Unpack[shapes.NewRewrite]) -> shapes.RewriteView:
        """Rewrite the template of the round's judge from people's labels; kept only where better on unseen ones."""
        return self._ask("POST", f"/rounds/{round_id}/template-rewrites", body=body)

    def get_plan_of_template_rewrite(self, rewrite_id: int) -> shapes.Plan:
        """The next round with the new template, where it was kept."""
        return self._ask("GET", f"/template-rewrites/{rewrite_id}/plan")

    def list_rewrites(self, project_id: int) -> list[shapes.RewriteRow]:
        """Newest first."""
        return self._ask("GET", f"/projects/{project_id}/template-rewrites")

    def get_offer(self, round_id: int, *, rewrites: int | None = None) -> shapes.Offer:
        """What rewriting the template of the round's judge would take: labels, and calls of the judge at most."""
        return self._ask("GET", f"/rounds/{round_id}/template-rewrite-offer", query={"rewrites": rewrites})


class Samples(Noun):

    def get_repair(self, job_id: int) -> shapes.Repair:
        """How far a rewrite that one asked for is."""
        return self._ask("GET", f"/repairs/{job_id}")

    def edit_comment(self, comment_id: int, **body: Unpack[shapes.CommentText]) -> shapes.CommentView:
        """Change one's own comment."""
        return self._ask("PATCH", f"/comments/{comment_id}", body=body)

    def delete_comment(self, comment_id: int) -> None:
        """Delete one's own comment."""
        self._ask("DELETE", f"/comments/{comment_id}")

    def change_tags_of_round(self, round_id: int, **body: Unpack[shapes.TagsOfRound]) -> shapes.Tagged:
        """The same for these samples of the round, or, as a curator, for everything that the filters find."""
        return self._ask("POST", f"/rounds/{round_id}/tags", body=body)

    def get_view(self, view_id: int) -> shapes.ViewOfSamples:
        """Get view."""
        return self._ask("GET", f"/sample-views/{view_id}")

    def edit_view(self, view_id: int, **body: Unpack[shapes.SampleViewEdit]) -> shapes.ViewOfSamples:
        """Rename, change or share one's own; a shared one takes a curator."""
        return self._ask("PATCH", f"/sample-views/{view_id}", body=body)

    def delete_view(self, view_id: int) -> None:
        """Delete one's own, or as a curator a shared one."""
        self._ask("DELETE", f"/sample-views/{view_id}")

    def get_export(self, job_id: int) -> shapes.SampleExport:
        """How far an export that one started is."""
        return self._ask("GET", f"/sample-exports/{job_id}")

    def get_import(self, job_id: int) -> shapes.SampleImport:
        """How far an import is, and what it did."""
        return self._ask("GET", f"/sample-imports/{job_id}")

    def list_facets(self, round_id: int) -> list[shapes.MetadataFacet]:
        """Which metadata the round's prompts and imported samples have, of which type, and with which values."""
        return self._ask("GET", f"/rounds/{round_id}/facets")

    def list_groups(
        self, round_id: int, *, sort: shapes.GroupSortKey | None = None, descending: bool | None = None,
        limit: int | None = None, after: str | None = None, min_score: float | None = None,
        max_score: float | None = None, min_tokens: int | None = None, max_tokens: int | None = None,
        verdict: Sequence[str] = (), source: Sequence[str] = (), kind: Sequence[str] = (),
        is_overridden: bool | None = None, is_unparsed: bool | None = None, is_truncated: bool | None = None,
        is_flagged: bool | None = None, text: str | None = None, prompt: str | None = None, step: Sequence[int] = (),
        decided: Literal["", "me", "others", "disputed", "not_me", "nobody"] | None = None, answer: Sequence[str] = (),
        metadata: Sequence[str] = (), duplicates: Literal["", "marked", "first"] | None = None,
        similar: int | None = None, cluster: int | None = None, reviewer: int | None = None,
        human_verdict: Sequence[str] = (), checkpoint: int | None = None, judge: str | None = None,
        judged_by: int | None = None, tag: Sequence[str] = (),
    ) -> shapes.GroupPage:
        """A page of the round's groups of which a sample passes the filters, with their samples and pass rates."""
        return self._ask(
            "GET", f"/rounds/{round_id}/groups", query={"sort": sort, "descending": descending, "limit": limit,
            "after": after, "min_score": min_score, "max_score": max_score, "min_tokens": min_tokens,
            "max_tokens": max_tokens, "verdict": verdict, "source": source, "kind": kind,
            "is_overridden": is_overridden, "is_unparsed": is_unparsed, "is_truncated": is_truncated,
            "is_flagged": is_flagged, "text": text, "prompt": prompt, "step": step, "decided": decided,
            "answer": answer, "metadata": metadata, "duplicates": duplicates, "similar": similar, "cluster": cluster,
            "reviewer": reviewer, "human_verdict": human_verdict, "checkpoint": checkpoint, "judge": judge,
            "judged_by": judged_by, "tag": tag},
        )

    def get_tags(self, sample_id: int) -> shapes.SampleTags:
        """The tags of a sample, as far as one sees them now, and those of one's own among them."""
        return self._ask("GET", f"/samples/{sample_id}/tags")

    def change_tags(self, sample_id: int, **body: Unpack[shapes.TagChange]) -> shapes.Tagged:
        """Put tags to a sample and take others away: one's own, as a curator everybody's."""
        return self._ask("POST", f"/samples/{sample_id}/tags", body=body)

    def list_samples(
        self, round_id: int, *, limit: int | None = None, after: str | None = None, view: int | None = None,
        min_score: float | None = None, max_score: float | None = None, min_tokens: int | None = None,
        max_tokens: int | None = None, verdict: Sequence[str] = (), source: Sequence[str] = (),
        kind: Sequence[str] = (), is_overridden: bool | None = None, is_unparsed: bool | None = None,
        is_truncated: bool | None = None, is_flagged: bool | None = None, text: str | None = None,
        prompt: str | None = None, step: Sequence[int] = (),
        decided: Literal["", "me", "others", "disputed", "not_me", "nobody"] | None = None, answer: Sequence[str] = (),
        metadata: Sequence[str] = (), duplicates: Literal["", "marked", "first"] | None = None,
        similar: int | None = None, cluster: int | None = None, reviewer: int | None = None,
        human_verdict: Sequence[str] = (), checkpoint: int | None = None, judge: str | None = None,
        judged_by: int | None = None, tag: Sequence[str] = (), sort: shapes.SortKey | None = None,
        descending: bool | None = None, then: shapes.SortKey | None = None, then_descending: bool | None = None,
    ) -> shapes.SamplePage:
        """A page of the round's samples."""
        return self._ask(
            "GET", f"/rounds/{round_id}/samples", query={"limit": limit, "after": after, "view": view,
            "min_score": min_score, "max_score": max_score, "min_tokens": min_tokens, "max_tokens": max_tokens,
            "verdict": verdict, "source": source, "kind": kind, "is_overridden": is_overridden,
            "is_unparsed": is_unparsed, "is_truncated": is_truncated, "is_flagged": is_flagged, "text": text,
            "prompt": prompt, "step": step, "decided": decided, "answer": answer, "metadata": metadata,
            "duplicates": duplicates, "similar": similar, "cluster": cluster, "reviewer": reviewer,
            "human_verdict": human_verdict, "checkpoint": checkpoint, "judge": judge, "judged_by": judged_by,
            "tag": tag, "sort": sort, "descending": descending, "then": then, "then_descending": then_descending},
        )

    def get_vectors(self, round_id: int) -> shapes.EmbeddingJob | None:
        """The last job that made vectors of a round; null before the first."""
        return self._ask("GET", f"/rounds/{round_id}/vectors")

    def make_vectors(self, round_id: int) -> shapes.StartedVectors:
        """Have a worker make the vectors that samples of a round lack, and clusters of all of them."""
        return self._ask("POST", f"/rounds/{round_id}/vectors")

    def get_chain(self, sample_id: int) -> shapes.Chain:
        """What the text came from, and what was said of it; nothing of it while a blind review hides the judge."""
        return self._ask("GET", f"/samples/{sample_id}/chain")

    def list_clusters(self, round_id: int) -> list[shapes.SampleCluster]:
        """The round's clusters, the largest first. The filter `cluster` lists the samples of one."""
        return self._ask("GET", f"/rounds/{round_id}/clusters")

    def histogram(self, round_id: int, *, of: shapes.SortKey | None = None) -> list[shapes.HistogramBin]:
        """How the scores, or the lengths in tokens, are spread."""
        return self._ask("GET", f"/rounds/{round_id}/histogram", query={"of": of})

    def start_repair(self, sample_id: int, **body: Unpack[shapes.Instruction]) -> shapes.StartedRepair:
        """Have the round's policy rewrite the text, in a background job. Asking again gives another rewrite."""
        return self._ask("POST", f"/samples/{sample_id}/repairs", body=body)

    def list_similar(
        self, sample_id: int, *, limit: int | None = None, min_score: float | None = None,
        max_score: float | None = None, min_tokens: int | None = None, max_tokens: int | None = None,
        verdict: Sequence[str] = (), source: Sequence[str] = (), kind: Sequence[str] = (),
        is_overridden: bool | None = None, is_unparsed: bool | None = None, is_truncated: bool | None = None,
        is_flagged: bool | None = None, text: str | None = None, prompt: str | None = None, step: Sequence[int] = (),
        decided: Literal["", "me", "others", "disputed", "not_me", "nobody"] | None = None, answer: Sequence[str] = (),
        metadata: Sequence[str] = (), duplicates: Literal["", "marked", "first"] | None = None,
        similar: int | None = None, cluster: int | None = None, reviewer: int | None = None,
        human_verdict: Sequence[str] = (), checkpoint: int | None = None, judge: str | None = None,
        judged_by: int | None = None, tag: Sequence[str] = (),
    ) -> list[shapes.SimilarSample]:
        """The samples closest to this one, of all rounds of its project that one may see and that pass the filters."""
        return self._ask(
            "GET", f"/samples/{sample_id}/similar", query={"limit": limit, "min_score": min_score,
            "max_score": max_score, "min_tokens": min_tokens, "max_tokens": max_tokens, "verdict": verdict,
            "source": source, "kind": kind, "is_overridden": is_overridden, "is_unparsed": is_unparsed,
            "is_truncated": is_truncated, "is_flagged": is_flagged, "text": text, "prompt": prompt, "step": step,
            "decided": decided, "answer": answer, "metadata": metadata, "duplicates": duplicates, "similar": similar,
            "cluster": cluster, "reviewer": reviewer, "human_verdict": human_verdict, "checkpoint": checkpoint,
            "judge": judge, "judged_by": judged_by, "tag": tag},
        )

    def download(self, job_id: int, to: str | Path) -> Path:
        """The file of an export that one started; it goes after seven days."""
        return self._save("GET", f"/sample-exports/{job_id}/file", to)

    def list_comments(self, sample_id: int) -> shapes.Thread:
        """The newest two hundred, oldest first; one's own alone, where colleagues' are hidden until one has decided."""
        return self._ask("GET", f"/samples/{sample_id}/comments")

    def write_comment(self, sample_id: int, **body: Unpack[shapes.CommentText]) -> shapes.CommentView:
        """Add a comment, and tell whom it mentions."""
        return self._ask("POST", f"/samples/{sample_id}/comments", body=body)

    def list_decisions(self, sample_id: int) -> shapes.ItemHistory:
        """What was decided on a sample, or, where groups are decided, on its group, as far as one may see it now."""
        return self._ask("GET", f"/samples/{sample_id}/decisions")

    def cancel(self, job_id: int) -> shapes.SampleExport:
        """Stop an export that one started."""
        return self._ask("POST", f"/sample-exports/{job_id}/cancel")

    def list_filter_choices(self, round_id: int) -> shapes.FilterChoices:
        """Who decided, which checkpoints wrote and judged, which judges did, and which tags there are, for the
        filters.
        """
        return self._ask("GET", f"/rounds/{round_id}/filter-choices")

    def get_near_duplicates(self, round_id: int) -> shapes.NearDuplicateSearch | None:
        """The last look for near-duplicates of a round; null before the first. The filter `duplicates` lists them."""
        return self._ask("GET", f"/rounds/{round_id}/near-duplicates")

    def look_for_near_duplicates(self, round_id: int) -> shapes.StartedSearch:
        """Have a worker mark the samples of a round that are nearly the same as others of it."""
        return self._ask("POST", f"/rounds/{round_id}/near-duplicates")

    def list_views(
        self, project_id: int, *, limit: int | None = None, after: str | None = None,
    ) -> shapes.Page[shapes.ViewOfSamples]:
        """One's own views and those that are shared, by name."""
        return self._ask("GET", f"/projects/{project_id}/sample-views", query={"limit": limit, "after": after})

    def save_view(self, project_id: int, **body: Unpack[shapes.NewSampleView]) -> shapes.ViewOfSamples:
        """Keep a view; to share it takes a curator."""
        return self._ask("POST", f"/projects/{project_id}/sample-views", body=body)

    def export(
        self, project_id: int, to: str | Path, *, round: Sequence[int] = (),
        format: Literal["jsonl", "parquet", "csv"] | None = None, min_score: float | None = None,
        max_score: float | None = None, min_tokens: int | None = None, max_tokens: int | None = None,
        verdict: Sequence[str] = (), source: Sequence[str] = (), kind: Sequence[str] = (),
        is_overridden: bool | None = None, is_unparsed: bool | None = None, is_truncated: bool | None = None,
        is_flagged: bool | None = None, text: str | None = None, prompt: str | None = None, step: Sequence[int] = (),
        decided: Literal["", "me", "others", "disputed", "not_me", "nobody"] | None = None, answer: Sequence[str] = (),
        metadata: Sequence[str] = (), duplicates: Literal["", "marked", "first"] | None = None,
        similar: int | None = None, cluster: int | None = None, reviewer: int | None = None,
        human_verdict: Sequence[str] = (), checkpoint: int | None = None, judge: str | None = None,
        judged_by: int | None = None, tag: Sequence[str] = (), sort: shapes.SortKey | None = None,
        descending: bool | None = None, then: shapes.SortKey | None = None, then_descending: bool | None = None,
    ) -> Path:
        """Up to 100,000 samples with judgments, decisions and lineage, as one's list shows them. `X-Rows`: how many."""
        return self._save(
            "GET", f"/projects/{project_id}/samples/export", to, query={"round": round, "format": format,
            "min_score": min_score, "max_score": max_score, "min_tokens": min_tokens, "max_tokens": max_tokens,
            "verdict": verdict, "source": source, "kind": kind, "is_overridden": is_overridden,
            "is_unparsed": is_unparsed, "is_truncated": is_truncated, "is_flagged": is_flagged, "text": text,
            "prompt": prompt, "step": step, "decided": decided, "answer": answer, "metadata": metadata,
            "duplicates": duplicates, "similar": similar, "cluster": cluster, "reviewer": reviewer,
            "human_verdict": human_verdict, "checkpoint": checkpoint, "judge": judge, "judged_by": judged_by,
            "tag": tag, "sort": sort, "descending": descending, "then": then, "then_descending": then_descending},
        )

    def import_samples(
        self, project_id: int, file: str | Path, **body: Unpack[shapes.ImportSamplesForm],
    ) -> shapes.StartedImport:
        """Import samples with scores, judgments and decisions; whole or not at all. External ids that the project
        has already, with the same content, add nothing; with another text they are refused, `update` or not.
        """
        return self._ask("POST", f"/projects/{project_id}/samples/import", form=body, file=file)

    def start_export(
        self, project_id: int, *, round: Sequence[int] = (), format: Literal["jsonl", "parquet", "csv"] | None = None,
        min_score: float | None = None, max_score: float | None = None, min_tokens: int | None = None,
        max_tokens: int | None = None, verdict: Sequence[str] = (), source: Sequence[str] = (),
        kind: Sequence[str] = (), is_overridden: bool | None = None, is_unparsed: bool | None = None,
        is_truncated: bool | None = None, is_flagged: bool | None = None, text: str | None = None,
        prompt: str | None = None, step: Sequence[int] = (),
        decided: Literal["", "me", "others", "disputed", "not_me", "nobody"] | None = None, answer: Sequence[str] = (),
        metadata: Sequence[str] = (), duplicates: Literal["", "marked", "first"] | None = None,
        similar: int | None = None, cluster: int | None = None, reviewer: int | None = None,
        human_verdict: Sequence[str] = (), checkpoint: int | None = None, judge: str | None = None,
        judged_by: int | None = None, tag: Sequence[str] = (), sort: shapes.SortKey | None = None,
        descending: bool | None = None, then: shapes.SortKey | None = None, then_descending: bool | None = None,
    ) -> shapes.StartedExport:
        """Have a worker write any number of samples to a file."""
        return self._ask(
            "POST", f"/projects/{project_id}/samples/exports", query={"round": round, "format": format,
            "min_score": min_score, "max_score": max_score, "min_tokens": min_tokens, "max_tokens": max_tokens,
            "verdict": verdict, "source": source, "kind": kind, "is_overridden": is_overridden,
            "is_unparsed": is_unparsed, "is_truncated": is_truncated, "is_flagged": is_flagged, "text": text,
            "prompt": prompt, "step": step, "decided": decided, "answer": answer, "metadata": metadata,
            "duplicates": duplicates, "similar": similar, "cluster": cluster, "reviewer": reviewer,
            "human_verdict": human_verdict, "checkpoint": checkpoint, "judge": judge, "judged_by": judged_by,
            "tag": tag, "sort": sort, "descending": descending, "then": then, "then_descending": then_descending},
        )


class Team(Noun):

    def list_removals(self, round_id: int) -> list[shapes.Removal]:
        """List removals."""
        return self._ask("GET", f"/rounds/{round_id}/removals")

    def reactivate(self, user_id: int) -> None:
        """Reactivate."""
        self._ask("POST", f"/users/{user_id}/reactivate")

    def get_agreement(self, round_id: int) -> shapes.Agreement:
        """Get agreement."""
        return self._ask("GET", f"/rounds/{round_id}/agreement")

    def list_reviewers(self, round_id: int) -> list[shapes.Reviewer]:
        """Most decisions first."""
        return self._ask("GET", f"/rounds/{round_id}/reviewers")

    def end_sessions(self, user_id: int) -> shapes.Ended:
        """End sessions."""
        return self._ask("POST", f"/users/{user_id}/end-sessions")

    def get_mine(self, round_id: int) -> shapes.Reviewer:
        """Get mine."""
        return self._ask("GET", f"/rounds/{round_id}/reviewers/me")

    def list_performance(self, project_id: int, *, rounds: int | None = None) -> list[shapes.Performance]:
        """Everybody's figures in each of the newest reviewed rounds, oldest first."""
        return self._ask("GET", f"/projects/{project_id}/performance", query={"rounds": rounds})

    def list_my_performance(self, project_id: int, *, rounds: int | None = None) -> list[shapes.Performance]:
        """One's own figures; of a review that goes on less is told."""
        return self._ask("GET", f"/projects/{project_id}/performance/me", query={"rounds": rounds})

    def download_performance(self, project_id: int, to: str | Path, *, rounds: int | None = None) -> Path:
        """The same as a table."""
        return self._save("GET", f"/projects/{project_id}/performance/csv", to, query={"rounds": rounds})

    def undo_removal(self, round_id: int, removal_id: str) -> shapes.Restored:
        """Undo removal."""
        return self._ask("POST", f"/rounds/{round_id}/removals/{part(removal_id)}/undo")

    def preview_removal(self, round_id: int, user_id: int) -> shapes.RemovalPreview:
        """What taking this person's work out of the round would change."""
        return self._ask("GET", f"/rounds/{round_id}/reviewers/{user_id}/removal")

    def remove(self, round_id: int, user_id: int, **body: Unpack[shapes.GivenReason]) -> shapes.Removal:
        """Remove."""
        return self._ask("POST", f"/rounds/{round_id}/reviewers/{user_id}/removal", body=body)


class Templates(Noun):

    def get_template(self, template_id: int) -> shapes.TemplateView:
        """Get template."""
        return self._ask("GET", f"/templates/{template_id}")

    def list_templates(
        self, project_id: int, *, limit: int | None = None, after: str | None = None,
    ) -> shapes.Page[shapes.TemplateView]:
        """List templates."""
        return self._ask("GET", f"/projects/{project_id}/templates", query={"limit": limit, "after": after})

    def save(self, project_id: int, **body: Unpack[shapes.NewVersion]) -> shapes.TemplateView:
        """Save."""
        return self._ask("POST", f"/projects/{project_id}/templates", body=body)


class Trainings(Noun):

    def get_preflight(self, job_id: int) -> shapes.Preflight:
        """A look, or what a training noted on its job before its first step."""
        return self._ask("GET", f"/preflights/{job_id}")

    def look(self, dataset_id: int, **body: Unpack[shapes.NewLook]) -> shapes.Preflight:
        """Do all of a training on these rows that comes before its first step; the report is there once the job is
        done.
        """
        return self._ask("POST", f"/datasets/{dataset_id}/preflights", body=body)

    def get_training_curves(self, project_id: int, *, round_id: list[int] | None = None) -> list[shapes.Series]:
        """Every series that the trainings of these rounds logged, by group; without a round none."""
        return self._ask("GET", f"/projects/{project_id}/training-curves", query={"round_id": round_id})


class Trash(Noun):

    def list_trash(self, *, limit: int | None = None, after: str | None = None) -> shapes.Page[shapes.TrashEntry]:
        """The projects in the trash that the asker is in."""
        return self._ask("GET", "/trash", query={"limit": limit, "after": after})

    def list_leftovers(self, *, hours: float | None = None) -> list[shapes.Leftover]:
        """Files in the data folder that nothing refers to and nobody wrote to for so many hours; for owners."""
        return self._ask("GET", "/leftovers", query={"hours": hours})

    def delete_leftovers(self, *, hours: float | None = None) -> list[shapes.Leftover]:
        """Delete them, and answer what is gone."""
        return self._ask("DELETE", "/leftovers", query={"hours": hours})

    def get_trash_contents(self, entry_id: int) -> shapes.Holdings:
        """What would be deleted with it."""
        return self._ask("GET", f"/trash/{entry_id}")

    def delete_for_good(self, entry_id: int, *, since: str) -> shapes.Holdings:
        """Delete it with its files, and answer what it held once all is gone: minutes where it held millions of
        samples.
        """
        return self._ask("DELETE", f"/trash/{entry_id}", query={"since": since})

    def trash_round(self, round_id: int) -> shapes.TrashedRound:
        """Put a round in the trash; 409 while something runs that may read it, with the way out."""
        return self._ask("POST", f"/rounds/{round_id}/trash")

    def get_trashed_round_contents(self, round_id: int) -> shapes.Holdings:
        """What would be deleted with it."""
        return self._ask("GET", f"/trash/rounds/{round_id}")

    def delete_round_for_good(self, round_id: int, *, since: str) -> shapes.Holdings:
        """Delete a round in the trash with its datasets and files, and answer what it held once all is gone."""
        return self._ask("DELETE", f"/trash/rounds/{round_id}", query={"since": since})

    def restore(self, entry_id: int) -> None:
        """Bring it back as it was."""
        self._ask("POST", f"/trash/{entry_id}/restore")

    def trash_prompt_set(self, set_id: int) -> shapes.TrashedSet:
        """Put a prompt set in the trash; 409 where something uses it."""
        return self._ask("POST", f"/prompt-sets/{set_id}/trash")

    def list_trashed_rounds(
        self, project_id: int, *, limit: int | None = None, after: str | None = None,
    ) -> shapes.Page[shapes.TrashedRound]:
        """The project's rounds in the trash, the last to go there first."""
        return self._ask("GET", f"/projects/{project_id}/trash", query={"limit": limit, "after": after})

    def trash_project(self, project_id: int) -> shapes.TrashEntry:
        """Put a project in the trash; 409 while a job of it runs."""
        return self._ask("POST", f"/projects/{project_id}/trash")

    def restore_round_from_trash(self, round_id: int) -> None:
        """Bring a round back as it was."""
        self._ask("POST", f"/trash/rounds/{round_id}/restore")

    def get_trashed_prompt_set(self, trashed_set_id: int) -> shapes.TrashedSet:
        """One prompt set in the trash."""
        return self._ask("GET", f"/trash/prompt-sets/{trashed_set_id}")

    def delete_prompt_set_for_good(self, trashed_set_id: int, *, since: str) -> shapes.TrashedSet:
        """Delete a prompt set in the trash, and answer what it was."""
        return self._ask("DELETE", f"/trash/prompt-sets/{trashed_set_id}", query={"since": since})

    def list_trashed_prompt_sets(
        self, project_id: int, *, limit: int | None = None, after: str | None = None,
    ) -> shapes.Page[shapes.TrashedSet]:
        """The project's prompt sets in the trash, the last to go there first."""
        return self._ask("GET", f"/projects/{project_id}/trash/prompt-sets", query={"limit": limit, "after": after})

    def restore_prompt_set_from_trash(self, trashed_set_id: int) -> None:
        """Bring a prompt set back as it was; 409 where its name is taken by now, or the other split asks its
        prompts.
        """
        self._ask("POST", f"/trash/prompt-sets/{trashed_set_id}/restore")


class Users(Noun):

    def me(self) -> shapes.Me:
        """Me."""
        return self._ask("GET", "/me")

    def list_users(self, *, limit: int | None = None, after: str | None = None) -> shapes.Page[shapes.UserView]:
        """List users."""
        return self._ask("GET", "/users", query={"limit": limit, "after": after})

    def create_user(self, **body: Unpack[shapes.NewUser]) -> shapes.UserView:
        """Create user."""
        return self._ask("POST", "/users", body=body)

    def list_tokens(self, *, limit: int | None = None, after: str | None = None) -> shapes.Page[shapes.TokenView]:
        """List tokens."""
        return self._ask("GET", "/tokens", query={"limit": limit, "after": after})

    def create_token(self, **body: Unpack[shapes.NewToken]) -> shapes.Secret:
        """Create token."""
        return self._ask("POST", "/tokens", body=body)

    def revoke_token(self, token_id: int) -> None:
        """Revoke token."""
        self._ask("DELETE", f"/tokens/{token_id}")

    def make_link(self, user_id: int) -> shapes.Link:
        """Make link."""
        return self._ask("POST", f"/users/{user_id}/link")

    def deactivate(self, user_id: int) -> None:
        """Deactivate."""
        self._ask("POST", f"/users/{user_id}/deactivate")


class Warnings(Noun):

    def list_warnings(self, round_id: int) -> list[shapes.WarningView]:
        """The lights of a round, red ones first; empty before it was evaluated."""
        return self._ask("GET", f"/rounds/{round_id}/warnings")

    def get_warning(self, round_id: int, name: str) -> shapes.RowsNamed:
        """One light, with the texts and prompts that it speaks of."""
        return self._ask("GET", f"/rounds/{round_id}/warnings/{part(name)}")

    def list_rules(self, project_id: int) -> list[shapes.RuleView]:
        """All rules, with their knobs as the project has them."""
        return self._ask("GET", f"/projects/{project_id}/warning-rules")

    def edit_rule(self, project_id: int, name: str, **body: Unpack[shapes.RuleKnobs]) -> shapes.RuleView:
        """Set knobs of a rule; they count from the next round on that is evaluated."""
        return self._ask("PATCH", f"/projects/{project_id}/warning-rules/{part(name)}", body=body)


class Workers(Noun):

    def list_workers(self) -> list[shapes.WorkerView]:
        """All workers of the installation, with all that they do. For owners."""
        return self._ask("GET", "/workers")

    def tell_all(self, act: shapes.WorkerAct) -> shapes.OrderedWorkers:
        """Tell all workers. Draining leaves out those that are part of a web process. For owners."""
        return self._ask("POST", f"/workers/{act}")

    def tell(self, worker_id: str, act: shapes.WorkerAct) -> shapes.OrderedWorkers:
        """Tell one worker. For owners."""
        return self._ask("POST", f"/workers/{part(worker_id)}/{act}")

    def list_for_project(self, project_id: int) -> list[shapes.WorkerView]:
        """All workers; of work for other projects only that there is some."""
        return self._ask("GET", f"/projects/{project_id}/workers")


class Routes:
    """All of them over one connection."""

    def __init__(self, connection: Connection) -> None:
        self.arenas = Arenas(connection)
        self.audit = Audit(connection)
        self.checkpoints = Checkpoints(connection)
        self.datasets = Datasets(connection)
        self.jobs = Jobs(connection)
        self.judge_benches = JudgeBenches(connection)
        self.notices = Notices(connection)
        self.pairs = Pairs(connection)
        self.projects = Projects(connection)
        self.prompts = Prompts(connection)
        self.questions = Questions(connection)
        self.recipes = Recipes(connection)
        self.reviews = Reviews(connection)
        self.rounds = Rounds(connection)
        self.samples = Samples(connection)
        self.team = Team(connection)
        self.templates = Templates(connection)
        self.trainings = Trainings(connection)
        self.trash = Trash(connection)
        self.users = Users(connection)
        self.warnings = Warnings(connection)
        self.workers = Workers(connection)
