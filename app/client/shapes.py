"""What the routes take and answer, as types of JSON.

Written by `python -m docs.generate` from the OpenAPI document. Change the routes it is written from, and run it again.
"""

from __future__ import annotations

from typing import Any, Generic, Literal, NotRequired, TypedDict, TypeVar

T = TypeVar("T")

About = Literal["texts", "rows", "checkpoint"]
Against = Literal["people", "before"]
Channel = Literal["page", "browser", "mail"]
CheckLevel = Literal["pass", "warn", "fail", "no"]
CloseRule = Literal["hand", "all_decided", "agreement", "minutes"]
Criterion = Literal["verdict", "score", "best of group"]
CutRule = Literal["judge", "f1", "youden", "accuracy"]
DatasetType = Literal["prompt_completion", "preference", "unpaired_preference", "prompt_only", "language_modeling"]
DecisionKind = Literal["accept", "reject", "score", "prefer", "rank", "edit", "flag", "skip", "note", "retract"]
FacetKind = Literal["choice", "number", "date", "text"]
FailureKind = Literal[
    "context", "template", "filter", "refused", "timeout", "reply", "server", "error", "too_long", "special",
    "unfinished",
]
FindingKind = Literal["email", "phone", "card", "iban", "ip", "credential", "name", "held_out", "reference"]
GroupSortKey = Literal["number", "pass_rate", "spread"]
JobStatus = Literal["queued", "running", "done", "failed", "cancelled"]
LabelSource = Literal["none", "judge", "person"]
Light = Literal["ok", "amber", "red", "unknown", "no limit"]
LocalEngine = Literal["transformers", "vllm"]
Mode = Literal["sample", "group", "pair", "judgment"]
NoticeKind = Literal[
    "round_done", "round_failed", "round_review", "round_held", "training_done", "training_failed", "assignment",
    "mention", "reviewer_paused",
]
Order = Literal["sequential", "random", "disagreement", "informativeness"]
ProjectSortKey = Literal["name", "waits", "accuracy", "change", "warnings", "newest"]
QuestionKind = Literal["rating", "label", "labels", "text", "spans"]
Role = Literal["viewer", "reviewer", "curator", "admin"]
RoundStatus = Literal["running", "review", "held", "done", "failed", "cancelled"]
RowCompletion = list[str | dict[str, Any]]
SeriesGroup = Literal["loss", "reward", "KL", "entropy", "lengths", "learning rate", "other"]
ShownProjects = Literal["all", "review", "running", "failed", "red"]
SortKey = Literal["id", "score", "length", "spread", "prompt"]
Split = Literal["train", "held_out"]
Stage = Literal["generate", "judge", "review", "select", "train", "evaluate"]
TextStyle = Literal["rendered", "raw"]
Verdict = Literal["accept", "reject"]
WarningLevel = Literal["green", "amber", "red", "unknown"]
WorkerAct = Literal["pause", "drain", "resume"]
WorkerOrder = Literal["work", "pause", "drain"]
WorkerState = Literal["idle", "busy", "pausing", "paused", "draining", "silent"]


class Page(TypedDict, Generic[T]):
    items: list[T]
    next: str | None


class Accuracy(TypedDict):
    user_id: int
    who: str
    right: int
    number: int


class Act(TypedDict):
    client_id: str
    kind: DecisionKind
    sample_id: NotRequired[int]
    score: NotRequired[float | None]
    text: NotRequired[str | None]
    note: NotRequired[str]
    seconds: NotRequired[float | None]
    is_blind: NotRequired[bool]
    retracts: NotRequired[str | None]
    value: NotRequired[dict[str, Any]]
    mode: NotRequired[Mode | None]


class ActResult(TypedDict):
    decision: Decision
    judge: JudgeView | None
    tally: Tally
    judges: NotRequired[dict[str, JudgeView]]
    reason: NotRequired[str | None]
    others: NotRequired[list[Decision]]
    meanwhile: NotRequired[str | None]


class AffectedCheckpoint(TypedDict):
    checkpoint_id: int
    name: str
    is_direct: bool


class AffectedDataset(TypedDict):
    dataset_id: int
    round_number: int
    examples: int


class Agreed(TypedDict):
    criterion: str
    people: int
    n: int
    share: float | None
    share_low: float | None
    share_high: float | None
    alpha: float | None
    alpha_low: float | None
    alpha_high: float | None


class Agreement(TypedDict):
    round_id: int
    among: list[Among]
    pairs: list[RaterPair]
    judge: list[RaterPair]
    judge_random: list[RaterPair]
    left_out: dict[str, int]
    left_out_of_judge: dict[str, int]


class Among(TypedDict):
    criterion: Criterion
    people: int
    percent: Figure
    fleiss: Figure
    alpha: Figure


class AnswerList(TypedDict):
    answers: list[NewAnswer]


class AnswerView(TypedDict):
    id: int
    sample_id: int
    question_id: int
    key: str
    user_id: int
    who: str
    value: dict[str, Any] | None
    is_standing: bool
    at: str


class AnswersNamed(TypedDict):
    old_checkpoint_id: int
    new_checkpoint_id: int
    category: list[str | Any] | None


class ArenaView(TypedDict):
    id: int
    project_id: int
    matches: int
    decided: int
    may_decide: bool
    created_at: str
    result: Result | None


class Arm(TypedDict):
    reason: str
    count: int
    href: str


class Ask(TypedDict):
    user_id: int
    share: NotRequired[float | None]
    quota: NotRequired[int | None]


class Asked(TypedDict):
    user_id: int
    who: str
    share: float | None
    quota: int | None
    asked: int
    done: int
    may_decide: bool
    paused_at: str | None
    pause_reason: str
    given: NotRequired[int]
    taken: NotRequired[int]


class Asks(TypedDict):
    people: list[Ask]


class Assigned(TypedDict):
    user_id: int
    who: str
    number: int
    decided: int


class AssignmentRequest(TypedDict):
    user_id: int
    filters: NotRequired[Filters | None]
    sample_ids: NotRequired[list[int]]
    only_count: NotRequired[bool]


class AuditEntry(TypedDict):
    id: int
    is_decision: bool
    at: str
    who: str
    verb: str
    subject: str
    round: int | None
    sample: int | None
    via: str
    details: dict[str, Any]


class Beat(TypedDict, total=False):
    held: list[int]
    wants_progress: bool


class BenchJob(TypedDict):
    job_id: int


class BenchJudge(TypedDict):
    id: int
    position: int
    title: str
    judge: dict[str, Any]
    checkpoint_id: int | None
    checkpoint: str
    error: str | None
    is_over: bool
    done: int
    replies: int
    tokens: int
    prompt_tokens: int | None
    cost: float | None
    uncounted: int
    unpriced: int
    seconds: float
    figures: JudgeFigures | None
    notes: NotRequired[list[str]]


class BenchLine(TypedDict):
    id: int
    project_id: int
    round_id: int | None
    round_number: int | None
    is_filtered: bool
    samples: int | None
    labelled: int | None
    judges: list[str]
    status: JobStatus | None
    created_at: str
    created_by: str | None


class BenchReply(TypedDict):
    position: int
    score: float | None
    verdict: Verdict | None
    rationale: str
    raw: str
    failure: str | None


class BenchView(TypedDict):
    line: BenchLine
    filters: dict[str, Any] | None
    job_id: int | None
    error: str | None
    can_try_again: bool
    first: JudgeFigures | None
    judges: list[BenchJudge]
    pairs: list[JudgePair]


class ImportSamplesForm(TypedDict, total=False):
    name: str
    columns: str | None
    people: str | None
    accept_at: float | None
    policy_id: int | None
    lowest: float | None
    highest: float | None
    is_blind: bool
    update: bool


class ImportSetForm(TypedDict):
    name: str
    split: NotRequired[Split]
    held_out_share: NotRequired[float]
    seed: NotRequired[int]
    on_bad: NotRequired[Literal["keep good", "refuse"]]
    mapping: NotRequired[str | None]


