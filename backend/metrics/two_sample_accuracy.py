"""Whether the texts that a model writes can be told from those of the data."""

import numpy
from pydantic import Field

from backend.metrics import Evidence, Metric
from backend.metrics._intervals import shares
from backend.values import MetricValue
from backend.word_vectors import Vectors, counted


class TwoSampleAccuracy(Metric):
    """The 1-nearest-neighbour two-sample test between the first sample and the known answer of each prompt.

    Each text is taken for one of the origin of the text nearest to it, by the cosine of word counts; the accuracy is
    the share that is right, so that 1 means told apart, and 0.5 or less means not (Lopez-Paz and Oquab 2017, arXiv
    1610.06545, with the nearest neighbour for classifier, left out one by one). Of several nearest ones each counts
    its share. Texts of one prompt share its words, so that the number may fall below 0.5. Wilson's interval.
    """

    most: int = Field(500, ge=2, le=5000, description="prompts that are compared, the first ones")

    def compute(self, evidence: Evidence) -> list[MetricValue]:
        known = [group for group in evidence.round_groups if group.prompt.answer is not None and group.samples][
            : self.most
        ]
        if len(known) < 2:
            return [MetricValue("two_sample_accuracy", None, n=len(known))]
        own = [group.samples[0].text for group in known]
        data = [group.prompt.answer or "" for group in known]
        right = nearest_of_own_kind(numpy.stack([counted(text) for text in (*own, *data)]), len(own))
        value, low, high = shares(right)
        return [MetricValue("two_sample_accuracy", value, low, high, len(right), {"prompts": len(known)})]


def nearest_of_own_kind(vectors: Vectors, first: int) -> list[float]:
    """Return for each vector the share of those nearest to it that are of its kind; the first so many are one kind."""
    matches = []
    for place, vector in enumerate(vectors):
        near = numpy.round(vectors @ vector, 5)
        near[place] = -2  # a text is not its own neighbour
        nearest = numpy.flatnonzero(near == near.max())
        matches.append(float(((nearest < first) == (place < first)).mean()))
    return matches
