"""Validate a roster with a suite."""

from collections.abc import Mapping

import pandas as pd

from tasks.model.rosters import Roster, Verdict
from tasks.validate.binding import bind
from tasks.validate.findings import findings_from
from tasks.validate.suites import Suite
from tasks.validate.verdicts import judge


def validate(roster: Roster, suite: Suite, headings: Mapping[str, str]) -> Verdict:
    """Return what *suite* says of each row of *roster*: clean, held, and the findings, those of mapping included.

    *headings* maps each mapped attribute to its heading in the source. Raises ``RejectedSource`` if the roster cannot
    be trusted as a whole (empty, a key column blank, a required attribute not mapped) and ``BadPipeline`` if the
    suite has an expectation that GX does not know, or cannot run.
    """
    return judge(roster, find(roster, suite, headings))


def find(roster: Roster, suite: Suite, headings: Mapping[str, str]) -> pd.DataFrame:
    """Return what the checks alone found (FINDINGS, without values). This is what takes the time."""
    from tasks.validate.engine import run_checks

    results = run_checks(roster.workers[sorted(roster.mapped)], bind(suite, roster), suite)
    return findings_from(roster, results, headings)
