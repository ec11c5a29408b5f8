"""Options by which `rondo round launch` and `rondo round preview` are told what to run."""

from typing import Annotated

import typer

Recipe = Annotated[
    str | None, typer.Option(help="Name of a recipe (`rondo recipes`), or a file of YAML. [default: as before]")
]
Knobs = Annotated[
    list[str] | None,
    typer.Option("--set", help="A knob, as STEP.KNOB=VALUE, or a field of the recipe; may be given several times."),
]
Samples = Annotated[int | None, typer.Option(min=1, help="How many samples of each prompt.")]
PromptSets = Annotated[
    list[str] | None, typer.Option(help="Set to sample from, by name or id; may be given several times.")
]
Policy = Annotated[str | None, typer.Option(help="Checkpoint that answers, by name or id.")]
Judge = Annotated[str | None, typer.Option(help="Checkpoint that judges; `policy`: it judges itself.")]
