"""Write a pipeline file of what inspection proposes: every line with its reason, every guess marked to be confirmed."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tasks.ingest.inspection.drafted_columns import REFERENCE, columns, dates, lacks
from tasks.ingest.inspection.examination import Examined, Inspection
from tasks.ingest.inspection.texts import printable
from tasks.ingest.inspection.yaml_lines import CONFIRM, marked, rows_said, scalar
from tasks.model.errors import BadUsage, RejectedSource

DOMAIN = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}")
RECORDS = ("json", "jsonl", "xml", "ldif")


ENDING = """
# Who gets what, for example:
# rules:
#   - name: webinar hosts
#     when: {department: [Marketing, Sales]}
#     grant: {products: [G2W]}
rules: []

# The sandbox on this machine ('rosterflow sandbox'). For GoTo itself write your account key, take urls away,
# and add auth (docs/target-goto.md).
targets:
  - name: goto
    kind: goto
    account_key: "3001"
    urls: {api: "http://127.0.0.1:8750", token: "http://127.0.0.1:8750/oauth/token"}
"""


@dataclass(frozen=True)
class Draft:
    """A pipeline file to be written, and how many of its places wait to be confirmed."""

    text: str
    unconfirmed: int


def draft(inspection: Inspection, target: Path, domain: str | None = None) -> Draft:
    """Return the pipeline file for the list of people in a file, as it is to stand at *target*.

    *domain* is that of the addresses, where the list has none. Raises ``RejectedSource`` if no table looks like a list
    of people, ``BadUsage`` if the domain is none.
    """
    if domain is not None and not DOMAIN.fullmatch(domain):
        raise BadUsage(f"'{domain}' is no domain.", remedy="Write it without @, for example acme.example.")
    lists = inspection.lists
    if not lists:
        raise RejectedSource(
            f"No table of {inspection.path.name} looks like a list of people.",
            remedy="Look at what 'rosterflow inspect' says of its columns, and write the pipeline file by hand.",
            file=inspection.path.name,
        )
    chosen = lists[0]
    _refuse_references(inspection, chosen, target)
    lines = [
        *_opening(inspection, chosen),
        *_source(inspection, chosen, target, domain, several=len(lists) > 1),
        *_ending(),
    ]
    return Draft("\n".join(lines) + "\n", sum(line.endswith(CONFIRM) for line in lines))


def _refuse_references(inspection: Inspection, chosen: Examined, target: Path) -> None:
    """Raise ``BadUsage`` if a name that has to stand in the file would be taken for a variable of the environment."""
    names = {
        "file": _path(inspection.path, target), "sheet": chosen.subject.table.name, "member": inspection.member,
    }  # fmt: skip
    for what, name in names.items():
        if name is not None and REFERENCE in name:
            raise BadUsage(
                f"The name of the {what} has '{REFERENCE}' in it, which stands for a variable in a pipeline file.",
                remedy="Rename it.",
            )


def write(made: Draft, target: Path, *, force: bool) -> None:
    """Write the file. Raises ``BadUsage`` if it exists and *force* is not given, or if it cannot be written."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("w" if force else "x", encoding="utf-8") as file:
            file.write(made.text)
    except FileExistsError:
        raise BadUsage(f"There is a file {target} already.", remedy="Name another, or add --force.") from None
    except OSError as exc:
        raise BadUsage(f"{target} cannot be written: {exc.strerror or type(exc).__name__}.") from exc


# The parts of the file ------------------------------------------------------------------------------------------------


def _opening(inspection: Inspection, chosen: Examined) -> Iterator[str]:
    rows = len(chosen.subject.people.index)
    yield f"# Proposed by 'rosterflow inspect' for {printable(inspection.path.name)}: {rows} rows,"
    yield f"# {chosen.people_likely} people by what tells them apart. Above each line stands how sure it is, and why."
    yield "# Where nobody but you can know, a line is marked. 'rosterflow check' works meanwhile; no plan is made"
    yield "# before every mark is deleted. All keys are explained in docs/pipeline.md."
    yield "version: 1"
    yield f"name: {_slug(inspection.path.stem)}"
    yield "timezone: UTC"
    yield ""


def _slug(text: str) -> str:
    """Return a name for a pipeline.

    >>> _slug("Staff List (März) 2026"), _slug("社員")
    ('staff-list-m-rz-2026', 'roster')
    """
    name = re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-_")[:63].strip("-_")
    return name or "roster"


def _source(
    inspection: Inspection, chosen: Examined, target: Path, domain: str | None, *, several: bool
) -> Iterator[str]:
    yield "sources:"
    yield "  - name: hr"
    for line in (
        f"path: {scalar(_path(inspection.path, target))}",
        *_wrapping(inspection),
        *_reading(chosen, several=several),
        "# delta: who is not in the list is left alone. Write full if it is always the whole staff: who is missing",
        "# has left then.",
        "snapshot: delta",
        "columns:",
        *(f"  {line}" for line in columns(chosen, domain)),
        *lacks(chosen),
        *dates(chosen),
        *_skip(chosen),
    ):
        yield f"    {line}"


def _path(file: Path, target: Path) -> str:
    """Return the file's path: relative to the pipeline file's folder if it is in it, else whole."""
    folder, place = target.absolute().parent, file.absolute()
    inside = place.is_relative_to(folder)
    return place.relative_to(folder).as_posix() if inside else os.fspath(place)


def _wrapping(inspection: Inspection) -> Iterator[str]:
    if inspection.member is not None:
        yield f"member: {scalar(inspection.member)}"
    if inspection.password_from is not None:
        yield f'password: "${{{inspection.password_from}}}"'


def _reading(chosen: Examined, *, several: bool) -> Iterator[str]:
    table, headings = chosen.subject.table, chosen.subject.headings
    if table.name is not None:
        key = "records" if table.container in RECORDS else "sheet"
        if several:
            yield "# Several tables look like lists of people; of those that can be seen this one holds most."
        if table.hidden:
            yield "# The sheet is hidden."
        yield marked(f"{key}: {scalar(table.name)}", confirm=several or table.hidden)
    if any(mark.code == "name_differs" for mark in table.marks):
        yield "# Its name says something else."
        yield f"format: {table.container}"
    for reason in table.evidence:
        yield f"# {printable(reason)}"
    if table.encoding is not None:
        yield marked(f"encoding: {table.encoding}", confirm="encoding" in table.doubts)
    if table.delimiter is not None:
        yield f"delimiter: {scalar(table.delimiter)}"
    if table.quote not in (None, '"'):
        yield f"quote: {scalar(str(table.quote))}"
    if headings.row is None:
        yield "# No row of headings was found: put them above the columns, and write that row here."
        yield marked("header_row: 1", confirm=True)
    elif not table.headed:
        if not headings.sure:
            yield "# None of the headings is known here: is this their row?"
        yield marked(f"header_row: {headings.row}", confirm=not headings.sure)
    if headings.rows > 1:
        yield f"header_rows: {headings.rows}"


def _skip(chosen: Examined) -> Iterator[str]:
    people = chosen.subject.people
    kinds = [name for name, rows in (("repeated_headings", people.repeated), ("totals", people.totals)) if rows]
    if kinds:
        rows = sorted([*people.repeated, *people.totals])
        yield f"# {rows_said(rows)}"
        yield f"skip: [{', '.join(kinds)}]"


def _ending() -> Iterator[str]:
    yield from ENDING.splitlines()
