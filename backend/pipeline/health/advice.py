"""What helps where a measure of the judge is beyond its limit."""

from backend.translations import N_

ADVICE = {
    "kappa": N_("Rewrite the judge’s template from people’s labels, or try other judges on the judge bench."),
    "precision": N_("Raise the threshold of what is accepted, or rewrite the judge’s template from people’s labels."),
    "recall": N_("Lower the threshold of what is accepted, or rewrite the judge’s template from people’s labels."),
    "order": N_("Try other judges on the judge bench: one that compares two texts, or one with several votes."),
    "calibration": N_(
        "Rewrite the judge’s template from people’s labels; until then its order says more than its scores."
    ),
    "saturation": N_("Ask in the template for more steps of the scale, or take harder or easier prompts."),
    "ties": N_(
        "Raise the samples a prompt or their temperature, give the judge several votes or a finer scale, or train on "
        "single texts."
    ),
    "unparsed": N_("Give the judge more tokens for its reply, and say in the template how the verdict is written."),
    "noise": N_("Raise the judge’s votes, or lower its temperature."),
    "flips": N_("Say in the template that the order of the texts counts for nothing, or try another judge."),
    "position": N_("Say in the template that the order of the texts counts for nothing, or try another judge."),
    "length": N_("Say in the template that length counts for nothing, or set a length penalty on the page Pairs."),
    "self_preference": N_("Let another model judge, or another checkpoint than the one that wrote the texts."),
}
"""By the measure's name; each that has a limit."""