class PreviewFileForm(TypedDict, total=False):
    mapping: str | None


class StartComparedScanForm(TypedDict, total=False):
    pass


class Branch(TypedDict, total=False):
    at: Literal["judge", "select", "train"]
    recipe: dict[str, Any] | str | None
    changes: dict[str, Any] | None
    judge_id: int | None
    reference_id: int | None
    held_out_set_ids: list[int] | None
    mix_set_ids: list[int] | None
    is_reviewed: bool | None
    review: dict[str, Any] | None


class CalibrationBin(TypedDict):
    low: float
    high: float
    n: int
    score: float
    accepted: float
    accepted_low: float
    accepted_high: float


class Category(TypedDict):
    key: str
    value: str
    n: int
    judged: int
    accepted: float | None
    low: float | None
    high: float | None
    score: float | None


class Chain(TypedDict):
    step: int
    role: str
    names: dict[str, str]
    above: NotRequired[list[SampleRow]]
    questions: NotRequired[list[ChainQuestion]]
    is_hidden: NotRequired[bool]
    has_more: NotRequired[bool]


class ChainQuestion(TypedDict):
    step: int
    asked: str
    answers: list[SampleRow]


class Changed(TypedDict):
    before: str
    after: str
    source: str
    count: int


class ChangedExample(TypedDict):
    sample_id: int
    is_right: bool
    accepts: bool
    prompt: str
    text: str
    before: str
    after: str


class ChangedMetric(TypedDict):
    name: str
    of: str
    checkpoint: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    compared_with: str
    before: float | None
    change: float | None
    change_low: float | None
    change_high: float | None
    p: float | None
    newly_right: int | None
    newly_wrong: int | None


class Changes(TypedDict, total=False):
    recipe: dict[str, Any] | str | None
    changes: dict[str, Any] | None
    policy_id: int | None
    reference_id: int | None
    judge_id: int | None
    sample_set_ids: list[int] | None
    held_out_set_ids: list[int] | None
    mix_set_ids: list[int] | None
    num_prompts: int | None
    seed: int | None
    is_reviewed: bool | None
    is_blind: bool | None
    review: dict[str, Any] | None
    roles: dict[str, int] | None
    engine: LocalEngine | None
    num_rounds: int | None
    stop_rules: list[str] | None
    parent_id: int | None
    again: int | None


class CheckpointDetail(TypedDict):
    row: CheckpointRow
    ancestors: list[str]
    recipe: str
    paper: str
    policy: str
    reference: str
    judge: str
    dataset_id: int | None
    dataset_type: str
    num_examples: int
    content_hash: str
    funnel: list[dict[str, Any]]
    provenance: dict[str, Any]
    people: list[Contribution]
    job_id: int | None
    job_seconds: float | None
    job_metrics: dict[str, Any]
    training_rows: str
    num_bytes: int
    details: dict[str, Any]
    checks: Checks
    notes: list[str]
    endpoint: NotRequired[EndpointView | None]
    uses: NotRequired[list[Use]]
    can_merge: NotRequired[bool]
    merge: NotRequired[Merge | None]
    can_write_gguf: NotRequired[bool]
    gguf: NotRequired[GgufFile | None]


class CheckpointRow(TypedDict):
    id: int
    name: str
    kind: str
    role: str
    location: str
    engine: str
    depth: int
    parent_id: int | None
    round_id: int | None
    round_number: int | None
    created_at: str
    metrics: NotRequired[dict[str, MetricNumber]]
    has_weights: NotRequired[bool]
    is_endpoint: NotRequired[bool]
    is_merged: NotRequired[bool]
    is_round_in_trash: NotRequired[bool]


class Checks(TypedDict):
    at: str
    lines: list[Line]


class ClaimRequest(TypedDict, total=False):
    order: Order
    limit: int
    after: int
    held: list[int]
    include: list[int]
    peek: bool


class Closed(TypedDict):
    job_id: int | None


class ClosingInWords(TypedDict):
    samples: int
    accepted_by_people: int
    rejected_by_people: int
    accepted_by_judge: int
    rejected_by_judge: int
    without_verdict: int
    known_labels: int
    items: int
    undecided: int
    half_reviewed: int
    unsettled: int
    assigned_undecided: int
    judge_light: str
    judge_sentence: str
    holds: bool
    is_kept: NotRequired[bool]
    judge_as_of: NotRequired[str | None]
    lines: NotRequired[list[str]]


class CommentText(TypedDict):
    text: str


class CommentView(TypedDict):
    id: int
    who: str
    is_mine: bool
    text: str
    at: str
    edited_at: str | None


class Confusion(TypedDict, total=False):
    accepts_both: int
    accepts_judge: int
    accepts_people: int
    rejects_both: int
    unread_accept: int
    unread_reject: int


class ContentCheckChanges(TypedDict, total=False):
    mode: Literal["off", "warn", "hold"] | None
    kinds: list[FindingKind] | None
    names: list[str] | None
    region: str | None
    run_words: int | None


class ContentChecks(TypedDict, total=False):
    kinds: list[FindingKind]
    names: list[str]
    region: str
    mode: Literal["off", "warn", "hold"]
    run_words: int


class Contribution(TypedDict):
    round_number: int
    person: str
    decisions: int
    overrides: int


class CorrectedShare(TypedDict, total=False):
    judge: float | None
    number: Estimate
    chosen: int
    texts: int
    tuning: float | None
    missing: str
    known: int


class Cost(TypedDict):
    tokens_written: int | None
    tokens_judging: int | None
    tokens_read: int | None
    tokens_trained: int | None
    seconds: dict[str, float]
    total_seconds: float
    review_minutes: float | None
    kept: int | None
    tokens_per_row: float | None
    seconds_per_row: float | None
    minutes_per_row: float | None
    missing: list[str]
    endpoints: NotRequired[list[EndpointCost]]
    endpoint_cost: NotRequired[float | None]
    reads_unknown: NotRequired[bool]


class Count(TypedDict):
    number: int
    is_exact: NotRequired[bool]


class Counted(TypedDict):
    number: int


class DatasetCard(TypedDict):
    id: int
    step: int
    what: str
    type: DatasetType
    num_examples: int
    content_hash: str
    frozen_at: str
    parts: dict[str, int]
    made_from: dict[str, str]
    href: str


class DatasetDetail(TypedDict):
    view: DatasetView
    funnel: list[dict[str, Any]]
    provenance: dict[str, Any]
    origins: dict[str, int]
    people: list[Decider]


class DatasetExport(TypedDict):
    job_id: int
    name: str
    status: JobStatus
    done: int
    total: int
    num_rows: int | None
    num_bytes: int | None
    error: str | None
    is_ready: bool
    expires_at: str | None
    dataset_id: int
    format: Literal["jsonl", "parquet"]
    findings: NotRequired[list[RowFinding]]
    left_out: NotRequired[dict[str, int]]
    warnings: NotRequired[list[str]]


class DatasetPush(TypedDict):
    repo: str
    is_private: NotRequired[bool]
    format: NotRequired[Literal["jsonl", "parquet"]]
    found_rows: NotRequired[Literal["refuse", "leave_out", "mask", "keep"]]
    reason: NotRequired[str]


class DatasetRow(TypedDict):
    position: int
    prompt_id: int
    messages: list[Message]
    completion: str
    rejected: str | None
    label: bool | None
    weight: float
    sample_id: int | None
    rejected_id: int | None
    origin: str
    extra: NotRequired[dict[str, Any]]
    answer: NotRequired[str | None]
    metadata: NotRequired[dict[str, Any]]
    turns: NotRequired[list[Message]]


class DatasetScan(TypedDict):
    id: int
    dataset_id: int
    job_id: int | None
    status: JobStatus
    done: int
    total: int
    error: str | None
    reference: str
    num_rows: int
    num_uncompared: int
    num_beyond: int
    num_held_out: int
    rows_with: dict[str, int]
    rows_open: dict[str, int]
    finished_at: str | None
    is_current: bool


