"""What is wrong with namespaces and precedence in a pipeline file. On data that nothing has typed yet."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from tasks.pipeline_file.plain_yaml import Path
from tasks.pipeline_file.wording import did_you_mean, listing

Found = Iterator[tuple[Path, str]]

SAID_BY_BEING_THERE = "status"
"""A list with addresses says active of everybody in it, also without a column for it."""


def population(source: Mapping[str, Any]) -> str | None:
    """Return the namespace of a source, None where neither it nor a name is given."""
    namespace = source.get("namespace") or source.get("name")
    return namespace if isinstance(namespace, str) else None


def check_populations(
    sources: Sequence[Mapping[str, Any]], mapped: Sequence[Collection[str]], precedence: Mapping[str, Any]
) -> Found:
    """Yield where, and what, is wrong: a namespace under another source's name, a precedence that decides nothing.

    *mapped* are the attributes of each source.
    """
    homes = {str(source["name"]): population(source) for source in sources if isinstance(source.get("name"), str)}
    for at, source in enumerate(sources):
        space, name = population(source), source.get("name")
        if space != name and space in homes and homes[space] != space:
            wrong = f"is the name of a source that is in another namespace ({homes[space]}); choose another"
            yield ("sources", at, "namespace"), wrong
    having = {str(source.get("name")): names for source, names in zip(sources, mapped, strict=True)}
    for attribute, named in precedence.items():
        for path, message in _check_order(attribute, named, homes, having):
            yield ("precedence", attribute, *path), message


def _check_order(
    attribute: str,
    named: Any,
    homes: Mapping[str, str | None],
    having: Mapping[str, Collection[str]],
) -> Found:
    known = sorted({name for names in having.values() for name in names})
    if attribute not in known and attribute != SAID_BY_BEING_THERE:
        yield (), "is not mapped by any source" + did_you_mean(attribute, known, "mapped attributes")
        return
    order = [name for name in named if isinstance(name, str)] if isinstance(named, list) else []
    for at, name in enumerate(order):
        if name not in homes:
            yield (at,), "is no source" + did_you_mean(name, homes, "sources")
        elif name in order[:at]:
            yield (at,), f"names {name} a second time"
        elif attribute not in having[name] and attribute != SAID_BY_BEING_THERE:
            yield (at,), f"names {name}, which has no column for {attribute}"
    spaces = {str(homes[name]) for name in order if name in homes}
    if len(spaces) > 1:
        yield (), f"names sources of several namespaces ({listing(sorted(spaces))}): they are never put together"
