"""The sources of a pipeline: where each list is, how it is read, and what its columns are."""

import codecs
import re
from collections.abc import Collection, Iterable
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializeAsAny,
    ValidationInfo,
    field_validator,
    model_validator,
)

from tasks.model.bounds import DEFAULT_OF_DELTAS, DEFAULT_WHOLE, RowBounds, Whole
from tasks.model.columns import AMBIGUOUS, Column, Heading, ProfileColumn, SourceDates, clean_heading
from tasks.model.fields import NAME, Secret, Spec, listed
from tasks.model.profiles import folded, profile_names, read_profile

__all__ = ["AMBIGUOUS", "Column", "Source", "clean_heading", "headings_of"]


NOTATIONS = ("idna", "punycode", "unicode-escape", "raw-unicode-escape")
"""What Python counts among the encodings, and no file is written in."""


def _encoding(value: str) -> str:
    try:
        " ".encode(value)
        known = codecs.lookup(value).name not in NOTATIONS
    except LookupError:
        known = False
    if not known:
        raise ValueError("there is no such text encoding; common ones are utf-8-sig, cp1252, utf-16")
    return value


def _suite(value: str) -> str:
    if not (re.fullmatch(NAME, value) or value.endswith(".json")):
        raise ValueError("write the name of a suite (staff) or a path that ends in .json")
    return value


def _profile(value: str) -> str:
    read_profile(value)
    return value


NoHeadingsOrSome = Annotated[tuple[Heading, ...], BeforeValidator(listed, json_schema_input_type=str | tuple[str, ...])]
REMOTE = ("http", "https", "sftp", "s3")