class DatasetView(TypedDict):
    id: int
    project_id: int
    round_id: int
    round_number: int
    type: DatasetType
    content_hash: str
    num_examples: int
    created_at: str
    checkpoint_id: int | None
    checkpoint: str | None
    is_read: NotRequired[bool]
    stale_at: NotRequired[str | None]
    is_round_in_trash: NotRequired[bool]


class Decider(TypedDict):
    name: str
    num_decisions: int
    num_overrides: int


class Decision(TypedDict):
    id: int
    client_id: str
    sample_id: int
    user_id: int
    who: str
    at: str
    kind: DecisionKind
    verdict: Verdict | None
    score: float | None
    value: dict[str, Any]
    words: str
    note: str
    seconds: float | None
    via: str
    is_blind: bool
    is_override: bool | None
    is_bulk: bool
    is_adjudication: bool
    is_late: bool
    is_random: NotRequired[bool]
    is_retracted: NotRequired[bool]
    edit_id: NotRequired[int | None]
    retracts_id: NotRequired[int | None]
    late_because: NotRequired[str | None]
    replaces: NotRequired[list[str] | None]
    is_new: NotRequired[bool]


class DecisionList(TypedDict):
    decisions: list[Act]


class DeliveryView(TypedDict):
    id: int
    uid: str
    kind: str
    text: str
    at: str
    attempts: int
    sent_at: str | None
    next_at: str | None
    status: int | None
    error: str


class DeskAction(TypedDict):
    name: str
    label: str
    keys: list[str]
    modes: list[str]
    is_changed: bool


class DeskOpening(TypedDict):
    me: int
    rounds: list[RoundLink]
    empty: NotRequired[str]
    desk: NotRequired[OpenDesk | None]


class Difference(TypedDict):
    value: float | None
    low: float | None
    high: float | None
    n: int
    old: NotRequired[float | None]
    new: NotRequired[float | None]
    p: NotRequired[float | None]
    newly_right: NotRequired[int | None]
    newly_wrong: NotRequired[int | None]
    why: NotRequired[str]


class Disagreement(TypedDict):
    sample_id: int
    round_id: int
    round_number: int
    messages: list[Message]
    answer: str | None
    text: str
    other: Verdict
    people: Verdict | None
    person_score: float | None
    is_gold: bool
    before: Verdict | None
    score: float | None
    verdict: Verdict | None
    replies: list[BenchReply]


class Disagreements(TypedDict):
    bench_id: int
    judge_id: int
    title: str
    against: Against
    total: int
    items: list[Disagreement]


class Disputed(TypedDict):
    item: Item
    votes: list[Decision]


class EmbeddingJob(TypedDict):
    job_id: int
    status: JobStatus
    done: int
    total: int
    error: str | None
    num_vectors: int | None
    num_clusters: int | None
    model: str | None
    is_stand_in: bool


class Ended(TypedDict):
    sessions: int


class Endpoint(TypedDict):
    base_url: str
    model: str
    api_key_env: NotRequired[str]
    settings: NotRequired[EndpointSettings]


class EndpointChange(TypedDict, total=False):
    api_key_env: str
    concurrency: int
    timeout: float
    extra: dict[str, Any]
    price_in: float | None
    price_out: float | None
    send_defaults: bool


class EndpointCost(TypedDict):
    checkpoint_id: int
    name: str
    requests: int
    tokens_in: int
    tokens_out: int
    uncounted: int
    cost: float | None
    unpriced: int


class EndpointSettings(TypedDict, total=False):
    api_key_env: str
    concurrency: int
    timeout: float
    extra: dict[str, Any]
    price_in: float | None
    price_out: float | None
    send_defaults: bool


class EndpointView(TypedDict):
    base_url: str
    model: str
    settings: EndpointSettings
    supports_n: bool
    seeds: bool
    logprobs: bool
    top_logprobs: bool
    prompt_logprobs: bool
    forced: str
    context: int | None


class ErrorBody(TypedDict):
    type: str
    message: str


class Estimate(TypedDict, total=False):
    value: float | None
    low: float | None
    high: float | None
    n: int


class ExportReport(TypedDict):
    num_rows: int
    num_bytes: int
    findings: dict[str, int]
    left_out: dict[str, int]
    warnings: list[str]
    tokens: RowTokens | None


class Extreme(TypedDict):
    title: str
    rows: list[SampleRow]
    href: str
    missing: str


class FacetChoice(TypedDict):
    value: str
    count: int
    test: NotRequired[str]


class Failed(TypedDict):
    total: int
    counts: list[Arm]
    rows: list[FailedRow]
    cannot_retry: str
    href: str
    missing: NotRequired[str]


class FailedRow(TypedDict):
    id: int
    stage: Stage
    kind: FailureKind
    reason: str
    prompt: str
    prompt_id: int | None
    sample_id: int | None


class FailureView(TypedDict):
    id: int
    round_id: int
    round_number: int
    stage: Stage
    kind: FailureKind
    reason: str
    attempts: int
    prompt_id: int | None
    prompt_set_id: int | None
    prompt: str
    sample_id: int | None
    position: int | None
    job_id: int | None
    is_asked: bool
    created_at: str
    cannot_retry: str


class Fate(TypedDict):
    column: str
    role: str
    becomes: str


class Fetch(TypedDict):
    job_id: int
    dataset: HubDataset
    status: JobStatus
    num_rows: int
    is_cut: bool
    commit: str | None
    file: str | None
    error: str | None


class FetchImport(TypedDict):
    mapping: NotRequired[str | None]
    name: str
    split: NotRequired[Split]
    held_out_share: NotRequired[float]
    seed: NotRequired[int]
    on_bad: NotRequired[Literal["keep good", "refuse"]]


class FetchMapping(TypedDict, total=False):
    mapping: str | None


class Figure(TypedDict):
    value: float | None
    low: float | None
    high: float | None
    n: int


class FilePreview(TypedDict):
    kind: str
    format: str
    columns: list[str]
    becomes: list[Fate]
    rows: list[dict[str, Any]]
    mapping: Mapping
    num_rows: int
    is_whole: bool
    prompts: list[Finished]
    warnings: list[str]
    notes: list[str]


class FilterChoices(TypedDict, total=False):
    reviewers: list[NamedId]
    checkpoints: list[NamedId]
    judges: list[str]
    judging_checkpoints: list[NamedId]
    tags: list[TagCount]


class Filters(TypedDict, total=False):
    min_score: float | None
    max_score: float | None
    min_tokens: int | None
    max_tokens: int | None
    verdict: list[str]
    source: list[str]
    kind: list[str]
    is_overridden: bool | None
    is_unparsed: bool | None
    is_truncated: bool | None
    is_flagged: bool | None
    text: str
    prompt: str
    step: list[int]
    decided: str
    answer: list[str]
    metadata: list[str]
    duplicates: str
    similar: int | None
    cluster: int | None
    reviewer: int | None
    human_verdict: list[str]
    checkpoint: int | None
    judge: str
    judged_by: int | None
    tag: list[str]


class FineMark(TypedDict, total=False):
    is_fine: bool
    reason: str


class Finished(TypedDict):
    line: int
    reason: str
    messages: list[Message]
    answer: str | None
    completions: list[RowCompletion]


class FlowStage(TypedDict):
    name: str
    count: int
    unit: str
    share: float | None
    dropped: list[Arm]
    joined: list[Arm]
    href: str


class Flows(TypedDict):
    flows: list[FunnelFlow]
    missing: list[str]


class FunnelFlow(TypedDict):
    title: str
    dataset_id: int | None
    stages: list[FlowStage]


class GgufFile(TypedDict):
    job_id: int
    checkpoint_id: int
    name: str
    outtype: str
    status: JobStatus
    by: str
    num_bytes: int | None
    sha256: str | None
    error: str | None
    is_ready: bool
    expires_at: str | None


