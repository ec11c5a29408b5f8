"""What the measures of a judge's health are called and of what they are, for the catalogue: the pipeline names them,
pages show them."""

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
ROWS = (
    *(N_("judged texts"), N_("texts with a score"), N_("texts with several votes")),
    *(N_("pairs of texts of one prompt"), N_("pairs of texts of one prompt with several votes")),
    *(N_("pairs with a winner in both orders"), N_("comparisons with a winner"), N_("pairs that people ordered")),
    N_("blind decisions at random and gold items"),
    N_("blind decisions, weighed by how the queue took them, and gold items"),
    *(N_("texts that people scored"), N_("texts that it accepts and people decided"), N_("texts that people accept")),
    N_("samples that people and the judge answered"),
)
