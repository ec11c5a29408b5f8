"""Tools for samples: list them by a filter, read one, take them along as a file."""

from typing import Literal

from pydantic import Field

from app.agents.tool import LONGEST_TEXT, RowId, ToolCall, conversation, fields, untrusted, words
from backend.boundary import Count, Line, Score
from backend.row_files import Format
from backend.services import samples
from backend.services.access import Actor
from backend.services.samples import Filters, Sort, SortKey, detail, export_jobs
from backend.services.samples.exports import ExportRequest
from backend.services.samples.rows import SampleRow
from backend.values import JSON

LABEL = ("score", "verdict", "source", "spread", "is_correct", "is_overridden", "is_unparsed", "is_flagged")
MOST_JUDGMENTS, MOST_OTHERS, MOST_DECISIONS = 8, 20, 30


def shown(row: SampleRow) -> JSON:
    """A sample as lists have it. `is_hidden`: what others said of it is withheld from the actor."""
    head = fields(row, "id", "step", "role", "kind", "finish_reason", "num_tokens", "is_hidden")
    return head | fields(row, *LABEL) | {"prompt": untrusted(row.prompt), "text": untrusted(row.text)}


class FilteredTool(ToolCall):
    """The filters of a list of samples; each narrows it."""

    verdict: tuple[Literal["accept", "reject", "undecided"], ...] = ()
    kind: tuple[Literal["completion", "edit", "other"], ...] = ()
    step: tuple[Count, ...] = Field((), max_length=64, description="steps of the round's recipe, counted from 0")
    label_by: tuple[Literal["judge", "person", "none"], ...] = Field((), description="who gave the label")
    min_score: Score | None = None
    max_score: Score | None = None
    min_tokens: Count | None = None
    max_tokens: Count | None = None
    is_overridden: bool | None = Field(None, description="whether a person contradicted the judge")
    is_unparsed: bool | None = Field(None, description="whether the judge's reply could not be read")
    is_truncated: bool | None = None
    is_flagged: bool | None = None
    text: Line = Field("", description='words in the sample, "a phrase", or /a regular expression/')
    prompt: Line = Field("", description="the same in its prompt")
    decided: Literal["", "me", "others", "disputed", "not_me", "nobody"] = Field("", description="who decided on it")
    human_verdict: tuple[Literal["accept", "reject"], ...] = Field((), description="what people said, not the label")
    judge: Line = Field("", description="the name of a judge that judged it")
    tag: tuple[Line, ...] = Field((), max_length=10, description="tags that people put to it")
    answer: tuple[Line, ...] = Field((), max_length=10, description="tests of answers to questions: accuracy>=4")
    metadata: tuple[Line, ...] = Field((), max_length=10, description="tests of metadata: level>=2, source~wiki")

    @property
    def filters(self) -> Filters:
        names = ("min_score", "max_score", "min_tokens", "max_tokens", "verdict", "kind", "step")
        texts = ("text", "prompt", "decided", "answer", "metadata", "human_verdict", "judge", "tag")
        flags = ("is_overridden", "is_unparsed", "is_truncated", "is_flagged")
        return Filters(source=self.label_by, **{name: getattr(self, name) for name in (*names, *texts, *flags)})


class ListSamples(FilteredTool):
    """List the samples of a round that pass the filters, with the beginning of each text.

    In a blind review the label of a sample is hidden from reviewers until they have decided on it.
    """

    title = "List samples"

    round_id: RowId
    sort: Literal["id", "score", "length", "spread"] = "id"
    descending: bool = False
    then: Literal["", "id", "score", "length", "spread"] = Field("", description="for equal ones")
    then_descending: bool = False
    limit: int = Field(20, ge=1, le=50)
    after: Line | None = Field(None, description="`next` of the page before")

    def call(self, actor: Actor) -> JSON:
        then = SortKey(self.then) if self.then else None
        order = Sort(SortKey(self.sort), descending=self.descending, then=then, then_descending=self.then_descending)
        page = samples.page(actor, self.round_id, self.filters, order, self.after, self.limit)
        count = fields(page.count, "number", "is_exact")
        return {"samples": [shown(row) for row in page.rows], "next": page.next_cursor, "count": count}


class ReadSample(ToolCall):
    """One sample in full: what was asked, its text, what judges and people said, the other samples of its group.

    What a blind review hides from you is left out. Of many judgments, decisions and samples the first (of decisions the
    last) are shown; `numbers` has how many there are.
    """

    title = "Read a sample"

    sample_id: RowId
    offset: Count = Field(0, description="the character of its text to begin at, for the rest of one that is cut")

    def call(self, actor: Actor) -> JSON:
        read = detail.detail(actor, self.sample_id)
        judged = ("judge", "score", "verdict", "finish_reason")
        decided = ("who", "at", "kind", "verdict", "score", "words", "is_override", "is_retracted")
        return {
            "sample": shown(read.label) | {"text": untrusted(read.text, LONGEST_TEXT, offset=self.offset)},
            **fields(read, "round_id", "project_id", "checkpoint", "author", "edited_from_id"),
            "numbers": {
                "judgments": len(read.judgments),
                "decisions": len(read.history),
                "others_of_group": len(read.group),
            },
            "asked": conversation(read.messages, LONGEST_TEXT // 4),
            "answer": untrusted(read.answer) if read.answer else None,
            "turns": conversation(read.turns),
            "judgments": [
                fields(judgment, *judged) | {"rationale": untrusted(judgment.rationale)}
                for judgment in read.judgments[:MOST_JUDGMENTS]
            ],
            "decisions": [
                fields(decision, *decided) | {"note": untrusted(decision.note)}
                for decision in read.history[-MOST_DECISIONS:]
            ],
            "others_of_group": [shown(sample) for sample in read.group[:MOST_OTHERS]],
            "trained": [
                fields(trained_on, "dataset_id", "round_number", "is_round_in_trash", "use", "checkpoint")
                for trained_on in read.trained
            ],
        }


class ExportSamples(FilteredTool):
    """Have samples of a project written to a file with their judgments, decisions and lineage, in the background.

    Then ask `get_export` until its file is ready.
    """

    title = "Export samples"
    changes = True

    project_id: RowId
    round_ids: tuple[RowId, ...] = Field((), max_length=200, description="ids of rounds; none: all of the project")
    format: Format = "jsonl"

    def call(self, actor: Actor) -> JSON:
        wanted = ExportRequest(self.round_ids, self.filters, format=self.format)
        return {"job_id": export_jobs.start(actor, self.project_id, wanted)}


class GetExport(ToolCall):
    """How far an export that you started is, and from where its file can be downloaded with the same token."""

    title = "Get an export"

    job_id: RowId

    def call(self, actor: Actor) -> JSON:
        row = export_jobs.get(actor, self.job_id)
        names = ("job_id", "name", "format", "status", "done", "total", "num_rows", "num_bytes", "is_ready")
        where = {"download": f"/api/v1/sample-exports/{row.job_id}/file"} if row.is_ready else {}
        return fields(row, *names, "expires_at") | words(row, "error") | where
