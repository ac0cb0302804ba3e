"""Nothing grows faster than the people. Counted, not timed: calls, statements, how often a plan is written out.

Four times the people may take four times the calls, and a little for what is sorted.
"""

import hmac
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from tasks.journal import Journal, RunFolder, RunRecord, Settled
from tasks.journal.products import save_limits, save_verdict
from tasks.model.operations import Outcome, OutcomeStatus
from tasks.model.plan import Plan
from tasks.plan import Inputs, make_plan
from tasks.plan.limits import read_limits
from tasks.plan.stage import keep_plan, load_plan
from tasks.provision import close
from tasks.report.facts import RunFacts
from tasks.report.stage import write_report
from tests.bench.reported import SITUATIONS, inputs
from tests.support import company

NOW = datetime(2026, 3, 31, tzinfo=UTC)
FEW, MANY = 15, 60
AT_MOST = 4.5
FACTS = RunFacts(
    run_id="20260331-000009-7c1d00", command="plan", pipeline="bench", target="goto", as_of="2026-03-31",
    started_at="2026-03-31T02:00:09+02:00", finished_at="2026-03-31T02:00:41+02:00", plan_hash=None, state="pending",
    exit_code=3,
)  # fmt: skip


def planned(asked: Inputs, folder: RunFolder) -> Plan:
    """Plan and report as a run of ``plan`` does, from the verdicts on."""
    with Journal.open(folder.path("journal.db")) as journal:
        made = make_plan(asked)
        keep_plan(made, journal, folder, NOW)
    save_limits(folder, read_limits(made, asked.pipeline))
    plan = load_plan(folder)
    write_report(replace(FACTS, plan_hash=plan.hash), plan, {}, asked.pipeline, folder)
    return plan


def interrupted(plan: Plan, asked: Inputs, folder: RunFolder) -> None:
    """Close and report an application that was stopped when nothing was sent yet."""
    with Journal.open(folder.path("journal.db")) as journal:
        journal.begin_run(RunRecord("r1", "bench", "apply", NOW))
        journal.begin_applying("r1", plan.hash, NOW)
        close(plan, journal, "r1", NOW)
        outcomes = journal.outcomes(plan.hash)
    assert {one.status for one in outcomes.values()} == {OutcomeStatus.SKIPPED}
    write_report(replace(FACTS, state="partial", exit_code=4), plan, outcomes, asked.pipeline, folder)


def ready(base: Path, situation: str, people: int) -> tuple[Inputs, RunFolder]:
    folder = base / f"{situation}-{people}"
    asked = inputs(folder, situation, people)
    for name, verdict in asked.verdicts.items():
        save_verdict(RunFolder(folder), name, verdict)
    return asked, RunFolder(folder)


def calls(work: Callable[[], Any]) -> int:
    """Count the functions that *work* calls, Python's and C's."""
    counted = Counter[str]()

    def count(_frame: object, what: str, _argument: object) -> None:
        counted[what] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return counted["call"] + counted["c_call"]


@contextmanager
def statements() -> Iterator[list[str]]:
    """Give the statements that are sent to any database meanwhile; one for many rows is one."""
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def ratios(base: Path, situation: str, few: int, many: int) -> dict[str, float]:
    """Return how many times the calls many people take, for what is done after each other."""
    counted = []
    for people in (few, few, many):  # the first time, modules are imported and templates read
        asked, folder = ready(base, situation, people)
        company.forget_journal(folder.path("journal.db"))
        plans: list[Plan] = []
        counted.append(
            (
                calls(lambda: plans.append(planned(asked, folder))),  # noqa: B023
                calls(lambda: interrupted(plans[0], asked, folder)),  # noqa: B023
            )
        )
    return {name: counted[2][at] / counted[1][at] for at, name in enumerate(("planned", "interrupted"))}


def test_four_times_the_people_take_at_most_four_times_the_calls(tmp_path):
    assert max(ratios(tmp_path, "joiners", FEW, MANY).values()) <= AT_MOST


@pytest.mark.prove
@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_large_company_takes_no_more_calls_for_each_of_its_people(tmp_path, situation):
    assert max(ratios(tmp_path, situation, 250, 1_000).values()) <= AT_MOST


@pytest.mark.prove
def test_a_plan_is_written_out_once_and_parsed_once_until_its_reports_are_there(tmp_path, monkeypatch):
    counted = Counter[str]()
    for name in ("to_bytes", "from_bytes"):
        _count(monkeypatch, Plan, name, counted)
    asked, folder = ready(tmp_path, "joiners", 10)

    plan = planned(asked, folder)

    assert (len(plan.changes), dict(counted)) == (50, {"to_bytes": 1, "from_bytes": 1})


@pytest.mark.prove
def test_a_redacted_page_takes_its_key_in_once_whoever_is_on_it(tmp_path, monkeypatch):
    counted = Counter[str]()
    _count(monkeypatch, hmac, "new", counted)
    asked, folder = ready(tmp_path, "joiners", 10)

    planned(asked, folder)

    assert counted["new"] == 1


@pytest.mark.prove
def test_an_interrupted_application_is_closed_in_as_many_statements_for_few_as_for_many(tmp_path):
    counted = []
    for people in (3, 12):
        asked, folder = ready(tmp_path, "joiners", people)
        plan = planned(asked, folder)
        with statements() as seen:
            interrupted(plan, asked, folder)
        counted.append(len(seen))
    assert counted[0] == counted[1]


@pytest.mark.prove
def test_an_application_that_was_finished_is_closed_in_as_many_statements_for_few_as_for_many(tmp_path):
    counted = []
    for people in (14, 56):
        asked, folder = ready(tmp_path, "updates", people)
        plan = make_plan(asked)
        company.write_links(folder.path("journal.db"), people, company.pipeline(folder.root, "staff.csv"))
        with Journal.open(folder.path("journal.db")) as journal:
            keep_plan(plan, journal, folder, NOW)
            journal.begin_run(RunRecord("r1", "bench", "apply", NOW))
            journal.begin_applying("r1", plan.hash, NOW)
            done = [Settled(Outcome(change.change_id, OutcomeStatus.DONE)) for change in plan.changes]
            journal.conclude(plan.hash, "r1", NOW, settled=done)
            with statements() as seen:
                close(plan, journal, "r1", NOW)
            links = journal.links("bench", plan.header.target)
        noted = links.dropna(subset=["worker_digest"]).set_index("external_id")["worker_digest"].to_dict()
        assert noted == {change.external_id: change.worker_digest for change in plan.changes}
        counted.append(len(seen))
    assert counted[0] == counted[1]


def _count(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, counted: Counter[str]) -> None:
    kept = vars(owner)[name]

    def counting(*arguments: Any, **named: Any) -> Any:
        counted[name] += 1
        return getattr(kept, "__func__", kept)(*arguments, **named)

    monkeypatch.setattr(owner, name, classmethod(counting) if isinstance(kept, classmethod) else counting)
