"""What the filters and the orders of a list of samples are called, and what they stand for."""

VERDICTS = [("Accept", "accept"), ("Reject", "reject"), ("Undecided", "undecided")]
SOURCES = [("Person", "person"), ("Judge", "judge"), ("Nobody", "none")]
KINDS = [("Completion", "completion"), ("Edit", "edit"), ("Import", "other")]
ONLY = [
    ("Human disagrees", "is_overridden"),
    ("Unparsed", "is_unparsed"),
    ("Truncated", "is_truncated"),
    ("Flagged", "is_flagged"),
]
DECIDED = [
    ("All", ""),
    ("Decided by me", "me"),
    ("Decided by others", "others"),
    ("Not decided by me", "not_me"),
    ("Decided by nobody", "nobody"),
    ("Reviewers disagree", "disputed"),
]
HUMAN_VERDICTS = VERDICTS[:2]
"""What somebody said, whatever the label is."""
FLAGS = tuple(name for _, name in ONLY)
SORTS = [
    ("Number, oldest first", "+id"),
    ("Number, newest first", "-id"),
    ("Score, highest first", "-score"),
    ("Score, lowest first", "+score"),
    ("Length, longest first", "-length"),
    ("Length, shortest first", "+length"),
    ("Spread of votes, widest first", "-spread"),
    ("Spread of votes, narrowest first", "+spread"),
]
CLOSEST_FIRST = [("Similarity, closest first", "+id"), *SORTS[1:]]
"""The same where similar samples are asked for: without another order these come the closest first."""
THENS = [("By number", ""), *SORTS]
"""What comes after the first key."""
DUPLICATES = [
    ("All", ""),
    ("Only near-duplicates", "marked"),
    ("The first of each", "first"),
]