class Given(TypedDict):
    client_id: str
    sample_id: int
    question_id: int
    value: dict[str, Any] | None
    is_new: bool


class GivenReason(TypedDict):
    reason: str


class Gold(TypedDict):
    sample_id: int
    text: str
    verdict: Verdict
    reason: str
    machine_verdict: Verdict | None
    who: str | None
    at: str
    met: int


class GroupMember(TypedDict):
    id: int
    kind: str
    step: int
    verdict: Verdict | None
    score: float | None
    is_hidden: NotRequired[bool]


class GroupPage(TypedDict):
    items: list[GroupRow]
    next: NotRequired[str | None]
    count: Count
    sort: GroupSort


class GroupRow(TypedDict):
    id: int
    prompt: str
    num_samples: int
    num_with_verdict: int
    num_accepted: int
    pass_rate: float | None
    spread: float | None
    samples: list[GroupMember]
    num_more: NotRequired[int]
    is_hidden: NotRequired[bool]


class GroupSort(TypedDict, total=False):
    key: GroupSortKey
    descending: bool


class Head(TypedDict):
    id: int
    project_id: int
    number: int
    parent_id: int | None
    parent_number: int | None
    status: RoundStatus
    stage: Stage
    recipe: str
    title: str
    paper: str
    phase: int
    phases: int
    num_prompts: int
    seed: int
    is_reviewed: bool
    is_blind: bool
    engine: LocalEngine
    checkpoint_id: int | None
    checkpoint: str
    created_by: str
    created_at: str
    finished_at: str | None
    seconds: float
    error: str | None
    branch_of_id: NotRequired[int | None]
    branch_of_number: NotRequired[int | None]
    is_archived: NotRequired[bool]
    branches: NotRequired[list[str]]
    hold: NotRequired[dict[str, Any]]
    reopened: NotRequired[dict[str, Any]]
    is_parent_in_trash: NotRequired[bool]
    is_origin_in_trash: NotRequired[bool]
    is_review_skipped: NotRequired[bool]


class Health(TypedDict):
    light: Light
    sentence: str
    measures: list[HealthMeasure]
    calibration: NotRequired[list[CalibrationBin]]
    corrected: NotRequired[CorrectedShare | None]
    as_of: NotRequired[str | None]


class HealthLimits(TypedDict, total=False):
    hold: bool
    fewest: int
    kappa_amber: float
    kappa_red: float
    precision_amber: float
    precision_red: float
    recall_amber: float
    order_amber: float
    order_red: float
    calibration_amber: float
    saturation_amber: float
    ties_amber: float
    unparsed_amber: float
    noise_amber: float
    flips_amber: float
    position_amber: float
    length_amber: float
    self_preference_amber: float


class HealthMeasure(TypedDict):
    name: str
    title: str
    of: str
    number: Estimate
    light: Light
    amber: NotRequired[float | None]
    red: NotRequired[float | None]
    below: NotRequired[bool]
    is_share: NotRequired[bool]
    missing: NotRequired[str]
    note: NotRequired[str]


class Heard(TypedDict):
    until: str
    kept: list[int]
    lost: list[Holding]
    progress: NotRequired[ReviewProgress | None]


class HeldItems(TypedDict, total=False):
    held: list[int]


class HistogramBin(TypedDict):
    low: float
    high: float
    count: int
    is_exact: NotRequired[bool]
    least: NotRequired[float | None]
    most: NotRequired[float | None]


class HoldReason(TypedDict):
    reason: str


class Holding(TypedDict):
    sample_id: int
    slot: int
    user_id: int
    who: str
    expires_at: str
    is_decided: bool


class Holdings(TypedDict):
    rounds: int
    samples: int
    decisions: int
    answers: int
    comments: int
    checkpoints: int
    num_bytes: int


class HubDataset(TypedDict):
    name: str
    config: NotRequired[str]
    split: NotRequired[str]
    revision: NotRequired[str]
    num_rows: NotRequired[int]


class ImportReport(TypedDict):
    sets: list[SetCount]
    num_rows: int
    num_bad: int
    num_duplicates: int
    num_overlaps: int
    problems: list[RowProblem]
    num_merged: NotRequired[int]
    num_near: NotRequired[int]
    num_completions: NotRequired[int]
    notes: NotRequired[list[str]]
    num_unchanged: NotRequired[int]
    num_updated: NotRequired[int]


class ImportedRound(TypedDict):
    round_id: int | None
    round_number: int | None
    num_rows: int
    num_samples: int
    num_present: int
    num_prompts: NotRequired[int]
    num_judgments: NotRequired[int]
    num_decisions: NotRequired[int]
    num_repeated: NotRequired[int]
    num_reviewers: NotRequired[int]
    left_out: NotRequired[dict[str, int]]
    num_updated: NotRequired[int]


class ImportedText(TypedDict):
    text: str
    extra: dict[str, Any]


class Instruction(TypedDict):
    instruction: str


class Invitation(TypedDict):
    name: str
    link: str | None


class Item(TypedDict):
    sample_id: int
    group_id: int
    messages: list[Message]
    text: str
    finish_reason: str
    num_tokens: int
    score_like: bool
    judge: JudgeView | None
    reason: str | None
    lease_until: NotRequired[str | None]
    is_random: NotRequired[bool]
    members: NotRequired[list[Member]]
    others: NotRequired[list[Decision]]
    num_members: NotRequired[int]
    flag: NotRequired[str | None]
    edits: NotRequired[list[str]]
    mine: NotRequired[Decision | None]
    answers: NotRequired[dict[str, dict[str, Any]]]


class ItemHistory(TypedDict):
    entries: list[Decision]
    is_hidden: bool


class JobDetail(TypedDict):
    job: JobView
    log_tail: str
    traceback: str | None
    machine: NotRequired[dict[str, Any]]


class JobView(TypedDict):
    id: int
    project_id: int
    round_id: int | None
    round_number: int | None
    kind: str | None
    stage: Stage
    step: str
    status: JobStatus
    attempt: int
    executor_id: str | None
    helpers: int
    done: int
    total: int
    unit: str
    rate: float | None
    seconds: float | None
    seconds_left: float | None
    last_metrics: dict[str, Any]
    error: str | None
    is_final: bool
    is_superseded: bool
    waits_for: str
    created_by: str | None
    created_at: str
    started_at: str | None
    finished_at: str | None
    preview_id: NotRequired[int | None]


class JudgeAgreement(TypedDict):
    question_id: int
    key: str
    title: str
    kind: QuestionKind
    label: str
    first: str
    second: str
    percent: Figure
    kappa: Figure
    alpha: Figure
    left_out: dict[str, int]


class JudgeAnswerView(TypedDict):
    id: int
    sample_id: int
    question_id: int
    key: str
    judge: str
    checkpoint_id: int | None
    checkpoint: str | None
    job_id: int | None
    step: int
    value: dict[str, Any] | None
    fault: str
    raw: str
    at: str


class JudgeFigures(TypedDict):
    confusion: Confusion
    measures: list[HealthMeasure]
    judged: int
    unread: int
    unasked: int
    doubtful: int
    before: int | None
    reason: str


class JudgePair(TypedDict):
    first: int | None
    second: int | None
    agreement: Figure
    kappa: Figure


class JudgeView(TypedDict):
    score: float | None
    verdict: Verdict | None
    spread: float | None
    replies: list[Reply]


class JudgeWord(TypedDict):
    name: str
    replies: int
    unread: int
    failed: int
    failure: str
    played: int
    wins: Wins
    same_in_both_seats: Figure
    agreement: Figure
    kappa: Figure


class KeptPrompt(TypedDict):
    prompt_id: int
    prompt_set_id: int
    prompt_set: str
    num_prompts: int


class Keys(TypedDict):
    keys: dict[str, list[str]]


