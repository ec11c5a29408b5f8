"""Parts are frozen pydantic models found by name: fields are knobs, the one method is what they do."""

import importlib
import logging
import pkgutil
import re
import threading
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from backend.errors import UnknownPart

log = logging.getLogger("rondo.registry")

PART_PACKAGES = (
    "engines",
    "environments",
    "prompt_sources",
    "generators",
    "judges",
    "selectors",
    "mixers",
    "trainers",
    "schedules",
    "metrics",
    "exporters",
    "warning_rules",
    "recipes",
)


_catalogues: list[dict[str, Any]] = []


def catalogue() -> dict[str, Any]:
    """A new, empty mapping of names to what is registered; a package that cannot be loaded leaves nothing in it."""
    catalogue_: dict[str, Any] = {}
    _catalogues.append(catalogue_)
    return catalogue_


def snake_case(name: str) -> str:
    """`BestVersusWorst` -> `best_versus_worst`, `DPO` -> `dpo`, `PassAtK` -> `pass_at_k`, `OpenAI` -> `openai`."""
    name = name.replace("OpenAI", "Openai")
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


class Part(BaseModel):
    """Base of every registered part. Subclass a kind (`Judge`, `Selector`, ...), not this."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ClassVar[str]
    package: ClassVar[str]
    name: ClassVar[str | None] = None
    registry: ClassVar[dict[str, type["Part"]]]

    def __init_subclass__(cls, kind: str | None = None, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if kind is not None:  # class Judge(Part, kind="judge")
            cls.kind, cls.package, cls.registry = kind, cls.__module__, catalogue()
        elif not abstract:  # class MajorityVote(Judge)
            cls.name = snake_case(cls.__name__)
            cls.registry[cls.name] = cls

    @classmethod
    def load(cls, value: Any) -> Any:
        """Rebuild a part from `{"name": ..., **fields}`, or its name alone; pass a ready part through."""
        if isinstance(value, str):
            value = {"name": value}
        if not isinstance(value, dict):
            return value
        fields = dict(value)
        return cls.named(fields.pop("name", None))(**fields)

    @classmethod
    def named(cls, name: object) -> type["Part"]:
        """Return the part of this kind that has the name; raises `UnknownPart`."""
        if isinstance(name, str):
            _import_named(cls.package, name)
            if name in cls.registry:
                return cls.registry[name]
        import_all()
        if isinstance(name, str) and name in cls.registry:
            return cls.registry[name]
        raise UnknownPart(kind=cls.kind, name=name, known=sorted(cls.registry), left_out=left_out())

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


_lock = threading.RLock()
_is_filled = _is_filling = False
_left_out: dict[str, str] = {}


def import_all() -> None:
    """Import every part and recipe module, and those of other packages' entry points `rondo.parts`.

    Who asks while another thread imports waits until everything is there. A package of others that cannot be loaded
    is left out, see `left_out`; one of our own raises, and is tried again at the next call.
    """
    global _is_filled, _is_filling
    if _is_filled:
        return
    with _lock:
        if _is_filled or _is_filling:  # the latter: a module that is being imported asks for a part
            return
        _is_filling = True
        try:
            _import_own()
            for entry_point in entry_points(group="rondo.parts"):
                _import(entry_point)
            _is_filled = True
        finally:
            _is_filling = False


def _import_named(package: str, name: str) -> None:
    """Import the file of one of our own parts, which is called as the part is; nothing where there is none.

    A training needs a handful of parts: all of them take a second to import. The file is imported even where the part
    is registered already, because another thread may still be in the middle of it.
    """
    if _is_filled or not name.isidentifier() or name.startswith("_"):
        return
    file = f"{package}.{name}"
    try:
        importlib.import_module(file)
    except ModuleNotFoundError as error:
        if error.name != file:
            raise


def left_out() -> tuple[str, ...]:
    """What to say of each package that could not be loaded."""
    return tuple(_left_out.values())


def _import_own() -> None:
    for package_name in PART_PACKAGES:
        package = importlib.import_module(f"backend.{package_name}")
        for module in pkgutil.iter_modules(package.__path__):
            if not module.name.startswith("_"):
                importlib.import_module(f"backend.{package_name}.{module.name}")


def _import(entry_point: EntryPoint) -> None:
    """Load what another package adds: all of it, or nothing where that fails or replaces what is there."""
    before = [dict(catalogue) for catalogue in _catalogues]
    try:
        entry_point.load()
        both = zip(before, _catalogues, strict=False)
        taken = [name for old, new in both for name in old if new.get(name) is not old[name]]
        if taken:
            raise ImportError(f"it registers {', '.join(taken)}, which is there already; it has to take other names")
    except (Exception, SystemExit) as error:
        for old, new in zip(before, _catalogues, strict=False):
            new.update(old)
            for name in new.keys() - old.keys():  # never empty: others look in it meanwhile
                del new[name]
        del _catalogues[len(before) :]
        reason = next(iter(str(error).strip().splitlines()), "no reason given")
        package = entry_point.dist.name if entry_point.dist else entry_point.value
        _left_out[f"{package} {entry_point.name}"] = message = (
            f"The package {package} (entry point {entry_point.name}) could not be loaded, and its parts are left out: "
            f"{type(error).__name__}: {reason}. Correct or remove it, then start Rondo again."
        )
        log.error("%s", message, exc_info=error)
