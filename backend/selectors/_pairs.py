"""What selectors of pairs share; it stands in `backend.selectors`, for selectors of other packages, too."""

from backend.selectors import Pair, is_same_text, pair_of, rank

__all__ = ["Pair", "is_same_text", "pair_of", "rank"]
