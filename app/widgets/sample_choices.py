"""What the filters and the orders of a list of samples are called, and what they stand for."""

from backend.translations import N_

VERDICTS = [(N_("Accept"), "accept"), (N_("Reject"), "reject"), (N_("Undecided"), "undecided")]
SOURCES = [(N_("Person"), "person"), (N_("Judge"), "judge"), (N_("Nobody"), "none")]
KINDS = [(N_("Completion"), "completion"), (N_("Edit"), "edit"), (N_("Import"), "other")]
ONLY = [
    (N_("Human disagrees"), "is_overridden"),
    (N_("Unparsed"), "is_unparsed"),
    (N_("Truncated"), "is_truncated"),
    (N_("Flagged"), "is_flagged"),
]
DECIDED = [
    (N_("All"), ""),
    (N_("Decided by me"), "me"),
    (N_("Decided by others"), "others"),
    (N_("Not decided by me"), "not_me"),
    (N_("Decided by nobody"), "nobody"),
    (N_("Reviewers disagree"), "disputed"),
]
HUMAN_VERDICTS = VERDICTS[:2]
"""What somebody said, whatever the label is."""
FLAGS = tuple(name for _, name in ONLY)
SORTS = [
    (N_("Number, oldest first"), "+id"),
    (N_("Number, newest first"), "-id"),
    (N_("Score, highest first"), "-score"),
    (N_("Score, lowest first"), "+score"),
    (N_("Length, longest first"), "-length"),
    (N_("Length, shortest first"), "+length"),
    (N_("Spread of votes, widest first"), "-spread"),
    (N_("Spread of votes, narrowest first"), "+spread"),
]
CLOSEST_FIRST = [(N_("Similarity, closest first"), "+id"), *SORTS[1:]]
"""The same where similar samples are asked for: without another order these come the closest first."""
THENS = [(N_("By number"), ""), *SORTS]
"""What comes after the first key."""
DUPLICATES = [
    (N_("All"), ""),
    (N_("Only near-duplicates"), "marked"),
    (N_("The first of each"), "first"),
]
