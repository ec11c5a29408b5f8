"""What the kinds of notices are called on pages."""

from backend.values import NoticeKind

KINDS = {
    NoticeKind.round_done: "Round done",
    NoticeKind.round_failed: "Round failed",
    NoticeKind.round_review: "Round waits for review",
    NoticeKind.round_held: "Round held",
    NoticeKind.training_done: "Training done",
    NoticeKind.training_failed: "Training failed",
    NoticeKind.assignment: "Items assigned",
    NoticeKind.mention: "Mention",
    NoticeKind.reviewer_paused: "Reviewer paused",
}
