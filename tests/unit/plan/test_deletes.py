"""Who may be deleted, long after the suspend, and the webinars that would go with them."""

import asyncio
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tasks.journal import RunFolder
from tasks.journal.products import load_state
from tasks.model.errors import RefusedByTarget
from tasks.model.state import TargetState
from tasks.model.tables import ACCOUNTS, GRANTS, GROUPS, LICENCES, LINKS, WEBINARS
from tasks.plan.deletes import due_for_deletion, lost_webinars
from tasks.plan.stage import read_target

LATER = {"grace": "0d", "delete": "30d"}
WEBINAR = {"webinar_key": "1", "account_key": "7001", "subject": "Spring launch", "starts": "2026-05-04T09:00:00Z"}


@pytest.fixture
def deletable(case: Any, make: Any) -> Any:
    """Worker 1 is gone, was suspended long ago, and may be deleted; a webinar of theirs is still to come."""
    case.policy(lifecycle=LATER)
    case.accounts.append(make.account("7001", "1"))
    case.links = [make.link("1", "7001", state="suspended", suspended_on="2026-01-01")]
    case.webinars = [WEBINAR]
    return case


def test_a_delete_that_would_lose_a_webinar_waits_for_a_hand_over_and_names_it(deletable: Any) -> None:
    plan = deletable.plan()
    assert plan.changes == ()
    [item] = plan.withheld
    assert (item.action, item.reason, item.detail) == ("delete", "webinars", "Spring launch (2026-05-04)")


def test_nobody_is_deleted_who_holds_a_role_again(deletable: Any) -> None:
    deletable.webinars = []
    assert deletable.steps() == [("delete", "1")]
    deletable.accounts[-1]["roles"] = ("MANAGE_USERS",)
    assert deletable.steps() == [("suspend", "1")]


def test_a_webinar_that_somebody_else_organises_too_is_not_lost(deletable: Any, make: Any) -> None:
    deletable.accounts.append(make.account("7002", "2"))
    deletable.webinars = [WEBINAR | {"shared_with": ("7002",)}]
    assert deletable.steps() == [("delete", "1")]
    assert "webinars" not in deletable.change("delete").before


def test_two_organisers_who_are_both_due_do_not_cover_for_each_other(deletable: Any, make: Any) -> None:
    deletable.accounts.append(make.account("7002", "2"))
    deletable.links.append(make.link("2", "7002", state="suspended", suspended_on="2026-01-01"))
    deletable.webinars = [
        WEBINAR | {"shared_with": ("7002",)},
        WEBINAR | {"webinar_key": "2", "account_key": "7002", "subject": "Autumn", "shared_with": ("7001",)},
    ]
    assert deletable.steps() == []
    assert deletable.withheld() == [("delete", "webinars", "1"), ("delete", "webinars", "2")]


@pytest.mark.prove
@pytest.mark.parametrize(
    ("link", "grace"),
    [({"state": "suspended", "suspended_on": "2026-03-01"}, "0d"), ({"state": "active"}, "0d"),
     ({"state": "active"}, "90d")],
    ids=["suspended", "being suspended", "in grace"],
)  # fmt: skip
def test_an_organiser_who_is_going_too_does_not_keep_a_webinar(
    deletable: Any, make: Any, link: dict[str, str], grace: str
) -> None:
    deletable.policy(lifecycle=LATER | {"grace": grace})
    deletable.accounts.append(make.account("7002", "2"))
    deletable.links.append(make.link("2", "7002", **link))
    deletable.webinars = [WEBINAR | {"shared_with": ("7002",)}]
    assert ("delete", "webinars", "1") in deletable.withheld()


def test_an_organiser_who_has_no_account_here_does_not_keep_a_webinar(deletable: Any) -> None:
    deletable.webinars = [WEBINAR | {"shared_with": ("7002",)}]
    assert deletable.withheld() == [("delete", "webinars", "1")]


def test_where_webinars_may_be_lost_the_delete_names_them(deletable: Any) -> None:
    deletable.policy(lifecycle=LATER | {"webinars": "lose"})
    assert deletable.change("delete").before["webinars"] == ["Spring launch (2026-05-04)"]


def test_many_webinars_are_counted_after_the_first(deletable: Any) -> None:
    deletable.webinars = [
        WEBINAR | {"webinar_key": str(n), "subject": f"Part {n}", "starts": f"2026-05-1{n}T09:00:00Z"} for n in range(7)
    ]
    [item] = deletable.plan().withheld
    assert item.detail.startswith("Part 0 (2026-05-10); Part 1 (2026-05-11)")
    assert item.detail.endswith("; and 2 more")


