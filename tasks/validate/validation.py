"""Validate a roster with a suite."""

from collections.abc import Mapping
from datetime import date

import pandas as pd

from tasks.model.rosters import Roster, Verdict
from tasks.validate.binding import bind
from tasks.validate.findings import findings_from
from tasks.validate.leavers import marked
from tasks.validate.suites import Suite
from tasks.validate.verdicts import judge


def validate(roster: Roster, suite: Suite, headings: Mapping[str, str], today: date) -> Verdict:
    """Return what *suite* says of each row of *roster*: clean, held, and the findings, those of mapping included.

    *headings* maps each mapped attribute to its heading in the source; *today* tells who has left. Raises
    ``RejectedSource`` if the roster cannot be trusted as a whole (empty, a column blank, a required attribute not
    mapped) and ``BadPipeline`` if the suite has an expectation that GX does not know, or cannot run
    (``FaultyCheck`` if that is one of this program).
    """
    return judge(roster, find(roster, suite, headings, today), today)


def find(roster: Roster, suite: Suite, headings: Mapping[str, str], today: date) -> pd.DataFrame:
    """Return what the checks alone found (FINDINGS, without values). This is what takes the time."""
    from tasks.validate.engine import run_checks

    table = marked(roster.workers, sorted(roster.mapped), today)
    results = run_checks(table, bind(suite, roster), suite)
    return findings_from(roster, results, headings)
