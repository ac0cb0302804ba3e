"""Parts of a pipeline file that nothing has typed yet: what is not of the kind that is wanted counts as empty."""

from typing import Any


def as_mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def as_texts(value: Any) -> list[str]:
    """Return the texts of one or several."""
    return [item for item in ([value] if isinstance(value, str) else as_list(value)) if isinstance(item, str)]
