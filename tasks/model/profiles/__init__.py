"""Ready column maps for what HR systems and directories export: one JSON file each, beside this one.

Every profile says where its facts come from, and how sure they are. A format that a customer sets in the product (the
order of day and month) is no fact of the product: then the profile leaves it to the pipeline.
"""

import difflib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import Field

from tasks.model.columns import DateFormat, ProfileColumn, clean_heading
from tasks.model.fields import Spec

Standing = Literal["documented", "observed", "assumed"]


class Reading(Spec):
    """What the product's files have in common, where the pipeline does not say otherwise."""

    dates: DateFormat | None = None
    delimiter: str | None = None
    encoding: str | None = None
    header_row: int | None = None


class Profile(Spec):
    """What one product exports.

    ``standing``: how the headings are known: documented by the vendor, observed in files or in public code that reads
    them, or assumed. ``labels`` are the cells of a row of labels that stands below the headings and is no person, by
    heading; such a row is left out.
    """

    product: str
    export: str
    facts: tuple[str, ...]
    standing: Standing
    notes: tuple[str, ...] = ()
    reading: Reading = Reading()
    labels: dict[str, str] = Field(default={})
    columns: dict[str, ProfileColumn]


def _folder() -> Iterable[tuple[str, str]]:
    for item in files(__name__).iterdir():
        if item.name.endswith(".json"):
            yield item.name.removesuffix(".json"), item.name


@cache
def profile_names() -> tuple[str, ...]:
    """Return the names of all profiles, sorted."""
    return tuple(sorted(name for name, _ in _folder()))


@cache
def read_profile(name: str) -> Profile:
    """Return the profile *name*. Raises ``ValueError``, with the name that was probably meant, if there is none."""
    if name not in profile_names():
        near = difflib.get_close_matches(name.lower().replace("-", "_").replace(" ", "_"), profile_names(), 1, 0.5)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise ValueError(f"there is no profile '{name}'; {hint}Valid profiles: {', '.join(profile_names())}")
    return Profile.model_validate(json.loads(files(__name__).joinpath(f"{name}.json").read_text(encoding="utf-8")))


def folded(headings: Iterable[str]) -> Mapping[str, str]:
    """Return headings by the form in which profiles look for them; of two alike, the first."""
    known: dict[str, str] = {}
    for heading in headings:
        known.setdefault(clean_heading(heading).casefold(), heading)
    return known


def matching_profiles(headings: Iterable[str]) -> list[tuple[str, float]]:
    """Return the profiles that a list with these *headings* may be of, best first, each with the share of the list's
    headings that it knows (0 to 1). A profile that lacks a required column is left out.

    >>> matching_profiles(["firstname", "lastname", "email", "country", "groups", "type", "username", "domain"])[0]
    ('adobe_user_sync', 1.0)
    """
    known = folded(heading for heading in headings if heading.strip())
    shares: list[tuple[str, float]] = []
    for name in profile_names():
        columns = [(column.required, _names(column)) for column in read_profile(name).columns.values()]
        if all(names & known.keys() for required, names in columns if required):
            told = set[str]().union(*(names for _, names in columns)) & known.keys()
            shares.append((name, len(told) / len(known)))
    return sorted(shares, key=lambda item: (-item[1], item[0]))


def _names(column: ProfileColumn) -> set[str]:
    return {heading.casefold() for heading in (*column.from_, *column.also)}