def test_the_day_of_a_webinar_is_that_of_the_pipelines_zone(deletable: Any) -> None:
    deletable.policy(lifecycle=LATER, timezone="Asia/Tokyo")
    deletable.webinars = [WEBINAR | {"starts": "2026-05-04T20:00:00Z"}]
    assert deletable.plan().withheld[0].detail == "Spring launch (2026-05-05)"


def test_a_webinar_without_title_or_day_keeps_its_organiser_too(deletable: Any) -> None:
    deletable.webinars = [{"webinar_key": "1", "account_key": "7001"}]
    assert deletable.plan().withheld[0].detail == "no title (day unknown)"


def test_nobody_is_told_to_hand_over_what_belongs_to_somebody_who_may_be_here(deletable: Any, make: Any) -> None:
    deletable.held = [make.worker("1")]
    assert deletable.withheld() == [("delete", "held", "1")]


def test_webinars_of_a_protected_account_are_no_matter(deletable: Any) -> None:
    deletable.policy(lifecycle=LATER, protect=["user:1@acme.example"])
    assert deletable.withheld() == [("delete", "protected", "1")]


def test_a_delete_is_due_a_number_of_days_after_the_suspend(deletable: Any) -> None:
    links, state, lifecycle = LINKS.frame(deletable.links), deletable.state(), deletable.pipeline.lifecycle
    assert due_for_deletion(links, state, lifecycle, date(2026, 1, 30)) == []
    assert due_for_deletion(links, state, lifecycle, date(2026, 1, 31)) == ["7001"]
    assert due_for_deletion(links, state, deletable.policy().pipeline.lifecycle, date(2026, 3, 2)) == []


def test_whoever_holds_something_or_is_gone_from_the_tenant_is_not_due(deletable: Any, make: Any) -> None:
    deletable.links += [
        make.link("2", "7002", state="suspended", suspended_on="2026-01-01"),
        make.link("3", "7003", state="suspended", suspended_on="2026-01-01"),
    ]
    deletable.accounts.append(make.account("7002", "2"))
    deletable.grants = [("7002", "9002")]
    due = due_for_deletion(
        LINKS.frame(deletable.links), deletable.state(), deletable.pipeline.lifecycle, date(2026, 3, 2)
    )
    assert due == ["7001"]


class Tenant:
    """A target that holds a state, and notes of whom it was asked for webinars."""

    def __init__(self, state: Any) -> None:
        self.state = state
        self.asked: list[list[str]] = []

    async def identify(self) -> str:
        return "3001"

    async def read(self) -> Any:
        return self.state

    async def read_webinars(self, account_keys: list[str]) -> Any:
        self.asked.append(account_keys)
        return WEBINARS.frame([WEBINAR])


@pytest.mark.parametrize(("due", "asked", "found"), [(["7001"], [["7001"]], ["1"]), ([], [], [])])
def test_webinars_are_read_of_those_alone_who_are_due(
    deletable: Any, tmp_path: Path, due: list[str], asked: list[list[str]], found: list[str]
) -> None:
    deletable.webinars = []
    tenant: Any = Tenant(deletable.state())
    folder = RunFolder(tmp_path)
    asyncio.run(read_target(tenant, folder, lambda state: due))
    assert tenant.asked == asked
    assert list(load_state(folder).webinars["webinar_key"]) == found


def test_where_the_target_refuses_to_tell_of_webinars_nobody_is_deleted(tmp_path: Path) -> None:
    nobody = TargetState(ACCOUNTS.empty(), GRANTS.empty(), GROUPS.empty(), LICENCES.empty())

    class Refusing:
        async def identify(self) -> str:
            return "3001"

        async def read(self) -> TargetState:
            return nobody

        async def read_webinars(self, keys: Any) -> Any:
            raise RefusedByTarget("GoTo refused to list scheduled webinars.", status=403)

    asyncio.run(read_target(Refusing(), RunFolder(tmp_path), lambda _: ["7001"]))  # type: ignore[arg-type]
    webinars = load_state(RunFolder(tmp_path)).webinars
    assert lost_webinars(webinars, {"7001"}, ZoneInfo("UTC")).keys() == {"7001"}