class LabelledRow(TypedDict):
    sample: SampleRow
    group_id: int
    prompt: str
    text: str
    is_cut: bool
    mine: Decision | None
    flag: str | None


class Leaving(TypedDict, total=False):
    held: list[int] | None
    is_gone: bool


class Leftover(TypedDict):
    path: str
    why: str
    num_bytes: int
    is_shared: NotRequired[bool]


class Line(TypedDict):
    name: str
    outcome: CheckLevel
    text: str


class Link(TypedDict):
    link: str


class Mapping(TypedDict, total=False):
    messages: str | None
    prompt: str | None
    answer: str | None
    metadata: list[str] | None
    system: str | None
    history: str | None
    context: list[str]
    choices: list[str]
    completion: str | None
    chosen: str | None
    rejected: str | None
    label: str | None
    score: str | None
    score_chosen: str | None
    score_rejected: str | None
    external_id: str | None


class Marked(TypedDict):
    sample_ids: list[int]
    verdict: Verdict
    reason: NotRequired[str]


class Me(TypedDict):
    user_id: int
    name: str
    is_owner: bool
    project_id: int | None


class MeasuredNumber(TypedDict):
    value: float
    low: float | None
    high: float | None
    n: int
    metric_id: NotRequired[int]
    way: NotRequired[str]


class Member(TypedDict):
    sample_id: int
    text: str
    finish_reason: str
    num_tokens: int
    score_like: bool
    judge: JudgeView | None
    edits: NotRequired[list[str]]
    turns: NotRequired[list[Message]]
    answers: NotRequired[dict[str, dict[str, Any]]]


class Merge(TypedDict):
    job_id: int
    checkpoint_id: int
    name: str
    status: JobStatus
    merged_id: int | None
    error: str | None


class Message(TypedDict):
    role: str
    content: str


class MetadataFacet(TypedDict):
    key: str
    kind: FacetKind
    num_prompts: int
    is_exact: bool
    choices: NotRequired[list[FacetChoice]]
    bins: NotRequired[list[HistogramBin]]
    low: NotRequired[str]
    high: NotRequired[str]


class MetricNumber(TypedDict):
    value: float | None
    low: float | None
    high: float | None
    n: int


class MetricsSection(TypedDict):
    metrics: list[ChangedMetric]
    missing: list[str]


class NamedId(TypedDict):
    id: int
    name: str


class NearDuplicateSearch(TypedDict):
    job_id: int
    status: JobStatus
    done: int
    total: int
    error: str | None
    num_marked: int | None
    num_sets: int | None
    num_left: int | None


class NewAnswer(TypedDict):
    client_id: str
    sample_id: int
    question_id: int
    value: NotRequired[dict[str, Any] | None]
    seconds: NotRequired[float | None]


class NewArena(TypedDict):
    first_id: int
    second_id: int
    number: NotRequired[int]
    judge_id: NotRequired[int | None]


class NewBench(TypedDict):
    judges: list[NewJudge]
    round_id: NotRequired[int | None]
    filters: NotRequired[Filters | None]
    number: NotRequired[int]
    seed: NotRequired[int]


class NewCheckpoint(TypedDict):
    name: str
    location: NotRequired[str]
    endpoint: NotRequired[Endpoint | None]
    role: NotRequired[str]


class NewFetch(TypedDict):
    name: str
    config: NotRequired[str]
    split: NotRequired[str]
    revision: NotRequired[str]
    num_rows: NotRequired[int]


class NewGguf(TypedDict, total=False):
    outtype: str


class NewJudge(TypedDict):
    judge: dict[str, Any]
    checkpoint_id: NotRequired[int | None]
    title: NotRequired[str]


class NewLook(TypedDict, total=False):
    trainer: dict[str, Any]
    policy_id: int | None
    reference_id: int | None


class NewMerge(TypedDict, total=False):
    name: str


class NewPerson(TypedDict):
    name: str
    role: NotRequired[Role]


class NewPreview(TypedDict, total=False):
    recipe: dict[str, Any] | str | None
    changes: dict[str, Any] | None
    policy_id: int | None
    reference_id: int | None
    judge_id: int | None
    sample_set_ids: list[int] | None
    held_out_set_ids: list[int] | None
    mix_set_ids: list[int] | None
    num_prompts: int | None
    seed: int | None
    is_reviewed: bool | None
    is_blind: bool | None
    review: dict[str, Any] | None
    roles: dict[str, int] | None
    engine: LocalEngine | None
    num_rounds: int | None
    stop_rules: list[str] | None
    parent_id: int | None
    again: int | None
    prompts: int


class NewProject(TypedDict):
    name: str
    description: NotRequired[str]


class NewPrompt(TypedDict):
    set_name: str
    messages: list[PromptTurn]
    answer: NotRequired[str]


class NewPush(TypedDict):
    repo: str
    is_private: NotRequired[bool]


class NewRecipe(TypedDict):
    title: str
    recipe: dict[str, Any]
    version: NotRequired[int | None]


class NewRewrite(TypedDict):
    reflector_id: int
    rewrites: NotRequired[int]


class NewSampleView(TypedDict):
    filters: NotRequired[ViewFilters]
    sort: NotRequired[SortKey]
    descending: NotRequired[bool]
    then: NotRequired[SortKey | None]
    then_descending: NotRequired[bool]
    columns: NotRequired[list[str] | None]
    name: str
    is_shared: NotRequired[bool]


class NewToken(TypedDict):
    name: str
    days: NotRequired[int]


class NewTrial(TypedDict):
    checkpoint_ids: list[int]
    text: str
    sampling: NotRequired[Sampling]


class NewUser(TypedDict):
    name: str
    is_owner: NotRequired[bool]


class NewVersion(TypedDict):
    name: str
    text: str


class NewWebhook(TypedDict):
    url: str
    kinds: list[NoticeKind]


class NoticeChoices(TypedDict, total=False):
    channels: dict[str, list[Channel]]
    mail: str | None


class NoticeShown(TypedDict):
    id: int
    kind: NoticeKind
    project: str
    link: str
    text: str
    at: str
    is_read: bool


class NoticesShown(TypedDict):
    items: list[NoticeShown]
    next: int | None


class Offer(TypedDict):
    round_id: int
    judge: str
    judge_id: int | None
    judge_name: str
    template: str
    seen: int
    unseen: int
    rewrites: int
    calls: int
    why_not: str
    note: NotRequired[str]
    as_of: NotRequired[str | None]


class OpenDesk(TypedDict):
    round: OpenedRound
    mode: Mode
    ahead: int
    orders: list[Order]
    guidelines: str
    advice: str
    questions: list[QuestionView]
    scores: list[int]
    scale: list[float] | None
    why: list[str]
    actions: list[DeskAction]
    shows: Shows
    progress: ReviewProgress


class OpenReview(TypedDict):
    id: int
    number: int
    undecided: int
    assigned: int


class OpenedRound(TypedDict):
    id: int
    number: int
    is_open: bool
    is_blind: bool
    counts_as_blind: bool
    has_overlap: bool
    why_closed: str
    closed_because: Literal["not_reviewed", "before_review", "over", "skipped", "ended"]
    has_chain: bool
    can_close: bool


class OpeningSection(TypedDict):
    head: Head
    asked: RecipeSection
    measured: MetricsSection
    warnings: list[Warned]
    lights: NotRequired[list[WarningView]]


class OrderedWorkers(TypedDict):
    workers: list[str]
    silent: list[str]


class PairKnobs(TypedDict, total=False):
    knobs: dict[str, Any]
    token: str


class PairPreview(TypedDict):
    round_id: int
    token: str
    samples: int
    prompts: int
    rows: int
    dropped: dict[str, int]
    length_gap: float | None
    categories: dict[str, int]
    num_categories: int
    examples: list[PairShown]
    unfit: NotRequired[str]
    is_blind: NotRequired[bool]


