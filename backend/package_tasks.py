"""What tasks of optional packages share: the metadata of a prompt names one, and the package may be missing."""

import importlib.util
from dataclasses import asdict, dataclass
from typing import ClassVar, Self, get_origin, get_type_hints

from backend.errors import MissingPrerequisite
from backend.values import JSON


@dataclass(frozen=True)
class PackageTask:
    """The place of a task: what a package needs to make or find it again. A subclass is a frozen dataclass."""

    key: ClassVar[str]
    """Where the metadata of a prompt holds it."""

    @classmethod
    def of(cls, metadata: JSON) -> Self | None:
        """Read it from the metadata of a prompt; None where that names no task."""
        fields = metadata.get(cls.key)
        if not isinstance(fields, dict):
            return None
        try:
            task = cls(**fields)
        except TypeError:
            return None
        kinds = get_type_hints(cls)
        whole = (type(value) is (get_origin(kinds[name]) or kinds[name]) for name, value in asdict(task).items())
        return task if all(whole) else None

    def to_metadata(self) -> JSON:
        return {self.key: asdict(self)}


def check_installed(package: str, module: str, extra: str) -> None:
    """Raise `MissingPrerequisite` where an optional package is not installed; `extra` is what brings it."""
    if importlib.util.find_spec(module) is None:
        raise MissingPrerequisite(f"{package} is not installed. Run `pip install rondo[{extra}]`.")
