"""Decisions: acts, the rows they become, the slots they keep and the labels that follow. `reviews` writes them."""

from backend.services.decisions.acts import Act, ActPlace, Unread
from backend.services.decisions.decision import Decision, Written
from backend.services.decisions.locks import lock_round

__all__ = ["Act", "ActPlace", "Decision", "Unread", "Written", "lock_round"]
