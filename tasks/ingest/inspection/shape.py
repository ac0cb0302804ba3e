"""The shape of ``inspect --json``: documented in docs/json.md, its JSON Schema in docs/inspect.schema.json."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

LISTED_ROWS = 100
"""So many rows are listed for a date column; their counts are whole."""


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rows(Part):
    physical: int = Field(
        description="rows of the table as a spreadsheet numbers them, to the last that holds something"
    )
    blank: int = Field(description="blank rows below the headings")
    data: int = Field(description="rows below the headings that may be people: no blank ones, totals or headings again")


class ColumnShape(Part):
    name: str = Field(description="the heading; of a heading that stands there before, with a number behind it")
    proposal: str | None = Field(description="the attribute of a worker that the column is proposed for")
    confidence: float = Field(ge=0, le=1, description="how sure: below 0.5 nothing is proposed, from 0.8 on it is sure")
    filled: int = Field(description="rows in which it holds something")
    distinct: int = Field(description="different values")
    evidence: str = Field(description="why, in words")


class DatesShape(Part):
    column: str
    written: Literal["text", "date cells", "serial numbers", "mixed"]
    format: str | None = Field(description="Python's format codes; null where none is proven")
    ambiguous: bool = Field(description="several formats fit, and no row tells which is meant")
    candidates: list[str] = Field(description="the formats that fit")
    proof_rows: list[int] = Field(description=f"rows that the format alone can read; the first {LISTED_ROWS}")
    proof_count: int
    ambiguous_rows: list[int] = Field(description=f"rows that are different days by format; the first {LISTED_ROWS}")
    ambiguous_count: int


class KeyShape(Part):
    column: str
    unique: bool = Field(description="filled in every row, and different in each")
    filled: int
    distinct: int
    conflicting_ids: int = Field(description="values that rows of different people share")
    conflicting_rows: int = Field(description="how many rows those are")
    rows: list[int] = Field(description="the first of them")
    why: str = Field(description="why it can be the key, or cannot, in words")


class HazardShape(Part):
    code: str = Field(description="listed in docs/inspect.md; never changes its meaning")
    row: int | None = Field(description="the first row; null where it is about a column, a sheet or the file")
    column: str | None = Field(description="the column's name; null where it is about rows, a sheet or the file")
    count: int = Field(description="rows (of look_alike_rows: pairs; of a sheet or file: 1)")
    rows: list[int] = Field(description="the first of the rows")
    means: str
    remedy: str


class LookAlike(Part):
    rows: list[int] = Field(min_length=2, max_length=2)


class TableShape(Part):
    container: str = Field(description="what the file is, by its content")
    encoding: str | None = Field(description="of text, as Python calls it; null for workbooks and documents")
    delimiter: str | None = Field(description="of delimited text; null for all others")
    sheet: str | None = Field(description="the sheet, or the kind of record; null for a text file")
    hidden: bool
    header_row: int | None = Field(description="the first row of the headings, counted as a spreadsheet does")
    header_rows: int = Field(description="how many rows the headings take")
    rows: Rows
    people_likely: int = Field(description="how many people the table likely holds; 0: it is no list of people")
    groups_likely: int = Field(description="how many groups the table likely holds, with their members")
    columns: list[ColumnShape]
    dates: list[DatesShape]
    keys: list[KeyShape]
    duplicates: int = Field(description="rows that repeat an earlier one in every column")
    homonyms: int = Field(description="rows of people with one name and different ids or birth dates")
    look_alikes: list[LookAlike] = Field(description="pairs of rows with nearly the same name, the first 20")
    evidence: list[str] = Field(description="why encoding and delimiter are believed, in words")
    hazards: list[HazardShape]


class InspectionShape(Part):
    format_version: Literal[1] = 1
    file: str = Field(description="the file's name, without its folder")
    tables: list[TableShape]


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the shape."""
    made = InspectionShape.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "rosterflow inspect --json"}
