"""What the kinds of notices are called on pages."""

from backend.translations import N_
from backend.values import NoticeKind

KINDS = {
    NoticeKind.round_done: N_("Round done"),
    NoticeKind.round_failed: N_("Round failed"),
    NoticeKind.round_review: N_("Round waits for review"),
    NoticeKind.round_held: N_("Round held"),
    NoticeKind.training_done: N_("Training done"),
    NoticeKind.training_failed: N_("Training failed"),
    NoticeKind.assignment: N_("Items assigned"),
    NoticeKind.mention: N_("Mention"),
    NoticeKind.reviewer_paused: N_("Reviewer paused"),
}
