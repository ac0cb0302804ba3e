"""A column of a source: which headings feed one attribute of a worker, and what is done to their cells."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from tasks.model.fields import Spec
from tasks.model.transforms import VALUE, Declared, MapValues, Template, Transform


def clean_heading(text: str) -> str:
    """Return a column's heading as headings are compared: NFC, one blank for each run of blanks and line breaks.

    Marks of Unicode (U+FEFF) at its ends are none of it: files that were joined or saved twice have them.

    >>> clean_heading(" Employee\\n No ")
    'Employee No'
    """
    return " ".join(unicodedata.normalize("NFC", text).split()).strip("\ufeff ")


def _heading(value: Any) -> Any:
    return clean_heading(value) if isinstance(value, str) else value


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


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


AMBIGUOUS = "ambiguous"
"""In the place of a source's date format: nobody knows whether day, month or year comes first."""


def _date_format_of_source(value: str) -> str:
    return value if value == AMBIGUOUS else _date_format(value)


DateFormat = Annotated[str, AfterValidator(_date_format)]
SourceDates = Annotated[str, AfterValidator(_date_format_of_source)]
Heading = Annotated[str, BeforeValidator(_heading), Field(min_length=1)]
Headings = Annotated[
    tuple[Heading, ...],
    BeforeValidator(_one_or_more, json_schema_input_type=str | tuple[str, ...]),
    Field(min_length=1),
]


class Column(Spec):
    """How one attribute is taken from the source: a heading, or several whose cells are joined, then transforms.

    ``do`` are the transforms, in their order. ``map`` and ``template`` are short for a list of these two: ``map``
    replaces whole values (a value that is not in it is a finding; ``""`` stands for a blank cell), ``template`` has
    ``{value}`` where the cell's text goes. ``join`` stands between the cells of several headings; ``dates`` makes the
    column one of days, written so. ``split`` are the characters that part the values of an attribute of several
    (``directory_groups``), line breaks beside them. A bare heading in the file is short for ``{from: heading}``.
    """

    from_: Headings = Field(alias="from")
    join: str = " "
    do: tuple[Transform, ...] = ()
    template: str | None = None
    map: dict[str, str] | None = None
    split: str = Field(default=";", min_length=1, max_length=5)
    dates: DateFormat | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare_heading(cls, value: Any) -> Any:
        return {"from": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _fits_together(self) -> "Column":
        if self.do and (self.map is not None or self.template is not None):
            raise ValueError("write map and template as entries of do, in the order in which they are done")
        places = [place for step in self.transforms if isinstance(step, Template) for place in step.places]
        for place in places:
            if place != VALUE and clean_heading(place) not in self.from_:
                raise ValueError(f"a template knows {{value}} and the headings in from, and '{place}' is none of them")
        return self

    @property
    def heading(self) -> str:
        """The heading by which findings name the column: the first."""
        return self.from_[0]

    @property
    def transforms(self) -> tuple[Declared, ...]:
        """What is done to the cells, in order."""
        if self.do:
            return tuple(entry.declared for entry in self.do)
        short = [None if self.map is None else MapValues(meanings=self.map)]
        return tuple(step for step in (*short, self._template) if step is not None)

    @property
    def _template(self) -> Template | None:
        return None if self.template is None else Template(text=self.template)

    def found(self, headings: Mapping[str, str]) -> "Column | None":  # noqa: ARG002  (a profile's column looks)
        """Return the column as a list has it, whose *headings* are given by their folded form; None: not in use."""
        return self


class ProfileColumn(Column):
    """A column as a profile knows it: under one of several headings, whose case does not matter.

    ``also`` are further headings, in the order of preference, of which the list has one. A column that is not
    ``required`` may be absent: then it is not mapped.
    """

    also: tuple[Heading, ...] = ()
    required: bool = False

    def found(self, headings: Mapping[str, str]) -> Column | None:
        """Return the column under the heading that the list has. Where it has none: None, or, for a required one, the
        column under its first name, which is then missing."""
        if len(self.from_) > 1:
            there = tuple(headings[name.casefold()] for name in self.from_ if name.casefold() in headings)
            complete = len(there) == len(self.from_)
            return self.model_copy(update={"from_": there}) if complete else self if self.required else None
        for name in (*self.from_, *self.also):
            if name.casefold() in headings:
                return self.model_copy(update={"from_": (headings[name.casefold()],)})
        return self if self.required else None
