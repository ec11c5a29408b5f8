"""Keep one of several rows that say the same."""

from collections import Counter
from collections.abc import Iterable, Sequence

from pydantic import Field

from backend.likeness import Pool, words
from backend.mixers import Mixer, text_of
from backend.sameness import normal
from backend.values import Group, Mixture, Past, TrainingRow

Numbers = tuple[str, ...]


class Deduplicate(Mixer):
    """Keep the first of the rows with the same prompt and texts; blanks, case and spelling (NFKC) do not count.

    With `alike` below 1 nearly equal rows go, too: those whose words, prompt and texts together, have a ROUGE-L of at
    least that with a row that is kept. Rows with other numbers are never nearly equal: they ask or answer something
    else.
    """

    alike: float = Field(
        1.0, gt=0, le=1, description="lowest ROUGE-L that makes two rows nearly equal; 1: only equal ones are dropped"
    )

    def mix(self, rows: Sequence[TrainingRow], groups: Iterable[Group], past: Past, *, seed: int) -> Mixture:
        seen, pools = set[tuple[str, bool | None]](), dict[Numbers, Pool]()
        kept, dropped = list[TrainingRow](), Counter[str]()
        for row in rows:
            text = text_of(row)
            key = (normal(text), row.example.label)
            if key in seen:
                dropped["duplicate row"] += 1
            elif self.alike < 1 and not self._is_new(text, pools):
                dropped["nearly the same row"] += 1
            else:
                seen.add(key)
                kept.append(row)
        return Mixture(kept, dict(dropped))

    def _is_new(self, text: str, pools: dict[Numbers, Pool]) -> bool:
        """Whether no row so far is nearly equal; takes it in if so."""
        text_words = words(text)
        pool = pools.setdefault(tuple(sorted(word for word in text_words if word.isdecimal())), Pool(self.alike))
        if pool.closest(text_words):
            return False
        pool.add(text_words)
        return True
