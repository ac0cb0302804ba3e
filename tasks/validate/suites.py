"""Read suites: Great Expectations' own JSON, with the code, message and remedy of each check in ``meta``.

GX itself is not needed here, so a run whose findings are kept never loads it. That GX knows every type is seen to
when the suite is first run (``engine``).
"""

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from tasks.model.errors import BadPipeline, FaultyCheck, RosterflowError
from tasks.model.plan import canonical
from tasks.model.rosters import CRITICAL, SEVERITIES
from tasks.model.sources import Source

EVERY = "*"
"""Stands for every mapped attribute: as a column, one check each; in a column list, those not named beside it."""
TESTED = "*tested"
"""As a column: every mapped attribute that a rule of the pipeline tests, one check each."""

PEOPLE = "people"
OTHER_ROWS = ("roles", "groups", "moves")
"""What a row can be about, if not about a person: then one person may have many of them."""

_EXPECTATION_KEYS = ("type", "kwargs", "severity", "meta", "notes", "description", "id", "rendered_content")
_META_TYPES: Mapping[str, type] = {
    "code": str, "message": str, "remedy": str, "required": bool, "min_rows": int, "always": bool,
}  # fmt: skip
_COLUMN_ARGUMENTS = ("column", "column_A", "column_B")
_FROM_GX = ("result_format", "catch_exceptions", "batch_id")
"""Arguments that GX exports beside those of the expectation; how results are asked for is our own business."""


