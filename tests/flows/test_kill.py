"""``kill -9`` at any instant, then the same command: the tenant ends as if nothing had happened.

The engine without Prefect, in processes that are killed, against the sandbox in a process of its own, over HTTP.
"""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from tasks.connectors.goto import Credentials, open_goto
from tasks.journal import Journal
from tasks.model.operations import GOOD
from tasks.model.pipeline import SANDBOX_AUTH, GotoTarget
from tasks.model.plan import Action, Plan
from tests.support import kill_driver
from tests.support.effort import sampled
from tests.support.plans import PlanBuilder
from tests.support.waiting import wait_for

MEETING, WEBINAR = "9001", "9002"
HOSTS = "6001"
LEAVERS = [str(7101 + number) for number in range(6)]
STAYERS = [str(7201 + number) for number in range(8)]
JOINERS = [str(number) for number in range(101, 127)]
WAIT_S = 30.0

STATE = {
    "account": {"key": "3001", "name": "Acme GmbH"},
    "licences": [
        {"key": MEETING, "description": "GoTo Meeting", "products": ["G2M"], "seats": 100},
        {"key": WEBINAR, "description": "GoTo Webinar", "products": ["G2W", "G2M"], "seats": 100},
    ],
    "users": [
        {"key": "7001", "email": "admin@acme.example", "firstName": "Avery", "lastName": "Keeper",
         "adminRoles": ["SUPER_USER"]},
        *({"key": key, "email": f"p{key}@acme.example", "firstName": "Pat", "lastName": "Old",
           "licenceKeys": [MEETING, WEBINAR], "adminRoles": ["MANAGE_USERS"]} for key in LEAVERS),
        *({"key": key, "email": f"p{key}@acme.example", "firstName": "Pat", "lastName": "Old",
           "licenceKeys": [MEETING]} for key in STAYERS),
    ],
    "organisation": {
        "name": "Acme",
        "domains": [{"domain": "acme.example"}],
        "admins": [{"user": "7001"}],
        "groups": [{"key": HOSTS, "name": "Hosts", "members": ["7001", *LEAVERS]}],
    },
}  # fmt: skip


def sample_plan() -> Plan:
    """Creates in two calls, one of them into a group that is new; suspends of three calls; grants and updates; roles
    that are limited to the new group; one directory group that is emptied and filled, and one made and filled."""
    builder = PlanBuilder()
    group = builder.group("Sales")
    trainers = builder.directory_group("Trainers")
    for key in LEAVERS:
        builder.adopt(key, [MEETING, WEBINAR])
        builder.quit(key, "Hosts", HOSTS)
        builder.suspend(key, [MEETING, WEBINAR], ["MANAGE_USERS"])
    for key in STAYERS:
        builder.adopt(key, [MEETING])
        builder.grant(key, WEBINAR, key=key)
        builder.update(key, {"family_name": "Old"}, {"family_name": "New"})
        builder.enter(key, "Trainers", None, key=key, needs=[trainers])
        builder.limited(key, ["MANAGE_USERS"], {"Sales": None}, key=key, needs=[group])
    for number, person in enumerate(JOINERS):
        create = builder.create(person)
        builder.grant(person, MEETING, needs=[create])
        builder.enter(person, "Hosts", HOSTS, needs=[create])
        if number % 2:
            builder.join(person, "Sales", None, needs=[create, group])
    return builder.plan()


