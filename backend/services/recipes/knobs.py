"""The knobs of parts, as a form draws them: type, bounds, default, label and help of each."""

import types
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from backend.registry import Part
from backend.services.recipes.knob_labels import label_of


class KnobType(StrEnum):
    """How a knob is typed in. `strings` and `floats` are tuples, `part` and `parts` other parts, `json` the rest."""

    integer = "int"
    number = "float"
    boolean = "bool"
    string = "str"
    text = "text"
    choice = "choice"
    strings = "strings"
    floats = "floats"
    part = "part"
    parts = "parts"
    json = "json"


@dataclass(frozen=True)
class Knob:
    """One field of a part. `bounds` says in words what numbers are allowed; `kind` is set for nested parts. `label`:
    what a form calls it; `section`: what it folds it under, with others."""

    name: str
    type: KnobType
    default: Any
    description: str = ""
    bounds: str = ""
    choices: tuple[str, ...] = ()
    is_optional: bool = False
    is_required: bool = False
    kind: str = ""
    label: str = ""
    section: str = ""


def knobs_of(model: type[BaseModel], *, only: Collection[str] = (), called: str = "") -> list[Knob]:
    """Describe the fields of a part, or of any pydantic model: all, or those of these names. `called`: the part's."""
    return [knob_of(name, field, called) for name, field in model.model_fields.items() if not only or name in only]


def knob_of(name: str, field: FieldInfo, part: str) -> Knob:
    """Describe one field. `part`: the name of the part that has it."""
    type_, optional, choices, kind = _type_of(field.annotation)
    default = field.get_default(call_default_factory=True)
    if type_ is KnobType.string and (name.endswith("template") or "\n" in str(default)):
        type_ = KnobType.text
    return Knob(
        name=name,
        type=type_,
        default=as_json(default),
        description=field.description or "",
        bounds=_bounds(field.metadata),
        choices=choices,
        is_optional=optional,
        is_required=default is PydanticUndefined,
        kind=kind,
        label=label_of(name, part, field.title or ""),
        section=str(extra.get("section", "")) if isinstance(extra := field.json_schema_extra, dict) else "",
    )


def _type_of(annotation: Any) -> tuple[KnobType, bool, tuple[str, ...], str]:
    """Return type, whether None is allowed, choices, and the kind of a nested part."""
    optional = False
    if get_origin(annotation) in (Union, types.UnionType):
        members = [member for member in get_args(annotation) if member is not types.NoneType]
        optional = len(members) < len(get_args(annotation))
        if len(members) > 1:
            return KnobType.json, optional, (), ""
        annotation = members[0]
    if get_origin(annotation) is Literal:
        return KnobType.choice, optional, tuple(str(choice) for choice in get_args(annotation)), ""
    if get_origin(annotation) is tuple:
        inner, _, choices, kind = _type_of(get_args(annotation)[0])
        return _tuple_type(inner), optional, choices, kind
    if not isinstance(annotation, type):
        return KnobType.json, optional, (), ""
    if issubclass(annotation, StrEnum):
        return KnobType.choice, optional, tuple(member.value for member in annotation), ""
    if issubclass(annotation, Part):
        return KnobType.part, optional, (), annotation.kind.replace(" ", "_")
    plain = {bool: KnobType.boolean, int: KnobType.integer, float: KnobType.number, str: KnobType.string}
    return plain.get(annotation, KnobType.json), optional, (), ""


def _tuple_type(inner: KnobType) -> KnobType:
    whole = {
        KnobType.string: KnobType.strings,
        KnobType.choice: KnobType.strings,
        KnobType.number: KnobType.floats,
        KnobType.integer: KnobType.floats,
        KnobType.part: KnobType.parts,
    }
    return whole.get(inner, KnobType.json)


def _bounds(metadata: Iterable[Any]) -> str:
    words = []
    for limit in metadata:
        match limit:
            case Ge(ge):
                words.append(f"at least {ge}")
            case Gt(gt):
                words.append(f"more than {gt}")
            case Le(le):
                words.append(f"at most {le}")
            case Lt(lt):
                words.append(f"less than {lt}")
    return ", ".join(words)


def as_json(value: Any) -> Any:
    if value is PydanticUndefined:
        return None
    if isinstance(value, Part):
        return value.dump()
    if isinstance(value, tuple | list):
        return [as_json(item) for item in value]
    return value.value if isinstance(value, StrEnum) else value


def first_line(doc: str | None) -> str:
    return (doc or "").strip().split("\n")[0]