class PairShown(TypedDict):
    prompt_id: int
    prompt: str
    chosen_id: int
    chosen: str
    rejected_id: int
    rejected: str
    margin: float | None


class People(TypedDict):
    is_told: bool
    kinds: dict[str, int]
    people: int
    looked_at: int | None
    overridden: int | None
    share: float | None
    low: float | None
    high: float | None
    minutes: float | None
    agreement: list[Agreed]
    each: list[PersonWork]
    missing: list[str]
    target: NotRequired[str]


class Performance(TypedDict):
    round_id: int
    round_number: int
    user_id: int
    who: str
    decided: int
    minutes: float
    per_hour: float | None
    gold: Share | None
    colleagues: Share | None
    adjudicated: Share | None
    skipped: Share
    edits: int


class PersonWork(TypedDict):
    name: str
    decided: int
    overridden: int
    minutes: float


class Piece(TypedDict):
    kind: str
    text: str


class Plan(TypedDict):
    recipe: dict[str, Any]
    policy_id: int
    reference_id: int
    judge_id: NotRequired[int | None]
    sample_set_ids: NotRequired[list[int]]
    held_out_set_ids: NotRequired[list[int]]
    mix_set_ids: NotRequired[list[int]]
    num_prompts: NotRequired[int]
    seed: NotRequired[int]
    is_reviewed: NotRequired[bool]
    is_blind: NotRequired[bool]
    parent_id: NotRequired[int | None]
    review: NotRequired[dict[str, Any]]
    roles: NotRequired[dict[str, int]]
    engine: NotRequired[LocalEngine]
    num_rounds: NotRequired[int]
    stop_rules: NotRequired[list[str]]
    branch_of: NotRequired[int | None]
    branch_step: NotRequired[int | None]


class PlanEstimate(TypedDict):
    samples: int
    judge_calls: int
    tokens: int
    seconds: float | None
    seconds_at_most: NotRequired[float | None]
    warnings: NotRequired[list[str]]
    rollouts: NotRequired[int]
    is_measured: NotRequired[bool]


class Preflight(TypedDict):
    job_id: int
    project_id: int
    round_id: int | None
    dataset_id: int | None
    status: JobStatus
    error: str | None
    trainer: dict[str, Any]
    report: dict[str, Any] | None
    created_at: str


class Preset(TypedDict):
    name: str


class PreviewRow(TypedDict):
    id: int
    job_id: int | None
    status: JobStatus
    recipe: str
    num_prompts: int
    created_by: str | None
    created_at: str


class PreviewView(TypedDict):
    id: int
    project_id: int
    job_id: int | None
    status: JobStatus
    error: str | None
    done: int
    total: int
    unit: str
    plan: Plan
    num_prompts: int
    result: dict[str, Any]
    seconds: float | None
    timed: list[str]
    not_run: list[str]
    created_by: str | None
    created_at: str
    is_masked: NotRequired[bool]


class Problem(TypedDict):
    error: ErrorBody


class ProjectEdit(TypedDict, total=False):
    name: str | None
    description: str | None
    guidelines: str | None


class ProjectMember(TypedDict):
    user_id: int
    name: str
    role: Role
    is_owner: bool
    has_signed_in: bool


class ProjectState(TypedDict):
    id: int
    name: str
    slug: str
    role: Role
    num_rounds: int
    last_at: str | None
    reviews: NotRequired[list[OpenReview]]
    under_way: NotRequired[list[RoundAt]]
    failed: NotRequired[RoundAt | None]
    accuracy: NotRequired[MeasuredNumber | None]
    measured: NotRequired[RoundAt | None]
    change: NotRequired[Difference | None]
    red: NotRequired[int]
    red_round_id: NotRequired[int | None]


class ProjectView(TypedDict):
    id: int
    name: str
    slug: str
    description: str
    guidelines: str
    defaults: dict[str, Any]
    role: Role
    created_at: str


class PromptNamed(TypedDict):
    id: int
    prompt_set_id: int
    prompt_set: str
    text: str


class PromptSetView(TypedDict):
    id: int
    project_id: int
    name: str
    split: Split
    origin: str
    num_prompts: int
    created_at: str
    created_by: str | None
    num_rounds: int


class PromptTurn(TypedDict):
    role: Literal["system", "user", "assistant"]
    content: str


class PromptView(TypedDict):
    id: int
    position: int
    messages: list[Message]
    text: str
    answer: str | None
    extra: dict[str, Any]
    completions: NotRequired[list[ImportedText]]
    is_masked: NotRequired[bool]
    external_id: NotRequired[str | None]


class Push(TypedDict):
    job_id: int
    what: Literal["checkpoint", "dataset"]
    id: int
    repo: str
    hub: str
    is_private: bool
    status: JobStatus
    done: int
    total: int
    url: str | None
    commit: str | None
    error: str | None


class QuestionAgreement(TypedDict):
    question_id: int
    key: str
    title: str
    kind: QuestionKind
    label: str
    people: int
    answers: int
    percent: Figure
    alpha: Figure
    left_out: dict[str, int]


class QuestionEdit(TypedDict, total=False):
    title: str | None
    help: str | None
    options: QuestionOptions | None
    is_required: bool | None
    is_active: bool | None
    version: int | None


class QuestionOptions(TypedDict, total=False):
    highest: int
    labels: list[str]
    is_critique: bool


class QuestionOrder(TypedDict):
    ids: list[int]


class QuestionRequest(TypedDict):
    title: str
    kind: QuestionKind
    key: NotRequired[str]
    help: NotRequired[str]
    options: NotRequired[QuestionOptions]
    is_required: NotRequired[bool]


class QuestionView(TypedDict):
    id: int
    project_id: int
    key: str
    kind: QuestionKind
    title: str
    help: str
    options: QuestionOptions
    is_required: bool
    position: int
    is_active: bool
    has_answers: bool
    created_at: str
    version: NotRequired[int]


class RaterPair(TypedDict):
    criterion: Criterion
    first_id: int
    first: str
    second_id: int | None
    second: str
    percent: Figure
    cohen: Figure
    alpha: Figure


class ReadNotices(TypedDict):
    number: int


class Reason(TypedDict):
    reason: str


class RecipeEdit(TypedDict, total=False):
    title: str | None
    recipe: dict[str, Any] | None
    version: int | None


class RecipeSection(TypedDict):
    steps: list[StepAsked]
    removed: list[str]
    knobs: list[SetKnob]
    tuned: list[str]
    few_shot: list[str]
    templates: list[SentTemplate]
    roles: list[RoleAsked]
    sets: list[SetAsked]
    stages: list[StageTime]
    missing: list[str]


class RefusedAnswer(TypedDict):
    client_id: str
    status: int
    error: ErrorBody


class RefusedDecision(TypedDict):
    client_id: str
    status: int
    error: ErrorBody


class RegisteredRecipe(TypedDict):
    name: str
    title: str
    paper: str
    lines: list[list[str]]
    recipe: dict[str, Any]


class Removal(TypedDict):
    id: str
    who: str
    person: str
    at: str
    reason: str
    decisions: int
    answers: int
    is_frozen: bool
    is_undone: bool
    checkpoint_ids: list[int]
    undone_by: Role


class RemovalPreview(TypedDict):
    person: str
    decisions: int
    answers: int
    labels: list[Changed]
    datasets: list[AffectedDataset]
    checkpoints: list[AffectedCheckpoint]
    is_frozen: bool


class Renaming(TypedDict):
    name: str


class Reopening(TypedDict):
    reason: str


class Repair(TypedDict):
    job_id: int
    sample_id: int
    instruction: str
    status: JobStatus
    text: str | None
    finish_reason: str
    error: str | None
    ahead: int


class Reply(TypedDict):
    judge: str
    score: float | None
    verdict: Verdict | None
    rationale: str


class Report(TypedDict):
    opening: OpeningSection
    texts: Texts
    work: WorkSection
    judge: Health


