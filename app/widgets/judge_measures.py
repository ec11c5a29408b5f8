"""What the measures of a judge's health are called, for the catalogue: the pipeline names them, pages show them."""

from backend.translations import N_

TITLES = (
    N_("Scores at one end of the scale"),
    N_("Tied pairs"),
    N_("Texts without a verdict in any reply"),
    N_("Mean spread of its votes"),
    N_("Pairs nearer than its votes are"),
    N_("Pairs whose winner changes with the seats"),
    N_("Won by the text shown first"),
    N_("Rank correlation of score and length among equals in people’s verdict"),
    N_("Advantage of its own texts over others’, beyond people’s"),
    N_("Pairs ordered as people do"),
    N_("Expected calibration error"),
    N_("Cohen’s kappa with people, verdicts"),
    N_("Krippendorff’s alpha with people, verdicts"),
    N_("Krippendorff’s alpha with people, scores"),
    N_("Precision at the cut"),
    N_("Recall at the cut"),
)
