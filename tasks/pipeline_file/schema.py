"""The JSON Schema of the pipeline file, for editors."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from tasks.model.pipeline import Pipeline
from tasks.model.profiles import profile_names
from tasks.model.tables import RESERVED_NAMES, RESERVED_PREFIXES, WORKER_ATTRIBUTES
from tasks.model.transforms import DECLARED

OWN_NAME = r"[a-z][a-z0-9_]*"
"""How a pipeline may name a column that is no standard attribute."""
WITH_PROFILE = {"properties": {"profile": {"type": "string"}}, "required": ["profile"]}


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the pipeline file, for editors.

    Where the file wants text, the schema takes numbers and booleans too: an editor types ``who: 1042`` before it
    looks, while this program reads text.
    """
    made = Pipeline.model_json_schema(by_alias=True, schema_generator=_Untitled)
    made["$defs"]["Source"] |= _columns(made["$defs"]["Source"])
    made["$defs"]["Column"]["properties"]["do"]["items"] = {
        "anyOf": [
            {"enum": [name for name, kind in DECLARED.items() if not kind.example]},
            {"$ref": "#/$defs/Transform"},
        ]
    }
    made["$defs"]["Transform"] |= _transforms(made["$defs"])
    # A list alone needs addresses. Of several, one may add to the people of another: only the program can tell.
    columns = {"if": {"type": "object"}, "then": {"required": ["user_name"]}}
    told = {"anyOf": [WITH_PROFILE, {"required": ["lacks"]}]}
    addresses = {"if": {"not": told}, "then": {"properties": {"columns": columns}}}
    made["properties"]["sources"] |= {"if": {"maxItems": 1}, "then": {"items": addresses}}
    made["properties"]["correlate"] |= {"minItems": 1, "prefixItems": [{"const": "link"}]}
    _take_untyped_text(made)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "Rosterflow pipeline"}


def _columns(source: dict[str, Any]) -> dict[str, Any]:
    """Return what the schema of a source says of its columns: a profile's name, or columns, which need an address
    where no profile has one."""
    either = {"anyOf": [{"type": "string", "minLength": 1}, {"$ref": "#/$defs/Column"}, {"type": "null"}]}
    mapping = {
        "type": "object",
        "properties": {name: {"description": text, **either} for name, text in WORKER_ATTRIBUTES.items()},
        "propertyNames": {
            "pattern": f"^{OWN_NAME}$",
            "not": {"anyOf": [{"enum": sorted(RESERVED_NAMES)}, {"pattern": f"^({'|'.join(RESERVED_PREFIXES)})"}]},
        },
        "additionalProperties": either,
    }
    profiles = {"enum": list(profile_names())}
    return {
        "properties": source["properties"]
        | {
            "profile": {"anyOf": [profiles, {"type": "null"}], "default": None},
            "columns": {"anyOf": [profiles, mapping]},
        },
        "required": [key for key in source["required"] if key != "columns"],
        "if": {"not": WITH_PROFILE},
        "then": {"required": ["columns"]},
    }


def _transforms(definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the forms in which an entry of ``do`` is written: one key, with the transform's fields or a bare value."""
    properties = {}
    for name, kind in DECLARED.items():
        whole: dict[str, Any] = {"$ref": f"#/$defs/{kind.__name__}"}
        if name == "map":
            whole = {"type": "object", "additionalProperties": {"type": "string"}}
        elif name == "boolean":
            whole = {"anyOf": [{"enum": ["active", "inactive"]}, whole]}
        elif kind.short is not None:
            whole = {"anyOf": [definitions[kind.__name__]["properties"][kind.short], whole]}
        elif not kind.example:
            whole = {"anyOf": [{"type": "null"}, whole]}
        properties[name] = whole
    return {"properties": properties, "minProperties": 1, "maxProperties": 1}


class _Untitled(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  (pydantic's signature)
        return False


def _take_untyped_text(part: Any) -> None:
    if isinstance(part, list):
        for item in part:
            _take_untyped_text(item)
    elif isinstance(part, dict):
        for item in part.values():
            _take_untyped_text(item)
        if part.get("const") == "1":
            part.pop("const")
            part.pop("type", None)
            part["enum"] = ["1", 1]
        elif part.get("type") == "string" and not part.keys() & {"const", "enum", "format"}:
            part["type"] = ["string", "number", "boolean"]
