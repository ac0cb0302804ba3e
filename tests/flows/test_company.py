"""A slow sync in company: beside it every other command and a second pipeline's sync, any of them killed at any moment.

All share one home. However it goes, the journal holds every call that the tenant saw, and the same commands, run once
more, end right. Each round has its own seed, which stands in what fails: ``ROSTERFLOW_COMPANY=200`` plays that many
rounds, ``ROSTERFLOW_COMPANY_SEED`` begins with that one.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tasks.journal import Journal
from tasks.model.operations import OperationKind
from tests.support.effort import examples
from tests.support.office import HEADINGS, Office, pipeline_for
from tests.support.tenant import TENANT, Tenant

ROUNDS = int(os.environ.get("ROSTERFLOW_COMPANY", examples(3)))
SEED = int(os.environ.get("ROSTERFLOW_COMPANY_SEED", "1"))
PIPELINES = ("acme", "beta")
TARGET = "goto:3001@127.0.0.1"
OLD, NEW = 8, 4
SPAN_S = 1.6
FINE = {"runs": {0}, "report": {0, 2}, "check": {0}, "plan": {0, 3, 9}, "accept": {2}, "doctor": {0, 2}}
"""How the other commands may end. While another pipeline is applied, a plan may be overtaken (9)."""

SHAPES = {
    OperationKind.CREATE_ACCOUNTS: r"POST .*/accounts/3001/users",
    OperationKind.ASSIGN_LICENCE: r"PUT .*/licenses/(?P<licence_key>\w+)/users/(?P<account_key>\w+)",
    OperationKind.JOIN_GROUP: r"PUT .*/groups/(?P<group_key>\w+)/users/(?P<account_key>\w+)",
}


def address(pipeline: str, number: int) -> str:
    return f"{pipeline}{number}@acme.example"


def staff(pipeline: str) -> list[tuple[str, ...]]:
    numbers = range(1, OLD + NEW + 1)
    departments = ("Sales", "Support")
    return [
        (f"{number:05}", f"{pipeline}{number}", pipeline.title(), f"P{number}", departments[number % 2], "Active")
        for number in numbers
    ]


def tenant_state() -> dict[str, Any]:
    """Return a tenant in which most people of both pipelines are, without what the rules give them."""
    there = [
        {"key": f"{7100 + 100 * place + number}", "email": address(pipeline, number), "firstName": pipeline.title(),
         "lastName": f"P{number}", "activated": True}
        for place, pipeline in enumerate(PIPELINES)
        for number in range(1, OLD + 1)
    ]  # fmt: skip
    return {**TENANT, "users": [TENANT["users"][0], *there]}


@dataclass
class Household:
    """One home with two pipelines, and the processes that work in it."""

    driver: "subprocess.Popen[str]"
    folder: Path
    home: Path
    begun: list[tuple[str, str, int]] = field(default_factory=list)

    def ask(self, order: Mapping[str, Any]) -> int:
        assert self.driver.stdin is not None
        assert self.driver.stdout is not None
        self.driver.stdin.write(json.dumps(order) + "\n")
        self.driver.stdin.flush()
        return int(self.driver.stdout.readline())

    def start(self, *words: str) -> int:
        says = self.folder / f"said-{len(self.begun)}-{words[0]}.txt"
        pid = self.ask({"start": words, "home": str(self.home), "says": str(says)})
        self.begun.append((words[0], str(says), pid))
        return pid

    def wait(self, pid: int) -> int:
        return self.ask({"wait": pid})

    def said(self, pid: int) -> str:
        says = next(Path(says) for _, says, known in reversed(self.begun) if known == pid)
        return says.read_text() if says.exists() else ""  # it was killed before it could say anything

    def pipeline(self, name: str) -> str:
        return str(self.folder / f"{name}.yaml")


@pytest.fixture(scope="module")
def driver() -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, str(Path(__file__).with_name("company_driver.py"))]
    environ = {**os.environ, "ROSTERFLOW_SETTLE_S": "0.2"}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ) as process:
        yield process
        process.kill()


def furnish(driver: "subprocess.Popen[str]", office: Office, url: str) -> Household:
    for name in PIPELINES:
        spec = pipeline_for(url)
        spec["name"] = name
        spec["sources"][0] |= {"name": f"hr-{name}", "path": f"{name}.csv"}
        lines = [",".join(row) for row in (HEADINGS, *staff(name))]
        (office.folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (office.folder / f"{name}.yaml").write_text(json.dumps(spec, indent=2), encoding="utf-8")
    return Household(driver, office.folder, office.home)


def others(house: Household) -> list[tuple[str, ...]]:
    return [
        ("runs",),
        ("runs", "--json"),
        ("report",),
        ("check", house.pipeline("acme")),
        ("plan", house.pipeline("beta")),
        ("accept", "latest", "--by", "Ada", "--reason", "sold"),
        ("doctor", house.pipeline("acme"), "--no-lookups"),
    ]


@dataclass(frozen=True)
class Event:
    """What is to happen once so much time has passed, or once the tenant has got so many writes."""

    what: str
    which: Any = None
    after_s: float = 0.0
    writes: int = 0


def happenings(house: Household, chance: random.Random) -> list[Event]:
    """Return what happens in a round: two syncs, other commands beside them, kills of either, of both, or of none."""

    def when() -> dict[str, Any]:
        by_clock = {"after_s": chance.uniform(0, SPAN_S)}
        return by_clock if chance.random() < 0.4 else {"writes": chance.randrange(1, 2 * OLD)}

    struck = chance.choice([("acme",), ("beta",), PIPELINES, ()])
    return [
        Event("sync", "acme"),
        Event("sync", "beta", after_s=chance.uniform(0, SPAN_S / 2)),
        *(Event("other", words, **when()) for words in chance.choices(others(house), k=5)),
        *(Event("kill", name, **when()) for name in struck),
        *(Event("kill other", chance.random(), **when()) for _ in range(chance.randrange(2))),
    ]


def play(house: Household, tenant: Tenant, chance: random.Random) -> dict[str, int]:
    """Let all of it happen, and return how each sync ended."""
    due = happenings(house, chance)
    struck = {event.which for event in due if event.what == "kill"}
    running: dict[str, int] = {}
    beside: dict[int, str] = {}
    killed: set[int] = set()
    began = time.monotonic()
    while due:
        passed, writes = time.monotonic() - began, len(tenant.writes())
        over = len(running) == len(PIPELINES) and not any(is_alive(pid) for pid in running.values())
        for event in [one for one in due if (passed >= one.after_s and writes >= one.writes) or over]:
            due.remove(event)
            if event.what == "sync":
                running[event.which] = house.start("sync", house.pipeline(event.which))
            elif event.what == "other":
                beside[house.start(*event.which)] = event.which[0]
            elif event.what == "kill":
                kill(running.get(event.which))
            elif beside:
                pid = sorted(beside)[int(event.which * len(beside))]
                killed.add(pid)
                kill(pid)
        time.sleep(0.01)
    for pid, word in beside.items():
        status = house.wait(pid)
        assert status in FINE[word] or (pid in killed and status == -signal.SIGKILL), house.said(pid)
        assert "unexpected" not in house.said(pid)
    ended = {name: house.wait(pid) for name, pid in running.items()}
    for name, status in ended.items():
        assert status == 0 or (name in struck and status == -signal.SIGKILL), house.said(running[name])
    return ended


def kill(pid: int | None) -> None:
    if pid is not None and is_alive(pid):
        os.kill(pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended stays until its parent is asked for its end."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def require_recorded(tenant: Tenant, home: Path) -> int:
    """Hold every write that the tenant saw against the calls in the journal; return how many there were."""
    recorded: Counter[tuple[str, ...]] = Counter()
    with Journal.open(home / "journal.db") as journal:
        for plan_hash in {run.plan_hash for run in journal.runs(None) if run.plan_hash}:
            for call in journal.calls(plan_hash):
                facts = {**call.attempt.payload, "account_key": call.attempt.account_key}
                recorded[call.attempt.kind, *_names(call.attempt.kind, facts)] += 1
    writes = tenant.writes()
    seen = Counter(_of(write) for write in writes)
    assert not seen - recorded, "the tenant saw calls that are on no record"
    return len(writes)


def _of(write: str) -> tuple[str, ...]:
    for kind, shape in SHAPES.items():
        if match := re.fullmatch(shape, write):
            return (kind, *_names(kind, match.groupdict()))
    raise AssertionError(f"{write} is a call that this test does not know")


def _names(kind: OperationKind, facts: Mapping[str, Any]) -> list[str]:
    keys = sorted(re.compile(SHAPES[kind]).groupindex) if kind in SHAPES else []
    return [str(facts[key]) for key in keys]


def require_right(tenant: Tenant, home: Path) -> None:
    """Everybody is there once, has what the rules give, is linked, and got one welcome at most."""
    people = tenant.people()
    with Journal.open(home / "journal.db") as journal:
        for pipeline in PIPELINES:
            links = journal.links(pipeline, TARGET)
            linked = dict(zip(links["external_id"], links["account_key"], strict=True))
            for number in range(1, OLD + NEW + 1):
                person = people[address(pipeline, number)]
                assert linked[f"{number:05}"] == person["key"]
                assert person["licenseKeys"]
            assert journal.unfinished(pipeline) is None
    assert set(tenant.mails_to("welcome").values()) == {1}
    assert len(tenant.mails_to("welcome")) == NEW * len(PIPELINES)


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_a_sync_in_company_leaves_every_call_on_record_and_its_rerun_ends_right(
    driver: "subprocess.Popen[str]", served: Tenant, new_office: Callable[[Path], Office], tmp_path: Path
) -> None:
    ends: Counter[str] = Counter()
    calls = 0
    for seed in range(SEED, SEED + ROUNDS):
        served.reset(tenant_state())
        slow = {"on": {"method": ["POST", "PUT"], "path": "/accounts/**"}, "fault": "slow", "for_s": 0.08}
        served.control("PUT", "faults", {"seed": seed, "rules": [slow]})
        house = furnish(driver, new_office(tmp_path / f"round-{seed}"), served.url)
        try:
            for name, status in play(house, served, random.Random(seed)).items():
                ends["killed" if status else "ended"] += 1
                if status:
                    again = house.start("sync", house.pipeline(name))
                    assert house.wait(again) == 0, house.said(again)
            calls += require_recorded(served, house.home)
            require_right(served, house.home)
        except BaseException as error:
            error.add_note(f"in the round of seed {seed}: ROSTERFLOW_COMPANY=1 ROSTERFLOW_COMPANY_SEED={seed}")
            raise
        finally:
            served.control("DELETE", "faults")
    sys.stdout.write(f"{ROUNDS} rounds from seed {SEED}: {dict(ends)}, {calls} writes, all on record\n")
    assert ends["killed"] > ROUNDS // 4
