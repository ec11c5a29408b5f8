"""The base of all trainers through TRL."""

from backend.trainers import TrainSpec
from backend.trainers._knobs import TRLKnobs
from backend.trainers._run import preflight, run


class TRLTrainer(TRLKnobs, abstract=True):
    """A trainer that builds one of TRL's and runs it in the training's own process."""

    def main(self, spec: TrainSpec) -> None:
        run(self, spec)

    def preflight(self, spec: TrainSpec) -> None:
        preflight(self, spec)