@dataclass
class Nursery:
    """Gives birth to processes that apply the plan, in journals of their own."""

    process: "subprocess.Popen[str]"
    journal: Path = Path()
    runs: int = 0
    statuses: list[int] = field(default_factory=list)

    def life(self, kill_when: Callable[[], bool] | None = None) -> int:
        """Let one process apply the plan; kill it as soon as *kill_when* is true. Return its exit status."""
        self.runs += 1
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{self.journal} run-{self.runs}\n")
        self.process.stdin.flush()
        child = int(self.process.stdout.readline())
        if kill_when is not None:
            until = time.monotonic() + WAIT_S
            with suppress(ProcessLookupError):  # it may end by itself before
                while not kill_when() and time.monotonic() < until:
                    os.kill(child, 0)
                    time.sleep(0.0002)
                os.kill(child, signal.SIGKILL)
        self.statuses.append(int(self.process.stdout.readline()))
        return self.statuses[-1]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("sandbox")
    (folder / "state.json").write_text(json.dumps(STATE))
    files = {"--store": "store.db", "--state": "state.json", "--port-file": "port"}
    options = [word for option, name in files.items() for word in (option, str(folder / name))]
    command = [sys.executable, "-m", "tasks.sandbox", *options, "--port", "0", "--no-rate-limit"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        wait_for((folder / "port").exists, "the sandbox")
        yield f"http://127.0.0.1:{(folder / 'port').read_text()}"
        process.terminate()


@pytest.fixture(scope="module")
def nursery(sandbox: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    path = tmp_path_factory.mktemp("plan") / "plan.jsonl"
    path.write_bytes(sample_plan().to_bytes())
    command = [sys.executable, str(Path(kill_driver.__file__)), sandbox, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Nursery(process)
        process.stdin.close()


@pytest.fixture
def fresh(sandbox: str, nursery: Nursery, tmp_path: Path) -> Callable[[str], Nursery]:
    """A tenant as it was before the plan, and a journal that knows nothing."""

    def begin(name: str) -> Nursery:
        httpx.post(f"{sandbox}/sandbox/reset", json=STATE).raise_for_status()
        nursery.journal = tmp_path / name / "journal.db"
        return nursery

    return begin


def rows(journal: Path) -> int:
    """Count what the journal has about calls: one for an intent, one more for its result."""
    if not journal.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=5)) as conn:
            return int(conn.execute("SELECT count(*) + count(concluded_at) FROM operations").fetchone()[0])
    except sqlite3.OperationalError:  # not a table yet
        return 0


def tenant(url: str) -> dict[str, Any]:
    """Return all that the tenant holds, by address, as the connector reads it."""

    async def read() -> dict[str, Any]:
        spec = GotoTarget(name="goto", kind="goto", account_key="3001", directory="read",
                          urls={"api": url, "token": f"{url}/oauth/token"}, requests_per_second=1000)  # fmt: skip
        secrets = {name: SecretStr(value) for name, value in SANDBOX_AUTH.items()}
        async with open_goto(spec, Credentials(**secrets)) as target:
            state = await target.read()
        names = dict(zip(state.groups["group_key"], state.groups["name"], strict=True))
        addresses = dict(zip(state.accounts["account_key"], state.accounts["user_name"], strict=True))
        fed = dict(zip(state.directory_groups["group_key"], state.directory_groups["name"], strict=True))
        pairs = zip(state.directory_members["group_key"], state.directory_members["account_key"], strict=True)
        licences = state.grants.groupby("account_key")["licence_key"].apply(sorted).to_dict()
        return {
            "addresses": Counter(state.accounts["user_name"]),
            "groups": sorted(names.values()),
            "directory groups": sorted(fed.values()),
            "directory members": sorted((fed[group], addresses[key]) for group, key in pairs),
            "people": {
                row.user_name: (
                    row.family_name, licences.get(row.account_key), row.roles, names.get(row.group_key),
                    [names[key] for key in row.managed_groups],
                )
                for row in state.accounts.itertuples()
            },
        }  # fmt: skip

    return asyncio.run(read())


def mails(url: str) -> list[tuple[str, str]]:
    sent = httpx.get(f"{url}/sandbox/outbox").raise_for_status().json()["mails"]
    return sorted((mail["kind"], mail["address"]) for mail in sent)


def links(journal: Path) -> dict[str, Any]:
    with Journal.open(journal) as opened:
        table = opened.links("acme", "goto")
        return {
            row["external_id"]: (row["state"], row["licences"], row["roles"], len(row["directory_groups"]))
            for row in table.to_dict("records")
        }


@pytest.mark.parametrize("spread", sampled([2, 9], {"2"}))
def test_a_run_that_was_killed_at_any_instant_ends_like_one_that_was_not(
    sandbox: str, fresh: Callable[[str], Nursery], spread: int
) -> None:
    plan = sample_plan()
    calm = fresh("calm")
    assert calm.life() == 0
    expected, expected_mails, expected_links = tenant(sandbox), mails(sandbox), links(calm.journal)
    instants = rows(calm.journal)
    welcomes = [f"p{person}@acme.example" for person in JOINERS]
    assert [address for kind, address in expected_mails if kind == "welcome"] == sorted(welcomes)
    hosts = [address for group, address in expected["directory members"] if group == "Hosts"]
    assert hosts == sorted([*welcomes, "admin@acme.example"])
    assert len(expected["directory members"]) == len(hosts) + len(STAYERS)

    killed = 0
    firsts = [1 + number * instants // spread for number in range(spread)]
    firsts += [instants - 3, instants - 1]  # the last calls are those to the directory
    for first in firsts:
        rough = fresh(f"rough-{first}")
        for instant in (first, first + 3):  # the second strikes while the first is being taken up again
            killed += rough.life(lambda journal=rough.journal, at=instant: rows(journal) >= at) == -signal.SIGKILL
        assert rough.life() == 0

        assert tenant(sandbox) == expected
        assert mails(sandbox) == expected_mails
        assert links(rough.journal) == expected_links
        with Journal.open(rough.journal) as journal:
            outcomes = journal.outcomes(plan.hash)
            assert len(outcomes) == len(plan.changes)
            assert all(outcome.status in GOOD for outcome in outcomes.values())
            assert journal.generation("acme") == 1
            assert journal.unfinished("acme") is None
    assert killed * 3 >= len(firsts) * 4  # a kill that comes when the work is done proves nothing


def roles_begun(journal: Path) -> int:
    """Count the calls for roles that a run has begun."""
    if not journal.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=5)) as conn:
            query = "SELECT count(*) FROM operations WHERE kind = 'set_roles' AND payload LIKE '%fallback%'"
            return int(conn.execute(query).fetchone()[0])
    except sqlite3.OperationalError:  # not a table yet
        return 0