class Restored(TypedDict):
    taken_by_others: int


class Result(TypedDict):
    first_id: int
    first: str
    second_id: int
    second: str
    people: int
    votes: int
    wins: Wins
    num_same: int
    judge: JudgeWord | None


class Retry(TypedDict, total=False):
    ids: list[int] | None


class ReviewProgress(TypedDict):
    samples: int
    decided: int
    mine: Tally
    people: list[ReviewerProgress]
    is_open: bool
    remaining: NotRequired[int]
    ends_at: NotRequired[str | None]
    has_begun: NotRequired[bool]
    quota: NotRequired[int | None]


class ReviewSettings(TypedDict, total=False):
    mode: Mode
    num_reviewers_per_item: int
    overlap_share: float
    reservation_minutes: float
    random_share: float
    gold_share: float
    pause_below: float
    pause_items: int
    cut: CutRule
    cut_rows: int
    others_visible: bool
    adjudication_blind: bool
    close_rule: CloseRule
    close_agreement: float
    close_minutes: float


class Reviewer(TypedDict):
    user_id: int
    name: str
    decided: int
    skipped: int
    late: int
    overrides: int
    seconds: float | None
    minutes: float
    last_at: str | None
    judge: Figure
    judge_kappa: Figure
    judge_random: Figure
    colleagues: Figure
    colleagues_alpha: Figure
    gold_seen: int | None
    gold_right: int | None
    left: int
    is_assigned: bool
    seconds_left: float | None


class ReviewerProgress(TypedDict):
    user_id: int
    name: str
    decided: int
    per_hour: float | None
    is_here: bool


class RewriteOutcome(TypedDict):
    template: str
    is_kept: bool
    message: str
    seen: SplitSide
    unseen: SplitSide
    gain: Estimate
    written: int
    refused: int
    calls: int
    pieces: list[Piece]
    examples: list[ChangedExample]
    note: NotRequired[str]


class RewriteRow(TypedDict):
    id: int
    round_id: int
    round_number: int
    status: JobStatus
    is_kept: bool | None
    created_at: str


class RewriteView(TypedDict):
    id: int
    project_id: int
    round_id: int
    round_number: int
    job_id: int | None
    status: JobStatus
    error: str | None
    done: int
    total: int
    judge: str
    judge_name: str
    reflector: str
    rewrites: int
    template: str
    outcome: RewriteOutcome | None
    created_by: str | None
    created_at: str


class RoleAsked(TypedDict):
    role: str
    checkpoint_id: int
    checkpoint: str
    kind: str
    note: str


class RoleEdit(TypedDict):
    role: Role


class RoundAt(TypedDict):
    id: int
    number: int
    status: RoundStatus
    stage: Stage


class RoundLink(TypedDict):
    id: int
    number: int
    is_open: bool


class RoundView(TypedDict):
    id: int
    project_id: int
    number: int
    parent_id: int | None
    status: RoundStatus
    stage: Stage
    phase: int
    step: int
    recipe: dict[str, Any]
    policy_id: int
    reference_id: int
    judge_id: int | None
    checkpoint_id: int | None
    num_prompts: int
    seed: int
    is_reviewed: bool
    is_blind: bool
    engine: LocalEngine
    review: dict[str, Any]
    counts: dict[str, Any]
    tuned: dict[str, Any]
    few_shot: dict[str, Any]
    auto: dict[str, Any]
    branch_of_id: int | None
    branch_step: int | None
    hold: dict[str, Any]
    reopened: dict[str, Any]
    archived_at: str | None
    archive: dict[str, Any]
    error: str | None
    created_at: str
    finished_at: str | None
    created_by: int | None


class RowFinding(TypedDict):
    check: str
    meaning: str
    count: int
    positions: list[int]


class RowProblem(TypedDict):
    line: int
    kind: str
    reason: str


class RowTokens(TypedDict):
    rows: int
    total: int
    longest: int
    context: int | None
    over: int
    refused: int
    reason: str


class RowsNamed(TypedDict):
    warning: WarningView
    samples: list[SampleRow]
    prompts: list[PromptNamed]


class RuleKnobs(TypedDict):
    knobs: dict[str, Any]


class RuleView(TypedDict):
    name: str
    code: str
    title: str
    about: str
    measures: str
    unit: str
    source: str
    is_below: bool
    is_never_red: bool
    advice: str
    knobs: dict[str, Any]
    defaults: dict[str, Any]


class SampleCluster(TypedDict):
    cluster: int
    size: int
    words: list[str]
    typical: list[TypicalSample]
    pass_rate: float | None
    judge_mean: float | None
    at: str | None


class SampleExport(TypedDict):
    job_id: int
    name: str
    status: JobStatus
    done: int
    total: int
    num_rows: int | None
    num_bytes: int | None
    error: str | None
    is_ready: bool
    expires_at: str | None
    project_id: int
    format: Literal["jsonl", "parquet", "csv"]


class SampleImport(TypedDict):
    job_id: int
    project_id: int
    name: str
    status: JobStatus
    done: int
    error: str | None
    result: ImportedRound | None


class SamplePage(TypedDict):
    items: list[SampleRow]
    next: NotRequired[str | None]
    count: Count


class SampleRow(TypedDict):
    id: int
    score: float | None
    verdict: Verdict | None
    source: LabelSource
    spread: float | None
    is_overridden: bool
    is_unparsed: bool
    is_flagged: bool
    kind: str
    finish_reason: str
    num_tokens: int
    prompt: str
    text: str
    step: int
    role: str
    metadata: NotRequired[dict[str, Any]]
    is_correct: NotRequired[bool | None]
    is_hidden: NotRequired[bool]
    excerpt: NotRequired[list[TextPiece]]
    prompt_excerpt: NotRequired[list[TextPiece]]
    answers: NotRequired[dict[str, Any]]
    near_duplicate_of: NotRequired[int | None]
    similarity: NotRequired[float | None]
    cluster: NotRequired[int | None]
    tags: NotRequired[list[str]]


class SampleTags(TypedDict):
    tags: list[str]
    own: list[str]


class SampleViewEdit(TypedDict, total=False):
    name: str | None
    shows: ViewContents | None
    is_shared: bool | None
    version: int | None


class Sampling(TypedDict, total=False):
    temperature: float
    top_p: float
    top_k: int
    max_tokens: int
    n: int
    seed: int | None
    stop: list[str]


class SavedView(TypedDict):
    id: int
    project_id: int
    name: str
    title: str
    recipe: dict[str, Any]
    created_by: str
    created_at: str
    updated_at: str
    version: NotRequired[int]


class ScanHit(TypedDict):
    id: int
    position: int
    kind: FindingKind
    place: str
    snippet: str
    is_fine: bool
    fine_by: str | None
    fine_reason: str


class Secret(TypedDict):
    id: int
    token: str


class SelectingRound(TypedDict):
    round_id: int
    number: int
    job_id: int | None
    branch_of_number: NotRequired[int | None]


class SelectorRequest(TypedDict):
    selector: dict[str, Any]


class SentTemplate(TypedDict):
    step: int
    knob: str
    content_hash: str
    text: str


class Series(TypedDict):
    round_id: int
    round_number: int
    job_id: int
    step: int | None
    group: SeriesGroup
    name: str
    points: list[list[int | float]]


class SetAsked(TypedDict):
    prompt_set_id: int
    name: str
    use: str
    num_prompts: int


class SetCount(TypedDict):
    id: int
    name: str
    split: Split
    num_prompts: int


class SetKnob(TypedDict):
    name: str
    value: str
    default: str | None
    differs: bool


class Settled(TypedDict):
    client_id: str
    sample_id: int
    kind: DecisionKind
    score: NotRequired[float | None]
    value: NotRequired[dict[str, Any]]
    note: NotRequired[str]


class Share(TypedDict):
    right: int
    number: int


class ShownMatch(TypedDict):
    arena_id: int
    done: int
    total: int
    token: str
    messages: list[Any]
    left: str
    right: str


