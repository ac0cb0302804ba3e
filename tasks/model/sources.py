"""The sources of a pipeline: where each list is, how it is read, and what its columns are."""

import re
import unicodedata
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from tasks.model.fields import NAME, Secret, Spec


def clean_heading(text: str) -> str:
    """Return a column's heading as headings are compared: NFC, one blank for each run of blanks and line breaks.

    >>> clean_heading(" Employee\\n No ")
    'Employee No'
    """
    return " ".join(unicodedata.normalize("NFC", text).split())


def _heading(value: Any) -> Any:
    return clean_heading(value) if isinstance(value, str) else value


class Column(Spec):
    """How one attribute is taken from the source: a heading, then at most one map, then at most one template.

    ``map`` replaces whole values (a value that is not in it is a finding; ``""`` stands for a blank cell);
    ``template`` has ``{value}`` where the cell's text goes; ``split`` are the characters that part the values of an
    attribute of several (``directory_groups``), line breaks beside them. A bare heading in the file is short for
    ``{from: heading}``.
    """

    from_: Annotated[str, BeforeValidator(_heading)] = Field(alias="from", min_length=1)
    template: str | None = None
    map: dict[str, str] | None = None
    split: str = Field(default=";", min_length=1, max_length=5)

    @model_validator(mode="before")
    @classmethod
    def _bare_heading(cls, value: Any) -> Any:
        return {"from": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _template_has_value(self) -> "Column":
        if self.template is not None and "{value}" not in self.template:
            raise ValueError("a template needs {value} where the cell's text goes")
        return self


DATE_FORMAT_WANTED = 'write a format that says day, month and year, for example "%d/%m/%Y" or "%Y-%m-%d"'
PROBES = (date(2001, 2, 3), date(2026, 11, 29), date(2032, 2, 29))


def _date_format(value: str) -> str:
    """Let a format pass if it says day, month and year: dates written with it are read back the same."""
    if not re.search(r"%[yYcxGD]", value):  # without a year strptime guesses one, and Python 3.13 warns
        raise ValueError(DATE_FORMAT_WANTED)
    try:
        whole = all(datetime.strptime(day.strftime(value), value).date() == day for day in PROBES)  # noqa: DTZ007
    except ValueError:
        whole = False
    if not whole:
        raise ValueError(DATE_FORMAT_WANTED)
    return value


def _encoding(value: str) -> str:
    try:
        " ".encode(value)
    except LookupError:
        raise ValueError("there is no such text encoding; common ones are utf-8-sig, cp1252, utf-16") from None
    return value


def _suite(value: str) -> str:
    if not (re.fullmatch(NAME, value) or value.endswith(".json")):
        raise ValueError("write the name of a suite (staff) or a path that ends in .json")
    return value


REMOTE = ("http", "https", "sftp", "s3")


class Source(Spec):
    """One roster: where it is, how it is read, and what its columns are.

    It is a file (``path``: a path or a glob of which the newest is taken, or an http(s), sftp or s3 URL), or the
    answer to a query of a database. A place with credentials keeps them as ``${NAME}``; ingest looks them up.
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
    columns: dict[str, Column]
    dates: Annotated[str, AfterValidator(_date_format)] = "%Y-%m-%d"
    blanks: Literal["keep", "clear"] = "keep"
    suite: Annotated[str, AfterValidator(_suite)] = "staff"

    @model_validator(mode="after")
    def _is_somewhere(self) -> "Source":
        if self.path is None and self.database is None:
            raise ValueError("has neither a path nor a database: say where the roster is")
        return self

    @property
    def place(self) -> str:
        """Where the roster is, as messages say it: without user, password and query of a URL."""
        return masked(self.path or self.database or "")


def masked(place: str) -> str:
    """Return a place without what is secret in it, or may be: user and password, query and fragment of a URL.

    >>> masked("sftp://hr:geheim@files.acme.example/out/staff.csv"), masked("data/staff.csv")
    ('sftp://files.acme.example/out/staff.csv', 'data/staff.csv')
    >>> masked("https://acme.example/report?token=1")
    'https://acme.example/report?•••'
    """
    scheme, found, rest = place.partition("://")
    if not found:
        return place
    head, question, _ = rest.partition("?")
    if "@" in rest and "@" not in head:  # a password with a question mark, or an address in a query
        return f"{scheme}://•••"
    return f"{scheme}://{head.rpartition('@')[2].partition('#')[0]}" + ("?•••" if question else "")
