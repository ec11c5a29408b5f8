"""What trainers share that train no weights: they write how weights are to be used, in `final/engine.json`."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from backend.errors import InvalidInput
from backend.trainers import Trainer, TrainSpec, _folders, final_folder
from backend.trainers._identity import deciding, portable
from backend.values import JSON

ENGINE_FILE = "engine.json"


@dataclass(frozen=True)
class WrittenWrapper:
    """The name and the knobs of a wrapper, without the engine inside, and what is to be counted of making it."""

    name: str
    knobs: JSON
    counts: dict[str, int] = field(default_factory=dict)


class EngineTrainer(Trainer, abstract=True):
    """Makes a wrapper around the engine of its start. Its weights may be those of an endpoint."""

    makes: ClassVar[Literal["policy", "scorer", "engine"]] = "engine"

    def write(self, rows: Sequence[JSON], start: JSON) -> WrittenWrapper:
        """Return the wrapper. rows: of the dataset, in order; start: the JSON of the engine that it is put around."""
        raise NotImplementedError

    def main(self, spec: TrainSpec) -> None:
        """Write `final/`. It appears whole or not at all, and the same spec and rows give the same."""
        output = Path(spec.output_dir)
        rows = _read(spec.dataset)
        identity, anywhere = _identify(deciding(spec), rows), _identify(portable(deciding(spec)), rows)
        if _folders.is_finished(output, identity, anywhere):
            return
        artefact = self.write(rows, spec.engines[self.start])
        folder = _folders.unfinished(output)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        record: dict[str, Any] = {"identity": identity, _folders.ANYWHERE: anywhere}
        record |= {"spec": spec.to_json(), "seed": spec.seed, "counts": artefact.counts}
        for file, content in ((ENGINE_FILE, {"name": artefact.name, "knobs": artefact.knobs}), ("train.json", record)):
            (folder / file).write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")
        _folders.sync(folder)
        folder.rename(final_folder(str(output)))


def _read(dataset: str) -> list[JSON]:
    """The rows of a dataset; none where there is none."""
    if not dataset:
        return []
    file = Path(dataset)
    if not file.is_file():
        raise InvalidInput(f"The dataset {file} is not there. Freeze the dataset again.")
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _identify(decides: JSON, rows: Sequence[JSON]) -> str:
    """Hash what decides the result: the spec as far as it does, and the rows."""
    return hashlib.sha256(json.dumps([decides, rows], sort_keys=True).encode()).hexdigest()