class Shows(TypedDict):
    text: TextStyle
    grey_common: bool
    guidelines_open: bool


class ShowsEdit(TypedDict, total=False):
    text: TextStyle
    grey_common: bool
    guidelines_open: bool


class SimilarSample(TypedDict):
    round_id: int
    round_number: int
    sample: SampleRow


class Sort(TypedDict, total=False):
    key: SortKey
    descending: bool
    then: SortKey | None
    then_descending: bool


class SplitSide(TypedDict):
    labels: int
    prompts: int
    before: Estimate
    after: Estimate


class Spread(TypedDict):
    step: int | None
    name: str
    counted: int
    scores: list[VerdictBin]
    lengths: list[VerdictBin]
    categories: list[Category]
    missing: list[str]


class Spreads(TypedDict):
    spreads: list[Spread]
    counted: int
    total: int
    missing: list[str]
    fewest: NotRequired[int]


class StageTime(TypedDict):
    job_id: int | None
    what: str
    stage: Stage
    status: JobStatus | None
    worker: str
    host: str
    started_at: str | None
    finished_at: str | None
    seconds: float | None
    attempts: int
    error: str


class StartedDatasetExport(TypedDict):
    job_id: int


class StartedExport(TypedDict):
    job_id: int


class StartedImport(TypedDict):
    job_id: int


class StartedRepair(TypedDict):
    job_id: int


class StartedRoundJob(TypedDict):
    job_id: int


class StartedSearch(TypedDict):
    job_id: int


class StartedVectors(TypedDict):
    job_id: int


class StepAsked(TypedDict):
    number: int
    line: str
    kind: str
    part: str
    name: str
    state: str
    knobs: list[SetKnob]


class TagChange(TypedDict, total=False):
    add: list[str]
    remove: list[str]


class TagCount(TypedDict):
    tag: str
    count: int


class Tagged(TypedDict):
    number: int


class TagsOfRound(TypedDict, total=False):
    add: list[str]
    remove: list[str]
    sample_ids: list[int]
    filters: ViewFilters | None


class Tally(TypedDict, total=False):
    decided: int
    overridden: int


class TemplateView(TypedDict):
    id: int
    name: str
    version: int
    text: str
    content_hash: str
    created_at: str
    created_by: str


class TextPiece(TypedDict):
    text: str
    is_found: NotRequired[bool]


class Texts(TypedDict):
    flows: Flows
    spreads: Spreads
    extremes: list[Extreme]


class Thread(TypedDict):
    entries: list[CommentView]
    is_hidden: bool
    people: list[str]


class TokenView(TypedDict):
    id: int
    name: str
    created_at: str
    expires_at: str
    last_used_at: str | None


class TrashEntry(TypedDict):
    id: int
    name: str
    trashed_at: str
    trashed_by: str
    is_deleting: bool
    may_restore: bool
    may_delete: bool


class TrashedRound(TypedDict):
    id: int
    project_id: int
    project: str
    number: int
    recipe: str
    status: RoundStatus
    samples: int | None
    checkpoint: str
    trashed_at: str
    trashed_by: str
    is_deleting: bool
    may_restore: bool
    may_delete: bool


class TrashedSet(TypedDict):
    id: int
    project_id: int
    project: str
    name: str
    split: Split
    num_prompts: int
    trashed_at: str
    trashed_by: str
    may_restore: bool
    may_delete: bool


class TrendPoint(TypedDict):
    round_id: int
    number: int
    value: float
    low: float | None
    high: float | None
    n: int


class Trial(TypedDict):
    job_id: int
    status: JobStatus
    prompt: str
    checkpoint_ids: list[int]
    sampling: dict[str, Any]
    replies: list[TrialReply]
    error: str | None


class TrialReply(TypedDict):
    checkpoint_id: int
    checkpoint: str
    text: str
    finish_reason: str
    num_tokens: int


class TypicalSample(TypedDict):
    id: int
    text: str


class Undo(TypedDict, total=False):
    client_id: str


class UnreadNotices(TypedDict):
    number: int
    newest: int
    to_show: list[NoticeShown]


class Use(TypedDict):
    name: str
    knobs: dict[str, Any]
    lessons: NotRequired[list[dict[str, Any]]]


class UserView(TypedDict):
    id: int
    name: str
    is_owner: bool
    is_active: bool
    has_password: bool
    created_at: str


class VerdictBin(TypedDict):
    low: float
    high: float
    count: int
    accepted: NotRequired[int]
    rejected: NotRequired[int]


class Verification(TypedDict):
    is_unchanged: bool
    frozen_hash: str
    hash_now: str
    num_rows: int


class ViewContents(TypedDict, total=False):
    filters: ViewFilters
    sort: SortKey
    descending: bool
    then: SortKey | None
    then_descending: bool
    columns: list[str] | None


class ViewFilters(TypedDict, total=False):
    min_score: float | None
    max_score: float | None
    min_tokens: int | None
    max_tokens: int | None
    verdict: list[str]
    source: list[str]
    kind: list[str]
    is_overridden: bool | None
    is_unparsed: bool | None
    is_truncated: bool | None
    is_flagged: bool | None
    text: str
    prompt: str
    step: list[int]
    decided: Literal["", "me", "others", "disputed", "not_me", "nobody"]
    answer: list[str]
    metadata: list[str]
    duplicates: Literal["", "marked", "first"]
    similar: int | None
    cluster: int | None
    reviewer: int | None
    human_verdict: list[str]
    checkpoint: int | None
    judge: str
    judged_by: int | None
    tag: list[str]


class ViewOfSamples(TypedDict):
    id: int
    project_id: int
    name: str
    is_shared: bool
    is_own: bool
    created_by: str
    asked: ViewQuery
    updated_at: str
    is_readable: NotRequired[bool]
    version: NotRequired[int]


class ViewQuery(TypedDict, total=False):
    filters: Filters
    sort: Sort
    columns: list[str] | None


class VoteRequest(TypedDict):
    token: str
    choice: str
    seconds: NotRequired[float | None]


class WantedRows(TypedDict):
    sample_ids: list[int]


class Warned(TypedDict):
    level: str
    text: str
    value: float | None
    low: float | None
    high: float | None
    limit: float | None
    n: int
    href: str


class WarningView(TypedDict):
    name: str
    code: str
    title: str
    level: WarningLevel
    measures: str
    unit: str
    source: str
    value: float | None
    low: float | None
    high: float | None
    limit: float | None
    amber: float | None
    is_below: bool
    is_at_limit: bool
    more: str
    advice: str
    n: int
    counts: str
    reason: str
    stops: bool
    rows: int
    speaks_of: About
    of_checkpoint: str
    answers: AnswersNamed | None


class WebhookEdit(TypedDict, total=False):
    url: str | None
    kinds: list[NoticeKind] | None


class WebhookMade(TypedDict):
    webhook: WebhookView
    secret: str


class WebhookView(TypedDict):
    id: int
    project_id: int
    url: str
    kinds: list[str]
    is_paused: bool
    pause_reason: str
    failing_since: str | None
    created_at: str


class Which(TypedDict):
    sample_ids: list[int]


class Wins(TypedDict):
    first: int
    second: int
    ties: int
    share: float | None
    low: float | None
    high: float | None


class WorkSection(TypedDict):
    people: People
    failed: Failed
    datasets: list[DatasetCard]
    cost: Cost


class WorkerJob(TypedDict):
    job_id: int | None
    stage: Stage | None
    round_id: int | None
    round_number: int | None
    project: str
    helps: bool | None
    since: str | None


class WorkerView(TypedDict):
    id: str
    host: str
    process_id: int | None
    version: str
    queues: list[str]
    cpus: int | None
    gpus: list[str]
    is_embedded: bool
    told: WorkerOrder
    state: WorkerState
    started_at: str
    heartbeat_at: str
    work: list[WorkerJob]