@dataclass(frozen=True)
class Check:
    """One expectation of a suite, and what to say where it fails.

    ``number`` counts from 1 in its suite. ``needs`` are the attributes without which it does not apply (None: all
    that it names), ``required`` makes it an error that they are not mapped, and below ``min_rows`` rows it is not
    asked. ``always``: it belongs to every suite. Of the attributes that ``*`` and ``*tested`` stand for, those in
    ``spared`` are left out. ``ours_in`` is the file that it came with, if that is one of this program. ``message`` may
    hold ``{column}`` (the heading) and, of a table or a column as a whole, ``{count}``, ``{rows}`` and
    ``{observed}``.
    """

    number: int
    type: str
    kwargs: Mapping[str, Any]
    severity: str
    code: str
    message: str
    remedy: str
    needs: tuple[str, ...] | None = None
    required: bool = False
    min_rows: int = 0
    always: bool = False
    spared: tuple[str, ...] = ()
    ours_in: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The attributes that it names, the one to report first; ``*`` among them as it stands."""
        kwargs = self.kwargs
        single = [kwargs[name] for name in _COLUMN_ARGUMENTS if name in kwargs]
        return tuple(single + list(kwargs.get("column_list", [])))


@dataclass(frozen=True)
class Suite:
    """Checks that are run together.

    ``label`` is the file they came from, ``tested`` the attributes that the pipeline's rules test, ``rows`` what a row
    is about (``PEOPLE``, or the thing that the suite's ``meta`` names), ``text`` all that the findings depend on;
    ``ours`` tells a suite that comes with this program.
    """

    name: str
    label: str
    checks: tuple[Check, ...]
    tested: tuple[str, ...] = ()
    rows: str = PEOPLE
    ours: bool = False

    @property
    def asks_others(self) -> bool:
        """Say whether findings depend on more than the roster and the day: on what the DNS answers."""
        return any(check.kwargs.get("check_deliverability") for check in self.checks)

    def for_an_addition(self) -> "Suite":
        """Return the suite for a source that only adds to the people of others: it need not have all attributes."""
        return replace(self, checks=tuple(replace(check, required=False) for check in self.checks))

    @property
    def text(self) -> str:
        return canonical([self.tested, [{**vars(check), "kwargs": dict(check.kwargs)} for check in self.checks]])


def load_suite(name_or_path: str, folder: Path, tested: Iterable[str] = ()) -> Suite:
    """Return the suite called *name_or_path*: one of ours, or with the ending ``.json`` a file relative to *folder*.

    *tested* are the attributes that the pipeline's rules test. The checks that the plan relies on (``always`` in the
    staff suite: one row a worker, one worker an address, no column lost, nothing that the target is sure to refuse) are
    part of every suite whose rows are people; no other is planned by. Raises ``BadPipeline`` if there is no such suite
    or if it is malformed.
    """
    suite = _read_own(name_or_path, folder) if name_or_path.endswith(".json") else _read_ours(name_or_path)
    named = tuple(sorted(set(tested)))
    if suite.rows != PEOPLE:
        return replace(suite, tested=named)
    present = {_essence(check) for check in suite.checks}
    added = (check for check in _read_ours("staff").checks if check.always and _essence(check) not in present)
    return replace(suite, checks=(*suite.checks, *added), tested=named)


def holds_people(source: Source, folder: Path) -> bool:
    """Say whether the rows of *source* are people, by its suite. Raises ``BadPipeline`` as ``load_suite`` does."""
    return load_suite(source.suite, folder).rows == PEOPLE


def require_people(sources: Iterable[Source], folder: Path) -> None:
    """Raise ``BadPipeline`` if a plan cannot be made of one of *sources*: its rows are not people."""
    others = [source for source in sources if not holds_people(source, folder)]
    if others:
        listed = ", ".join(f"{source.name} (suite {source.suite})" for source in others)
        raise BadPipeline(
            f"Nothing is planned by lists whose rows are not people yet: {listed}.",
            remedy="'rosterflow check' judges them. Keep them in a pipeline file of their own.",
            sources=[source.name for source in others],
        )


def suite_names() -> list[str]:
    """Return the names of the suites that come with the program."""
    return sorted(entry.name.removesuffix(".json") for entry in files("expectations").iterdir() if _is_json(entry.name))


def near(word: str, known: Iterable[str]) -> str:
    """Return a hint that names those of *known* that look like *word*, or nothing.

    >>> near("expect_colum_to_exist", ["expect_column_to_exist", "expect_table_row_count_to_equal"])
    'Did you mean expect_column_to_exist?'
    """
    close = difflib.get_close_matches(word, sorted(known), n=3, cutoff=0.75)
    return f"Did you mean {' or '.join(close)}?" if close else ""


def bad_check(label: str, number: int, kind: str, problem: str, remedy: str = "") -> BadPipeline:
    """Return the error that names one expectation of a suite."""
    return BadPipeline(
        f"Suite {label}, expectation {number} ({kind}): {problem}", remedy=remedy, suite=label, number=number, type=kind
    )


def broken(suite: Suite, check: Check, problem: str, remedy: str = "") -> RosterflowError:
    """Return the error that names a check which cannot be run. One of ours is for its author to mend, not for users."""
    if check.ours_in is None:
        return bad_check(suite.label, check.number, check.type, problem, remedy)
    return faulty(f"The built-in check {check.number} of {check.ours_in} ({check.type}): {problem}", check.ours_in)


def faulty(what: str, label: str) -> FaultyCheck:
    """Return the error that says that a suite of this program has a fault, and what to do."""
    return FaultyCheck(
        what,
        remedy="This is a fault of Rosterflow, not of the list or the pipeline: please report it with the traceback, "
        "which ROSTERFLOW_DEBUG=1 shows.",
        suite=label,
    )


def _is_json(name: str) -> bool:
    return name.endswith(".json")


def _essence(check: Check) -> str:
    return canonical([check.type, dict(check.kwargs), check.severity])


def _read_ours(name: str) -> Suite:
    known = suite_names()
    if name not in known:
        raise BadPipeline(
            f"There is no suite named {name}.",
            remedy=f"{near(name, known)} The suites are: {', '.join(known)}; one of your own is named by a path that "
            "ends in .json.".strip(),
            suite=name,
        )
    label = f"{name}.json"
    suite = _parse(files("expectations").joinpath(label).read_text("utf-8"), label)
    return replace(suite, checks=tuple(replace(check, ours_in=label) for check in suite.checks), ours=True)


def _read_own(path: str, folder: Path) -> Suite:
    file = folder / path
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise BadPipeline(
            f"The suite {file} cannot be read: {reason}.",
            remedy="Its path is relative to the pipeline file's folder.",
            suite=path,
        ) from exc
    return _parse(text, path)


def _parse(text: str, label: str) -> Suite:
    try:
        content = json.loads(text)
    except ValueError as exc:
        raise BadPipeline(f"Suite {label} is not JSON: {exc}.", suite=label) from exc
    entries = content.get("expectations") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise BadPipeline(f"Suite {label} has no list of expectations.", suite=label)
    name = str(content.get("name") or label.removesuffix(".json"))
    checks = tuple(_check(entry, label, number) for number, entry in enumerate(entries, start=1))
    return Suite(name, label, checks, rows=_rows(content, label))


def _rows(content: Mapping[str, Any], label: str) -> str:
    meta = content.get("meta")
    rows = meta.get("rows", PEOPLE) if isinstance(meta, dict) else PEOPLE
    if rows not in (PEOPLE, *OTHER_ROWS):
        known = ", ".join((PEOPLE, *OTHER_ROWS))
        raise BadPipeline(f"Suite {label}: its meta.rows is not known.", remedy=f"Rows are: {known}.", suite=label)
    return str(rows)


def _check(entry: Mapping[str, Any], label: str, number: int) -> Check:
    kind = str(entry.get("type", "no type"))
    for problem, remedy in _problems(entry):
        raise bad_check(label, number, kind, problem, remedy)
    meta = entry.get("meta") or {}
    needs = meta.get("needs")
    return Check(
        number=number,
        type=kind,
        kwargs={key: value for key, value in (entry.get("kwargs") or {}).items() if key not in _FROM_GX},
        severity=entry.get("severity", CRITICAL),
        code=meta.get("code", kind.removeprefix("expect_")),
        message=meta.get(
            "message", f"This does not pass the check '{kind.removeprefix('expect_').replace('_', ' ')}'."
        ),
        remedy=meta.get("remedy", f"Correct it in the source, or change expectation {number} of {label}."),
        needs=None if needs is None else tuple(needs),
        required=meta.get("required", False),
        min_rows=meta.get("min_rows", 0),
        always=meta.get("always", False),
        spared=tuple(meta.get("spared", [])),
    )


def _all_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _problems(entry: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Yield what is wrong with one expectation, and what to do."""
    if not isinstance(entry.get("type"), str):
        yield "it has no type.", "Give it the name of an expectation as its type."
    for key in entry.keys() - set(_EXPECTATION_KEYS):
        yield f"its key {key} is not known.", near(key, _EXPECTATION_KEYS)
    kwargs, meta = entry.get("kwargs") or {}, entry.get("meta") or {}
    if not isinstance(kwargs, dict) or not isinstance(meta, dict):
        yield "kwargs and meta must be objects.", ""
        return
    if entry.get("severity", CRITICAL) not in SEVERITIES:
        yield "its severity is not known.", f"The severities are: {', '.join(SEVERITIES)}."
    if not _all_texts([kwargs.get(name, "") for name in _COLUMN_ARGUMENTS]):
        yield f"{', '.join(_COLUMN_ARGUMENTS)} must each be a string.", ""
    if not _all_texts(kwargs.get("column_list", [])) or not all(
        _all_texts(meta.get(name, [])) for name in ("needs", "spared")
    ):
        yield "column_list, meta.needs and meta.spared must be lists of strings.", ""
    for key, kind in _META_TYPES.items():
        if key in meta and type(meta[key]) is not kind:
            yield f"meta.{key} must be a JSON {_JSON_WORDS[kind]}.", ""


_JSON_WORDS = {str: "string", bool: "true or false", int: "whole number"}
