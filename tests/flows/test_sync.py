"""Whole runs against a sandbox: what is asked for is what is done, told alike by flow, journal, report and tenant."""

import json
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.support.waiting import wait_for

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
FIRST, NEXT = datetime(2026, 9, 1, 2), datetime(2026, 10, 5, 2)  # noqa: DTZ001 - in the pipeline's time zone
GIVEN = {
    "Sales": ("G2W", "Revenue"),
    "Marketing": ("G2W", "Revenue"),
    "Training": ("G2T", "People"),
    "Human Resources": ("G2T", "People"),
    "Support": ("G2M", "Service"),
    "Customer Success": ("G2M", "Service"),
    "Engineering": ("G2M", None),
    "Finance": ("G2M", None),
    "It": ("G2M", None),
    "Legal": ("G2M", None),
}
"""The product and the group that the rules of the sample give to each department."""


@dataclass
class Act:
    """One run, and the tenant as it was left: its people, the mails of this run, what this run wrote."""

    ended: Any
    people: dict[str, Any] = field(repr=False)
    mails: dict[str, int]
    writes: list[str]


class Listener(logging.Handler):
    """Keeps every line that is logged."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@dataclass
class Year:
    """The acts of the sample company, and what was logged meanwhile."""

    first: Act
    following: Act
    again: Act
    truncated: Act
    log: list[str] = field(repr=False)


@contextmanager
def listening() -> Iterator[list[str]]:
    """Hear what is logged from INFO on, whichever logger it is."""
    listener, root = Listener(), logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in ("prefect", "httpx", "tasks"))]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.INFO)
    for logger in loggers[:2]:  # Prefect's own do not reach the root
        logger.addHandler(listener)
    try:
        yield listener.lines
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
            logger.removeHandler(listener)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory, served: Any, new_office: Any, furnish: Any, sync: Any) -> Year:
    """Play the sample company: first month, next month, the same once more, a truncated file."""
    office = new_office(tmp_path_factory.mktemp("year"))
    served.reset(sample_tenant())
    furnish(office, served.url, "acme.yaml")

    def act(workbook: str, as_of: datetime) -> Act:
        shutil.copy(SAMPLES / workbook, office.folder / "acme_staff.xlsx")
        mails, writes = served.mails(), served.writes()
        ended = sync(office, as_of=as_of)
        people = {address.lower(): person for address, person in served.people().items()}
        return Act(ended, people, served.mails() - mails, served.writes()[len(writes) :])

    with pytest.MonkeyPatch.context() as patch, listening() as log:
        patch.setenv("ROSTERFLOW_HOME", str(office.home))
        return Year(
            act("acme_staff.xlsx", FIRST),
            act("acme_staff_next.xlsx", NEXT),
            act("acme_staff_next.xlsx", NEXT),
            act("acme_staff_truncated.xlsx", NEXT),
            log,
        )


def sample_tenant() -> Any:
    return json.loads((SAMPLES / "acme_tenant.json").read_text(encoding="utf-8"))


def roster(name: str) -> dict[str, tuple[str, bool, str]]:
    """Return the rows of a sample workbook by address: the employee number, whether active, the department."""
    sheet = openpyxl.load_workbook(SAMPLES / name)["Staff"]
    rows = [row for row in sheet.iter_rows(min_row=2, values_only=True) if row[0]]
    return {
        f"{row[1].lower()}@acme.example": (row[0], row[6].lower() == "active", row[4].strip().title()) for row in rows
    }


def given(person: dict[str, Any]) -> tuple[set[str], str | None]:
    return set(person["licenseKeys"]), person.get("groupName")


# The first month ----------------------------------------------------------------------------------------------------


def test_the_first_month_adopts_who_is_there_and_creates_the_others(year: Year) -> None:
    ended = year.first.ended
    assert (ended.state_type, ended.state, ended.code) == ("COMPLETED", "Completed", 0)
    assert (ended.actions["adopt"], ended.actions["create"]) == (20, 267)
    assert ended.summary["outcomes"]["not_done"] == ended.summary["outcomes"]["not_sent"] == 0
    assert ended.summary["sources"][0]["held"] == 1
    assert len(year.first.people) == 24 + 267


def test_everybody_holds_what_the_rules_say(year: Year) -> None:
    checked = 0
    for address, (_, active, department) in roster("acme_staff.xlsx").items():
        if not active or " " in address:  # left, or held
            assert address not in year.first.people
            continue
        product, group = GIVEN[department]
        person = year.first.people[address]
        assert product in person["products"]
        assert group is None or person["groupName"] == group
        checked += 1
    assert checked == 287


def test_an_adopted_account_keeps_what_it_held(year: Year) -> None:
    declared = {user["email"]: user for user in sample_tenant()["users"]}
    known = declared.keys() & roster("acme_staff.xlsx").keys()
    assert len(known) == 20
    for address in known:
        assert set(declared[address]["licenceKeys"]) <= set(year.first.people[address]["licenseKeys"])


@pytest.mark.parametrize("act", ["first", "following"])
def test_the_mails_that_were_foretold_are_those_that_went_out(year: Year, act: str) -> None:
    played = getattr(year, act)
    assert played.mails == played.ended.summary["mails"]
    assert played.mails["welcome"] == played.ended.actions["create"]


# The next month -----------------------------------------------------------------------------------------------------


def test_the_next_month_has_joiners_movers_and_leavers(year: Year) -> None:
    ended = year.following.ended
    assert (ended.state, ended.code) == ("Completed", 0)
    done = ended.summary["people"]["done"]
    assert (done["given_access"], done["updated"], done["suspended"]) == (9, 6, 5)
    causes = {cause for cause, number in ended.summary["changes"]["by_cause"].items() if number}
    assert causes == {"joiner", "mover", "leaver"}


def test_leavers_lose_every_product_and_stay(year: Year) -> None:
    before, after = roster("acme_staff.xlsx"), roster("acme_staff_next.xlsx")
    numbers = {number for number, active, _ in after.values() if active} | {"00133", "00310"}  # two rows are held
    left = {address for address, (number, active, _) in before.items() if active and number not in numbers}
    assert len(left) == 5
    for address in left:
        assert given(year.first.people[address])[0]
        assert year.following.people[address]["status"] == "SUSPENDED"
        assert year.following.people[address]["licenseKeys"] == []


def test_a_mover_gets_the_new_product_and_group_and_loses_the_old(year: Year) -> None:
    before, after = roster("acme_staff.xlsx"), roster("acme_staff_next.xlsx")
    moves = {one: (before[one][2], after[one][2]) for one in after if one in before and before[one][2] != after[one][2]}
    assert len(moves) == 6
    lost = 0  # who moves to something that the licence they hold gives too keeps that licence
    for address, (old, new) in moves.items():
        product, group = GIVEN[new]
        person = year.following.people[address]
        assert product in person["products"]
        assert person.get("groupName") == group
        lost += GIVEN[old][0] not in person["products"]
    assert lost >= 1


def test_an_exception_lets_a_mover_keep_a_product(year: Year) -> None:
    [address] = [one for one, (number, *_) in roster("acme_staff_next.xlsx").items() if number == "00247"]
    for act in (year.first, year.following):
        assert "G2W" in act.people[address]["products"]
    assert year.following.people[address].get("groupName") is None


def test_people_whose_rows_are_held_keep_what_they_have(year: Year) -> None:
    assert year.following.ended.summary["sources"][0]["held"] == 2
    addresses = [one for one, (number, *_) in roster("acme_staff.xlsx").items() if number in ("00133", "00310")]
    for address in addresses:
        for later in (year.following, year.again, year.truncated):
            assert later.people[address] == year.first.people[address]
            assert later.people[address]["licenseKeys"]


@pytest.mark.parametrize(
    "address",
    ["breakglass@acme.example", "meeting.room.one@acme.example", "former.temp@acme.example", "agency@partner.example"],
)
def test_who_is_protected_or_in_no_roster_is_untouched(year: Year, address: str) -> None:
    declared = next(user for user in sample_tenant()["users"] if user["email"] == address)
    for act in (year.first, year.following, year.again, year.truncated):
        person = act.people[address]
        assert person["licenseKeys"] == declared["licenceKeys"]
        assert person["adminRoles"] == declared["adminRoles"]
        assert (person["firstName"], person["lastName"]) == (declared["firstName"], declared["lastName"])


# Quiet and refused runs ---------------------------------------------------------------------------------------------


def test_the_same_roster_again_sends_nothing_and_says_so(year: Year) -> None:
    assert (year.again.ended.state, year.again.ended.code) == ("Completed", 0)
    assert year.again.ended.summary["headline"].startswith("Nothing needed to be changed, and nothing was sent.")
    assert year.again.writes == []
    assert year.again.people == year.following.people


def test_a_truncated_roster_is_refused_and_nothing_is_sent(year: Year) -> None:
    ended = year.truncated.ended
    assert (ended.state_type, ended.state, ended.code) == ("FAILED", "Source refused", 6)
    assert "200 rows, 305 before (34% fewer, limit 20%). Nothing was sent." in ended.message
    assert year.truncated.writes == []
    assert year.truncated.people == year.following.people


# What Prefect is told -----------------------------------------------------------------------------------------------


def test_the_run_in_prefect_says_what_the_command_says(year: Year, prefect_server: Any) -> None:
    for act in (year.first, year.again, year.truncated):
        run = prefect_server.ask("GET", f"flow_runs/{act.ended.flow_run}")
        assert (run["state_type"], run["state_name"]) == (act.ended.state_type, act.ended.state)


def test_every_run_leaves_its_figures_and_a_link_to_its_report_in_prefect(year: Year, prefect_server: Any) -> None:
    for act in (year.first, year.truncated):
        chosen = {"flow_runs": {"id": {"any_": [act.ended.flow_run]}}}
        artifacts = {item["key"]: item for item in prefect_server.ask("POST", "artifacts/filter", chosen)}
        assert artifacts.keys() == {"rosterflow-summary", "rosterflow-report"}
        assert artifacts["rosterflow-summary"]["description"] == act.ended.summary["headline"]
        assert (act.ended.folder / "report.html").as_uri() in artifacts["rosterflow-report"]["data"]


def test_no_name_and_no_address_is_in_prefects_database_or_in_the_logs(year: Year, prefect_server: Any) -> None:
    chosen = {"logs": {"flow_run_id": {"any_": [year.truncated.ended.flow_run]}}}
    wait_for(lambda: prefect_server.ask("POST", "logs/filter", chosen), "Prefect's log")  # sent a moment later
    assert year.log
    stored = prefect_server.stored() + "\n".join(year.log).encode()
    people = roster("acme_staff.xlsx") | roster("acme_staff_next.xlsx")
    parts = {address.partition("@")[0] for address in people} | {"acme.example", "breakglass", "partner.example"}
    assert {part for part in parts if part.encode() in stored} == set()


def test_summary_and_redacted_report_have_no_name_and_no_address(year: Year) -> None:
    people = roster("acme_staff.xlsx") | roster("acme_staff_next.xlsx")
    parts = {address.partition("@")[0] for address in people} | {"acme.example"}
    for act in (year.first, year.following, year.truncated):
        for name in ("summary.json", "report-redacted.html"):
            text = (act.ended.folder / name).read_text(encoding="utf-8").lower()
            assert {part for part in parts if part in text} == set()


# Plan, then apply ---------------------------------------------------------------------------------------------------


@pytest.fixture
def make_plan(office: Any, rosterflow: Any) -> Callable[[], Any]:
    """Make a plan by the command; return its summary."""

    def plan() -> Any:
        said = rosterflow("plan", office.save(), "--json")
        assert said.code == 3, said.err
        return json.loads(said.out)

    return plan


def test_applying_a_plan_sends_exactly_that_plan(office, make_plan, apply, tenant) -> None:
    planned = make_plan()
    assert tenant.writes() == []

    ended = apply(office, planned["run"]["run_id"])

    assert (ended.state, ended.code) == ("Completed", 0)
    assert (ended.folder / "plan.jsonl").read_bytes() == (Path(planned["folder"]) / "plan.jsonl").read_bytes()
    assert ended.summary["run"]["plan_hash"] == planned["run"]["plan_hash"]
    assert (ended.summary["outcomes"]["not_sent"], ended.summary["outcomes"]["not_done"]) == (0, 0)
    assert tenant.mails() == planned["mails"] == ended.summary["mails"]
    assert {address: given(person) for address, person in tenant.people().items()} == {
        "breakglass@acme.example": (set(), None),
        "ada.byrne@acme.example": ({"9001"}, "Revenue"),
        "bo.lind@acme.example": ({"9001", "9002"}, "Revenue"),
        "cleo.ward@acme.example": ({"9002"}, None),
        "dag.orme@acme.example": ({"9002"}, None),
        "eve.holt@acme.example": ({"9002"}, None),
        "finn.rask@acme.example": ({"9002"}, None),
    }


@pytest.mark.prove
def test_applying_a_plan_twice_sends_it_once(office, make_plan, apply, tenant) -> None:
    planned = make_plan()
    assert apply(office, planned["run"]["run_id"]).code == 0
    sent, mails = tenant.writes(), tenant.mails()

    ended = apply(office, planned["run"]["run_id"])

    assert (ended.state, ended.code) == ("Completed", 0)
    assert (tenant.writes(), tenant.mails()) == (sent, mails)


@pytest.mark.prove
def test_a_blocked_plan_passes_once_with_a_reason_that_is_recorded(
    office, make_plan, sync, apply, tenant, staff
) -> None:
    from tasks.journal import Journal

    office.spec["limits"] = {"suspend": {"count": "0"}}
    assert sync(office).code == 0
    sent = tenant.writes()
    office.staff(staff[:-1])
    blocked = sync(office)
    assert (blocked.state, blocked.code, tenant.writes()) == ("Blocked", 5, sent)

    ended = apply(office, blocked.folder.name, override="The Legal team was spun off")

    assert (ended.state, ended.code) == ("Completed", 0)
    assert tenant.people()["finn.rask@acme.example"]["status"] == "SUSPENDED"
    with Journal.open(office.home / "journal.db") as journal:
        [decision] = journal.decisions(blocked.summary["run"]["plan_hash"])
    assert (decision.kind, decision.spent_by) == ("override", ended.data["run_id"])
    assert decision.facts["reason"] == "The Legal team was spun off"
    sent = tenant.writes()
    assert apply(office, blocked.folder.name).code == 0  # nothing is left of it that could be over a limit
    assert tenant.writes() == sent


@pytest.mark.prove
def test_an_override_of_sync_is_for_the_plan_that_it_names(office, sync, tenant, staff) -> None:
    office.spec["limits"] = {"suspend": {"count": "0"}}
    assert sync(office).code == 0
    office.staff(staff[:-1])
    named = sync(office).summary["run"]["plan_hash"]
    office.staff(staff[:-2])
    other = sync(office, override=named)
    assert (other.state, other.code) == ("Blocked", 5)
    office.staff(staff[:-1])
    assert sync(office, override=named).code == 0
    people = tenant.people()
    assert people["finn.rask@acme.example"]["status"] == "SUSPENDED"
    assert people["eve.holt@acme.example"]["licenseKeys"] == ["9002"]


# Drift --------------------------------------------------------------------------------------------------------------


def test_what_an_admin_changed_by_hand_is_put_right_and_called_drift(office, sync, tenant) -> None:
    assert sync(office).code == 0
    before = tenant.people()
    key = before["cleo.ward@acme.example"]["key"]
    tenant.admin("DELETE", f"licenses/9002/users/{key}")
    tenant.admin("PUT", f"users/{key}", {"lastName": "Wrong"})

    ended = sync(office)

    assert ended.code == 0
    assert ended.actions == {"grant": 1, "update": 1}
    assert {change["cause"] for change in ended.changes()} == {"drift"}
    after = tenant.people()
    assert given(after["cleo.ward@acme.example"]) == ({"9002"}, None)
    assert after["cleo.ward@acme.example"]["lastName"] == "Ward"


def test_somebody_who_was_changed_after_the_plan_is_skipped_and_named(
    office, make_plan, apply, tenant, declared
) -> None:
    admin, bo = declared["users"]
    tenant.reset({**declared, "users": [admin, {**bo, "lastName": "Lynd"}]})
    planned = make_plan()
    assert planned["changes"]["by_action"]["update"] == 1
    tenant.admin("PUT", "users/7002", {"lastName": "Lundh"})

    ended = apply(office, planned["run"]["run_id"])

    assert (ended.state_type, ended.state, ended.code) == ("FAILED", "Partial", 4)
    assert ended.summary["outcomes"]["by_status"]["stale"] == ended.summary["outcomes"]["not_done"] == 1
    assert tenant.people()["bo.lind@acme.example"]["lastName"] == "Lundh"
    page = (ended.folder / "report.html").read_text(encoding="utf-8")
    failures = page[page.index('<section id="failures"') : page.index('<section id="limits"')]
    assert "bo.lind@acme.example" in failures


# As a worker runs it ------------------------------------------------------------------------------------------------


def test_a_run_that_is_refused_raises_nothing_where_its_result_is_asked_for(office, tenant, prefect_server) -> None:
    from flows import nightly

    (office.folder / "staff.csv").unlink()
    with listening() as log:
        data = nightly.sync(pipeline=office.save())  # as a worker's engine calls it: without return_state
    assert data["exit_code"] == 6
    assert any("does not exist" in line for line in log)
    assert "Traceback" not in "\n".join(log)
