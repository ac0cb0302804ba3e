"""PATCH of SCIM 2.0: a list of operations, applied to a resource (RFC 7644 §3.5.2)."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from tasks.sandbox.scim2_filters import Path, key_in, parse_path
from tasks.sandbox.scim_refusals import ScimRefusal

READ_ONLY = frozenset({"id", "meta", "groups", "schemas"})


def applied(resource: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """Return *resource* as it is after the operations in *body*; the resource that was given stays as it is.

    Names of operations are read in any case, and a removal may name its values in ``value``: Entra ID sends both.
    Raises a refusal (400).
    """
    changed = deepcopy(resource)
    for operation in operations_of(body):
        verb = str(operation.get("op", "")).lower()
        if verb not in {"add", "replace", "remove"}:
            raise _refused("An operation is add, replace or remove", "invalidSyntax")
        for path, value in _targets(verb, operation):
            _apply(changed, verb, path, value)
    return changed


def operations_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the operations in a body. Raises a refusal (400)."""
    listed = body.get(key_in(body, "Operations"))
    if not isinstance(listed, list) or not listed or not all(isinstance(item, dict) for item in listed):
        raise _refused("Operations are missing", "invalidSyntax")
    return [{key.lower(): value for key, value in item.items()} for item in listed]


def _targets(verb: str, operation: dict[str, Any]) -> Iterator[tuple[Path, Any]]:
    """Return the places of one operation with their values; without a path, each attribute of the value is one."""
    path, value = operation.get("path"), operation.get("value")
    if path is not None and not isinstance(path, str):
        raise _refused("path is text", "invalidPath")
    if verb != "remove" and "value" not in operation:
        raise _refused("value is missing", "invalidValue")
    if path:
        yield parse_path(path), value
    elif verb == "remove":
        raise _refused("path is missing", "noTarget")
    elif isinstance(value, dict):
        for name, one in value.items():
            if name.lower() != "schemas":
                yield parse_path(name), one
    else:
        raise _refused("value is no resource", "invalidValue")


def _apply(resource: dict[str, Any], verb: str, path: Path, value: Any) -> None:
    attribute, holder = path.attribute, resource
    if attribute.name.lower() in READ_ONLY:
        raise _refused(f"{attribute.name} is read only", "mutability")
    if attribute.schema is not None:
        schema = key_in(resource, attribute.schema)
        if schema in resource or schema.lower().find(":extension:") >= 0:
            holder = resource.setdefault(schema, {})
        if not isinstance(holder, dict):
            raise _refused(f"{schema} has no parts", "invalidPath")
    name = key_in(holder, attribute.name)
    if path.chosen is not None:
        _apply_to_chosen(holder, name, verb, path, value)
    elif attribute.part is not None:
        _apply_to_part(holder, name, verb, attribute.part, value)
    elif verb == "remove":
        _remove(holder, name, value)
    else:
        _put(holder, name, verb, value)


def _put(holder: dict[str, Any], name: str, verb: str, value: Any) -> None:
    held = holder.get(name)
    if isinstance(held, dict) and isinstance(value, dict):  # the parts that are not named stay
        for part, one in value.items():
            held[key_in(held, part)] = one
    elif isinstance(held, list):
        listed = value if isinstance(value, list) else [value]
        holder[name] = [*held, *(item for item in listed if item not in held)] if verb == "add" else listed
    else:
        holder[name] = value


def _remove(holder: dict[str, Any], name: str, value: Any) -> None:
    held = holder.get(name)
    if isinstance(held, list) and value is not None:
        gone = [_value_of(item) for item in (value if isinstance(value, list) else [value])]
        holder[name] = [item for item in held if _value_of(item) not in gone]
    else:
        holder.pop(name, None)


def _value_of(item: Any) -> Any:
    return item.get("value") if isinstance(item, dict) else item


def _apply_to_part(holder: dict[str, Any], name: str, verb: str, part: str, value: Any) -> None:
    inner = holder.setdefault(name, {})
    for one in inner if isinstance(inner, list) else [inner]:
        if not isinstance(one, dict):
            raise _refused(f"{name} has no parts", "invalidPath")
        if verb == "remove":
            one.pop(key_in(one, part), None)
        else:
            one[key_in(one, part)] = value


def _apply_to_chosen(holder: dict[str, Any], name: str, verb: str, path: Path, value: Any) -> None:
    held = holder.get(name)
    items = [item for item in held if isinstance(item, dict)] if isinstance(held, list) else []
    chosen = [item for item in items if path.chosen is not None and path.chosen(item)]
    if not chosen and verb == "replace":
        raise _refused("The path chooses none of the values", "noTarget")
    part = path.attribute.part
    if part is None and verb == "remove":
        holder[name] = [item for item in items if item not in chosen]
        return
    for item in chosen:
        if part is None and isinstance(value, dict):
            item.update(value)
        elif part is not None and verb == "remove":
            item.pop(key_in(item, part), None)
        elif part is not None:
            item[key_in(item, part)] = value


def _refused(description: str, scim_type: str) -> ScimRefusal:
    return ScimRefusal(400, description, scim_type=scim_type)