class Source(Spec):
    """One roster: where it is, how it is read, and what its columns are.

    It is a file (``path``: a path or a glob of which the newest is taken, or an http(s), sftp or s3 URL), or the
    answer to a query of a database. A place with credentials keeps them as ``${NAME}``; ingest looks them up.

    With a ``profile``, ``columns`` are the profile's, and those that the pipeline gives itself in their place; a blank
    one leaves the profile's out. ``columns: NAME`` is short for the profile alone. Sources of one ``namespace``
    describe one population; left out, the source is one by itself. ``lacks`` are attributes that accounts need and the
    list does not have: all of its rows are held.
    """

    name: str = Field(pattern=NAME)
    path: str | None = Field(default=None, min_length=1)
    database: str | None = Field(default=None, min_length=1)
    query: str | None = Field(default=None, min_length=1)
    format: Literal["xlsx", "xls", "xlsb", "ods", "delimited", "json", "jsonl", "xml", "ldif", "parquet"] | None = None
    password: Secret | None = None
    member: str | None = Field(default=None, min_length=1)
    sheet: str | None = None
    records: str | None = Field(default=None, min_length=1)
    header_row: int = Field(default=1, ge=1)
    header_rows: int = Field(default=1, ge=1, le=10)
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    quote: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: Annotated[str, AfterValidator(_encoding)] | None = None
    skip: tuple[Literal["repeated_headings", "totals"], ...] = ()
    snapshot: Literal["full", "delta"]
    namespace: str | None = Field(default=None, pattern=NAME)
    profile: Annotated[str, AfterValidator(_profile)] | None = None
    columns: dict[str, SerializeAsAny[Column]]
    lacks: tuple[Literal["external_id", "user_name"], ...] = ()
    dates: SourceDates = "%Y-%m-%d"
    blanks: Literal["keep", "clear"] = "keep"
    suite: Annotated[str, AfterValidator(_suite)] = "staff"
    secret: NoHeadingsOrSome = ()
    not_secret: NoHeadingsOrSome = ()
    whole: Whole = Whole()

    @model_validator(mode="before")
    @classmethod
    def _of_profile(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        given = value.get("columns")
        if isinstance(given, str) and given in profile_names() and value.get("profile") is None:
            value, given = value | {"profile": given, "columns": {}}, {}
        name = value.get("profile")
        if name not in profile_names() or not isinstance(given, dict | None):
            return value
        profile = read_profile(name)
        columns = {**profile.columns, **(given or {})}
        reading = profile.reading.model_dump(exclude_none=True)
        return {**reading, **value, "columns": {key: column for key, column in columns.items() if column is not None}}

    @field_validator("columns", mode="before")
    @classmethod
    def _known_profile(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str):
            read_profile(value)  # says which profiles there are
            raise ValueError(  # noqa: TRY004  (pydantic's word for a wrong field)
                f"profile says {info.data.get('profile')} already; give columns as a mapping, or not at all"
            )
        return value

    @model_validator(mode="after")
    def _is_somewhere(self) -> "Source":
        if self.path is None and self.database is None:
            raise ValueError("has neither a path nor a database: say where the roster is")
        return self

    @property
    def place(self) -> str:
        """Where the roster is, as messages say it: without user, password and query of a URL."""
        return safe_place(self.path or self.database or "")

    @property
    def population(self) -> str:
        """The namespace of its people's ids: what links know them by."""
        return self.namespace or self.name

    @property
    def names_addresses(self) -> bool:
        """Whether its rows can stand for a person by themselves. Others add to those of their namespace."""
        return "user_name" in self.columns

    @property
    def bounds(self) -> Whole:
        """What its file is held to against the last accepted one: for each bound left out, the default."""
        given, default = self.whole, DEFAULT_WHOLE if self.snapshot == "full" else DEFAULT_OF_DELTAS
        rows = RowBounds(
            fewer=default.rows.fewer if given.rows.fewer is None else given.rows.fewer,
            more=default.rows.more if given.rows.more is None else given.rows.more,
        )
        return Whole(
            rows=rows,
            filled=default.filled if given.filled is None else given.filled,
            departments=default.departments if given.departments is None else given.departments,
            moved=default.moved if given.moved is None else given.moved,
            identity=default.identity if given.identity is None else given.identity,
            held=default.held if given.held is None else given.held,
            columns=given.columns,
        )

    def found(self, headings: Iterable[str]) -> dict[str, Column]:
        """Return the columns as a list with these *headings* has them, by attribute.

        A column that the list lacks is there if it is needed, and is left out if the profile can do without it.
        """
        known = folded(headings)
        there = {name: column.found(known) for name, column in self.columns.items()}
        return {name: column for name, column in there.items() if column is not None}

    def needing(self, attributes: Collection[str]) -> "Source":
        """Return the source with the profile's columns of these *attributes* required."""
        columns = {
            name: column.model_copy(update={"required": True})
            if isinstance(column, ProfileColumn) and name in attributes
            else column
            for name, column in self.columns.items()
        }
        return self.model_copy(update={"columns": columns})

    @property
    def labels(self) -> dict[str, str]:
        """The cells of the row of labels, by heading, that the profile's files have below their headings."""
        return read_profile(self.profile).labels if self.profile else {}


def headings_of(columns: Iterable[Column]) -> list[str]:
    """Return the headings that *columns* are taken from, each once, in order."""
    return list(dict.fromkeys(heading for column in columns for heading in column.from_))


def safe_place(place: str) -> str:
    """Return a place without what is secret in it, or may be: user and password, query and fragment of a URL.

    >>> safe_place("sftp://hr:geheim@files.acme.example/out/staff.csv"), safe_place("data/staff.csv")
    ('sftp://files.acme.example/out/staff.csv', 'data/staff.csv')
    >>> safe_place("https://acme.example/report?token=1")
    'https://acme.example/report?•••'
    """
    scheme, found, rest = place.partition("://")
    if not found:
        return place
    head, question, _ = rest.partition("?")
    if "@" in rest and "@" not in head:  # a password with a question mark, or an address in a query
        return f"{scheme}://•••"
    return f"{scheme}://{head.rpartition('@')[2].partition('#')[0]}" + ("?•••" if question else "")
