"""Parts are frozen pydantic models found by name: fields are knobs, the one method is what they do."""

import importlib
import pkgutil
import re
from importlib.metadata import entry_points
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from backend.errors import UnknownPart

PART_PACKAGES = (
    "engines",
    "prompt_sources",
    "generators",
    "judges",
    "selectors",
    "trainers",
    "schedules",
    "metrics",
    "recipes",
)


def snake_case(name: str) -> str:
    """`BestVersusWorst` -> `best_versus_worst`, `DPO` -> `dpo`, `PassAtK` -> `pass_at_k`, `OpenAI` -> `openai`."""
    name = name.replace("OpenAI", "Openai")
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


class Part(BaseModel):
    """Base of every registered part. Subclass a kind (`Judge`, `Selector`, ...), not this."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ClassVar[str]
    name: ClassVar[str | None] = None
    registry: ClassVar[dict[str, type["Part"]]]

    def __init_subclass__(cls, kind: str | None = None, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if kind is not None:  # class Judge(Part, kind="judge")
            cls.kind, cls.registry = kind, {}
        elif not abstract:  # class MajorityVote(Judge)
            cls.name = snake_case(cls.__name__)
            cls.registry[cls.name] = cls

    @classmethod
    def load(cls, value: Any) -> Any:
        """Rebuild a part from `{"name": ..., **fields}`; pass a ready part through."""
        if not isinstance(value, dict):
            return value
        import_all()
        fields = dict(value)
        name = fields.pop("name", None)
        if name not in cls.registry:
            raise UnknownPart(kind=cls.kind, name=name, known=sorted(cls.registry))
        return cls.registry[name](**fields)

    def dump(self) -> dict[str, Any]:
        return {"name": self.name, **self.model_dump(mode="json")}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """A field typed with a kind accepts and writes any part of that kind."""
        if cls.name is not None:
            return handler(source)
        return core_schema.no_info_before_validator_function(
            cls.load,
            core_schema.is_instance_schema(cls),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda part: part.dump()),
        )


_imported = False


def import_all() -> None:
    """Import every part and recipe module, and those of other packages' entry points `rondo.parts`."""
    global _imported
    if _imported:
        return
    _imported = True
    for package_name in PART_PACKAGES:
        package = importlib.import_module(f"backend.{package_name}")
        for module in pkgutil.iter_modules(package.__path__):
            if not module.name.startswith("_"):
                importlib.import_module(f"backend.{package_name}.{module.name}")
    for entry_point in entry_points(group="rondo.parts"):
        entry_point.load()