@pytest.mark.prove
@pytest.mark.parametrize("begun", sampled([1, 3, 6], {"3"}))
def test_kills_leave_nobody_with_a_role_whose_limit_is_not_kept(
    sandbox: str, fresh: Callable[[str], Nursery], begun: int
) -> None:
    rough = fresh("careless")
    switches = f"{sandbox}/sandbox/switches"
    httpx.put(switches, json={"managed_groups": "ignored"}).raise_for_status()
    try:
        for number in (begun, begun + 1):  # the second strikes while the first is being taken up again
            rough.life(lambda number=number: roles_begun(rough.journal) >= number)
        assert rough.life() == 4
        people = tenant(sandbox)["people"]
    finally:
        httpx.put(switches, json={"managed_groups": "honoured"}).raise_for_status()

    assert -signal.SIGKILL in rough.statuses
    assert {people[f"p{key}@acme.example"][2] for key in STAYERS} == {()}
    with Journal.open(rough.journal) as journal:
        codes = [one.code for one in journal.outcomes(sample_plan().hash).values() if one.status not in GOOD]
    assert codes == ["roles.not.limited"] * len(STAYERS)


def test_kills_by_the_clock_until_the_work_is_done(sandbox: str, fresh: Callable[[str], Nursery]) -> None:
    rough = fresh("clock")
    span, status = 0.02, -signal.SIGKILL
    while status == -signal.SIGKILL:
        until = time.monotonic() + span
        status = rough.life(lambda end=until: time.monotonic() >= end)
        span *= 1.5

    assert status == 0
    welcomes = Counter(address for kind, address in mails(sandbox) if kind == "welcome")
    assert welcomes == Counter(f"p{person}@acme.example" for person in JOINERS)
    assert max(tenant(sandbox)["addresses"].values()) == 1


def test_applying_the_plan_once_more_sends_nothing(sandbox: str, fresh: Callable[[str], Nursery]) -> None:
    again = fresh("again")
    assert again.life() == 0
    before, calls = mails(sandbox), rows(again.journal)

    assert again.life() == 0

    assert (mails(sandbox), rows(again.journal)) == (before, calls)


def test_the_plan_of_this_test_is_worth_killing() -> None:
    actions = Counter(change.action for change in sample_plan().changes)
    assert (actions[Action.CREATE], actions[Action.SUSPEND], actions[Action.GRANT]) == (26, 6, 34)
    assert (actions[Action.ADD_DIRECTORY_MEMBER], actions[Action.REMOVE_DIRECTORY_MEMBER]) == (34, 6)
