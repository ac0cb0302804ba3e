"""Run bound checks with Great Expectations. Importing this is cheap; running loads GX, which takes seconds."""

import importlib
import pkgutil
import re
import threading
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import expectations
from tasks.model.errors import BadPipeline
from tasks.validate.binding import BoundCheck
from tasks.validate.suites import Suite, broken, faulty, near

if TYPE_CHECKING:
    from expectations import gx

_RESULT_FORMAT = {
    "result_format": "COMPLETE",  # every failing row, by its position
    "exclude_unexpected_values": True,
    "include_unexpected_rows": False,
    "partial_unexpected_count": 0,
    "return_unexpected_index_query": False,
}
_ERROR_NAME = re.compile(r"^([A-Za-z_][\w.]*(?:Error|Exception)): ", re.MULTILINE)
_one_at_a_time = threading.Lock()  # GX has one current context per process, Python one list of warning filters


@dataclass(frozen=True)
class CheckResult:
    """What became of one check.

    ``positions`` are the failing rows of the table, counted from 0, None if the check is about the table or a column
    as a whole; ``count`` is how many values or rows fail, ``observed`` the figure that GX judged.
    """

    bound: BoundCheck
    success: bool
    positions: np.ndarray | None
    count: int | None
    observed: Any


def run_checks(table: pd.DataFrame, bound: Sequence[BoundCheck], suite: Suite) -> list[CheckResult]:
    """Return one result per bound check, in their order.

    Raises ``BadPipeline``, naming the expectation, if GX does not know its type, refuses its arguments, or failed
    while it ran it; ``FaultyCheck`` if it is one of this program's own.
    """
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # from inside GX
        from expectations import gx

        _register_ours()
        _require_known_types(suite)
        batch = gx.new_batch(table.reset_index(drop=True))  # GX answers with labels of the index
        results = _validated(batch, _build(bound, suite), suite)
    by_place = {_place(result): result for result in results}  # GX answers failures first
    if sorted(by_place) != list(range(len(bound))):
        raise BadPipeline(f"Suite {suite.label}: {len(bound)} checks were asked, {len(by_place)} were answered.")
    return [_read(by_place[place], one, suite) for place, one in enumerate(bound)]


def _validated(
    batch: "gx.Batch", gx_suite: "gx.ExpectationSuite", suite: Suite
) -> "list[gx.ExpectationValidationResult]":
    try:
        return batch.validate(gx_suite, result_format=_RESULT_FORMAT).results
    except Exception as exc:  # what GX does not pin on one expectation; its text can hold cells
        if suite.ours:
            what = (
                f"The built-in suite {suite.label} could not be run ({type(exc).__name__} inside Great Expectations)."
            )
            raise faulty(what, suite.label) from exc
        raise BadPipeline(
            f"Suite {suite.label} could not be run ({type(exc).__name__} inside Great Expectations).",
            remedy="Take out the expectation that was added last.",
            suite=suite.label,
        ) from None


def _register_ours() -> None:
    """Import every module of ``expectations``: GX knows an expectation once its class exists."""
    for module in pkgutil.iter_modules(expectations.__path__):
        importlib.import_module(f"expectations.{module.name}")


def _require_known_types(suite: Suite) -> None:
    """Raise for a type that GX does not know: left to itself, it would drop the expectation without a word."""
    from expectations import gx

    known = gx.list_registered_expectation_implementations()
    for check in suite.checks:
        if check.type not in known:
            hint = near(check.type, known)
            raise broken(suite, check, "this type of expectation is not known.", hint)


def _build(bound: Sequence[BoundCheck], suite: Suite) -> "gx.ExpectationSuite":
    from expectations import gx

    built = gx.ExpectationSuite(name=suite.name, expectations=[_expectation(*item, suite) for item in enumerate(bound)])
    if len(built.expectations) != len(bound):
        raise BadPipeline(f"Suite {suite.label}: GX took {len(built.expectations)} of {len(bound)} expectations.")
    return built


def _expectation(place: int, one: BoundCheck, suite: Suite) -> "gx.Expectation":
    from expectations import gx

    check = one.check
    try:
        return gx.ExpectationConfiguration(
            type=check.type, kwargs=dict(one.kwargs), meta={"place": place}, severity=gx.FailureSeverity(check.severity)
        ).to_domain_obj()
    except Exception as exc:
        raise broken(suite, check, f"its arguments do not fit: {_arguments(exc)}.", "Correct its kwargs.") from exc


def _arguments(exc: Exception) -> str:
    """Say what is wrong with which argument, if *exc* is pydantic's."""
    errors = getattr(exc, "errors", None)
    if not callable(errors):
        return type(exc).__name__
    return "; ".join(f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in errors())


def _place(result: "gx.ExpectationValidationResult") -> int:
    """Return the place of the check that *result* answers: we gave it along in ``meta``."""
    config = result.expectation_config
    return -1 if config is None else int((config.meta or {}).get("place", -1))


def _read(result: "gx.ExpectationValidationResult", one: BoundCheck, suite: Suite) -> CheckResult:
    check = one.check
    failure = _raised(result.exception_info or {})
    if failure:
        error = broken(suite, check, f"it could not be run ({failure.name}).", "Correct it in the suite.")
        raise error from (failure if check.ours_in else None)
    facts = result.result
    count, positions = facts.get("unexpected_count"), facts.get("unexpected_index_list")
    if positions is not None and len(positions) != count:
        raise broken(suite, check, f"it names {len(positions)} of {count} failing rows.")
    rows = None if positions is None or one.judges_column else np.asarray(positions, dtype=np.int64)
    return CheckResult(one, bool(result.success), rows, count, facts.get("observed_value"))


class _InsideGX(Exception):
    """An error that GX caught: the traceback, which can hold cells, as its text, and what it is called."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        found = _ERROR_NAME.search(text)
        self.name = found[1].rsplit(".", 1)[-1] if found else "an error inside GX"


def _raised(info: Mapping[str, Any]) -> _InsideGX | None:
    """Return the error behind *info*, None if there was none.

    GX gives one record of an exception, or one for each metric that failed.
    """
    records = [info] if "raised_exception" in info else list(info.values())
    for record in records:
        if record["raised_exception"]:
            return _InsideGX(record["exception_traceback"] or "")
    return None
