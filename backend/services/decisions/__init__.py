"""Decisions: acts, the rows they become, the slots they keep and the labels that follow. `reviews` writes them."""

from backend.services.decisions.acts import Act, ActPlace, Unread
from backend.services.decisions.decision import Decision, WrittenDecision
from backend.services.decisions.locks import lock_round

__all__ = ["Act", "ActPlace", "Decision", "Unread", "WrittenDecision", "lock_round"]
