"""The JSON Schema of the pipeline file, for editors."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from tasks.model.pipeline import Pipeline
from tasks.model.tables import RESERVED_NAMES, RESERVED_PREFIXES, WORKER_ATTRIBUTES

OWN_NAME = r"[a-z][a-z0-9_]*"
"""How a pipeline may name a column that is no standard attribute."""


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the pipeline file, for editors.

    Where the file wants text, the schema takes numbers and booleans too: an editor types ``who: 1042`` before it
    looks, while this program reads text.
    """
    made = Pipeline.model_json_schema(by_alias=True, schema_generator=_Untitled)
    either = {"anyOf": [{"type": "string", "minLength": 1}, {"$ref": "#/$defs/Column"}]}
    made["$defs"]["Source"]["properties"]["columns"] |= {
        "properties": {name: {"description": text, **either} for name, text in WORKER_ATTRIBUTES.items()},
        "propertyNames": {
            "pattern": f"^{OWN_NAME}$",
            "not": {"anyOf": [{"enum": sorted(RESERVED_NAMES)}, {"pattern": f"^({'|'.join(RESERVED_PREFIXES)})"}]},
        },
        "additionalProperties": either,
        "required": ["user_name"],
    }
    made["properties"]["correlate"] |= {"minItems": 1, "prefixItems": [{"const": "link"}]}
    _take_untyped_text(made)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "Rosterflow pipeline"}


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
