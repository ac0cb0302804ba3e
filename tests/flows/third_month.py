"""The sample company in its third month: a sync that does everything that can be done to an account, without Prefect.

Two months have been synced; the third brings joiners, movers, leavers, new names, new roles, a new group, and deletes
those who were suspended in the second. ``Company`` puts tenant and journal back to the eve of it, as often as asked.
"""

import asyncio
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import openpyxl
from pydantic import SecretStr

from tasks.connectors.goto import Credentials, open_goto
from tasks.connectors.goto.breaker import Breaker
from tasks.connectors.goto.retries import Retries
from tasks.ingest.stage import ingest_source
from tasks.journal import Journal, RunFolder, RunRecord, RunStore
from tasks.model.errors import TargetError
from tasks.model.operations import Outcome
from tasks.model.pipeline import SANDBOX_AUTH
from tasks.model.plan import Action, Change
from tasks.pipeline_file import load_pipeline
from tasks.plan.stage import compute_plan, deletable, read_target
from tasks.provision import Runtime, apply_plan
from tasks.validate.stage import validate_source

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
MONTHS = (date(2026, 9, 1), date(2026, 10, 5), date(2026, 11, 20))
JOINERS = {"Sales": 24, "Engineering": 22, "Support": 3}
NEWCOMERS = """\
  - name: newcomers
    when: {department: Engineering, title: Assistant}
    grant: {products: [G2M], group: Newcomers, directory_groups: [GoTo Newcomers]}
  - name: desk
    when: {department: [Support, Finance, Legal]}
    grant: {directory_groups: [GoTo Desk]}
"""
"""A rule that nobody meets before the third month: its groups have to be made then. And one whose directory group
people join, leave by moving, and leave for good."""

ADMIN_KEY = "7001"
ORGANISATION = {"name": "Acme", "domains": [{"domain": "acme.example"}], "admins": [{"user": ADMIN_KEY}]}

FIELDS = {"given_name": "firstName", "family_name": "lastName", "locale": "locale", "user_name": "email"}
QUICK = Retries(attempts=4, timeout_s=30.0, first_wait_s=0.005, longest_wait_s=0.05, jitter_s=0.0)

Person = dict[str, Any]


@dataclass(frozen=True)
class Ended:
    """How a sync ended: its exit code, what stopped it, the changes it planned, and what became of each."""

    code: int
    error: TargetError | None
    changes: Sequence[Change] = ()
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)


@dataclass(frozen=True)
class View:
    """A tenant as two of them are compared: people by address, without the keys of those whom the sync has made.

    ``directory`` are the members of the directory's groups, by name; ``mails`` counts by kind and address.
    """

    people: dict[str, Person]
    groups: list[str]
    directory: dict[str, list[str]]
    mails: Counter[tuple[str, str]]

    @property
    def welcomed(self) -> Counter[str]:
        """Count the welcome mails by address."""
        return Counter({address: number for (kind, address), number in self.mails.items() if kind == "welcome"})

    def holds(self) -> tuple[Any, ...]:
        """Return everything but the mails."""
        shown = (
            "firstName", "lastName", "locale", "licenseKeys", "adminRoles", "managedGroupKeys", "groupName", "status"
        )  # fmt: skip
        people = {address: tuple(one.get(name) for name in shown) for address, one in self.people.items()}
        return people, self.groups, self.directory

    def is_so(self, change: Change) -> bool:
        """Tell whether what a change was to bring about is so."""
        if change.action == Action.CREATE_GROUP:
            return change.after["group"] in self.groups
        if change.action == Action.CREATE_DIRECTORY_GROUP:
            return change.after["directory_group"] in self.directory
        by_key = {one["key"]: one for one in self.people.values()}
        person = by_key.get(change.account_key or "") or self.people.get((change.user_name or "").casefold())
        if change.action == Action.DELETE or person is None:
            return change.action == Action.DELETE and person is None
        match change.action:
            case Action.GRANT:
                return change.after["licence"] in person["licenseKeys"]
            case Action.REVOKE:
                return change.before["licence"] not in person["licenseKeys"]
            case Action.ADD_MEMBER:
                return bool(person.get("groupName") == change.after["group"])
            case Action.REMOVE_MEMBER:
                return bool(person.get("groupName") != change.before["group"])
            case Action.ADD_DIRECTORY_MEMBER:
                return person["email"].casefold() in self.directory.get(change.after["directory_group"], ())
            case Action.REMOVE_DIRECTORY_MEMBER:
                return person["email"].casefold() not in self.directory[change.before["directory_group"]]
            case Action.SET_ROLE:
                limit = change.after.get("managed_groups") or []
                return set(person["adminRoles"]) == set(change.after["roles"]) and limit == _limits(person)
            case Action.SUSPEND:
                return not person["licenseKeys"] and not person["adminRoles"]
            case Action.UPDATE:
                return all(person[FIELDS[name]] == value for name, value in change.after.items())
            case _:  # it is there; the rest is in the journal alone
                return True


class Company:
    """The company's tenant in a sandbox, and its installation in a folder."""

    def __init__(self, folder: Path, url: str, http: httpx.Client) -> None:
        self.folder = folder
        self.url = url
        self.http = http
        self.state: dict[str, Any] = {}
        (folder / "cache").mkdir(mode=0o700)
        (folder / "acme.yaml").write_text(_pipeline(url), encoding="utf-8")
        self.loaded = load_pipeline(folder / "acme.yaml", os.environ)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        return self.http.request(method, f"{self.url}/sandbox/{path}", json=body).raise_for_status().json()

    def fail(self, *rules: Mapping[str, Any], seed: int = 1) -> None:
        self.control("PUT", "faults", {"seed": seed, "rules": list(rules)})

    def heal(self) -> dict[str, Any]:
        """Let nothing fail any more; return the plan with how often each rule struck."""
        plan: dict[str, Any] = self.control("DELETE", "faults")
        return plan

    def eve(self, home: Path) -> Path:
        """Put the tenant back to the eve of the third month, and give a home whose journal knows of two."""
        self.control("POST", "reset", self.state)
        home.mkdir(parents=True, mode=0o700)
        shutil.copy(self.folder / "home" / "journal.db", home / "journal.db")
        return home

    def read_roster(self, workbook: Path, month: date) -> Path:
        """Ingest and validate a roster once, for all syncs of its month; return where that was left."""
        shutil.copy(workbook, self.folder / "acme_staff.xlsx")
        folder = RunStore(self.folder / "read").create(month.isoformat())
        for source in self.loaded.pipeline.sources:
            ingest_source(source, self.folder, folder)
            validate_source(
                source, self.loaded.pipeline.rules, month, self.folder, folder, self.folder / "cache", "rejects.xlsx"
            )
        return folder.root

    def sync(self, home: Path, month: date = MONTHS[2], **settings: Any) -> Ended:
        """Do what the command does, from reading the tenant to the end of applying."""
        name = self.loaded.pipeline.name
        with Journal.open(home / "journal.db") as journal, journal.lock(name, datetime.now(UTC)):
            folder = RunStore(home / "runs").new(datetime.now(UTC), journal.last_run_id())
            run_id = folder.root.name
            shutil.copytree(self.folder / "read" / month.isoformat(), folder.root, dirs_exist_ok=True)
            journal.begin_run(RunRecord(run_id, name, "sync", datetime.now(UTC)))
            ended = asyncio.run(self._sync(journal, folder, run_id, month, **settings))
            journal.finish_run(run_id, ended.code, "Completed", {}, datetime.now(UTC))
        return ended

    async def _sync(
        self,
        journal: Journal,
        folder: RunFolder,
        run_id: str,
        month: date,
        *,
        timeout_s: float = 30.0,
        settle_s: float = 0.02,
        patience: int = 5,
    ) -> Ended:
        pipeline = self.loaded.pipeline
        secrets = Credentials(**{name: SecretStr(value) for name, value in SANDBOX_AUTH.items()})
        breaker = Breaker(time.monotonic, threshold=patience)
        async with open_goto(pipeline.target, secrets, retries=QUICK, breaker=breaker, timeout_s=timeout_s) as target:
            cut_off = journal.unfinished(pipeline.name)
            if cut_off is not None:  # the rosters are as they were, so its plan is gone on with
                plan = journal.plan(str(cut_off.plan_hash))
            else:
                try:
                    await read_target(target, folder, deletable(pipeline, journal, month))
                except TargetError as error:
                    return Ended(error.exit_code, error)
                hashes = (self.loaded.mapping_hash, self.loaded.rules_hash)
                plan = compute_plan(pipeline, *hashes, journal, folder, month, datetime.now(UTC))
            runtime = Runtime(journal, target, run_id, lambda: datetime.now(UTC), settle_s=settle_s)
            result = await apply_plan(plan, runtime)
        return Ended(result.exit_code, result.stopped_by, plan.changes, result.outcomes)

    def view(self) -> View:
        """Look at the tenant past all that fails."""
        found = self._list("users")
        people = {user["email"].casefold(): user for user in found}
        assert len(people) == len(found), "an address stands in the tenant twice"
        mails = Counter((mail["kind"], mail["address"].casefold()) for mail in self.control("GET", "outbox")["mails"])
        addresses = {user["key"]: address for address, user in people.items()}
        directory = {
            group["displayName"]: sorted(addresses.get(key, key) for key in _members(group))
            for group in self._directory_groups()
        }
        return View(people, sorted(group["name"] for group in self._list("groups")), directory, mails)

    def links(self, home: Path) -> dict[str, Any]:
        """Return what the journal has of everybody's account, but its key, which depends on who was made first."""
        with Journal.open(home / "journal.db") as journal:
            links = journal.links(self.loaded.pipeline.name, self.loaded.pipeline.target.tenant)
        names = {group["key"]: group["name"] for group in self._list("groups")}
        directory = {group["id"]: group["displayName"] for group in self._directory_groups()}
        return {
            row["external_id"]: (
                row["state"],
                row["licences"],
                row["roles"],
                names.get(row["group_key"]),
                [directory.get(key) for key in row["directory_groups"]],
            )
            for row in links.to_dict("records")
        }

    def keep(self) -> None:
        """Remember the tenant as it is now as the eve of the third month."""
        sample = _sample_tenant()
        groups = [{"key": group["key"], "name": group["name"]} for group in self._list("groups")]
        directory = [
            {"key": group["id"], "name": group["displayName"], "members": _members(group)}
            for group in self._directory_groups()
        ]
        self.state = {
            **sample,
            "groups": groups,
            "users": [_declared(user) for user in self._list("users")],
            "organisation": {**ORGANISATION, "groups": directory},
        }

    def _list(self, what: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._get(f"admin/rest/v1/accounts/3001/{what}?pageSize=1000")["results"]
        return found

    def _directory_groups(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._get("identity/v1/Groups")["resources"]
        return found

    def _get(self, path: str) -> Any:
        form = {"grant_type": "personal_access_token", "pat": "sandbox-pat"}
        token = self.http.post(f"{self.url}/oauth/token", auth=("sandbox-client", "sandbox-secret"), data=form).json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        return self.http.get(f"{self.url}/{path}", headers=headers).raise_for_status().json()


@contextmanager
def company_in(folder: Path) -> Iterator[Company]:
    """Give the company on the eve of its third month."""
    from tasks.sandbox import Switches, running

    quiet = Switches(requests_per_second=None)
    with (
        running(folder / "sandbox.db", state=_sample_tenant(), switches=quiet) as server,
        httpx.Client(trust_env=False, timeout=60.0) as http,
    ):
        company = Company(folder, server.url, http)
        rosters = (SAMPLES / "acme_staff.xlsx", SAMPLES / "acme_staff_next.xlsx", folder / "third.xlsx")
        _write_third_roster(rosters[1], rosters[2])
        for roster, month in zip(rosters, MONTHS, strict=True):
            company.read_roster(roster, month)
        for month in MONTHS[:2]:
            assert company.sync(folder / "home", month).code == 0
        company.keep()
        yield company


def _limits(person: Person) -> list[str]:
    return sorted(person.get("managedGroupKeys") or ())


def _sample_tenant() -> dict[str, Any]:
    tenant: dict[str, Any] = json.loads((SAMPLES / "acme_tenant.json").read_text(encoding="utf-8"))
    for user in tenant["users"]:
        if user["adminRoles"]:
            user["key"] = ADMIN_KEY
    return {**tenant, "organisation": ORGANISATION}


def _members(group: Mapping[str, Any]) -> list[str]:
    return sorted(str(member["value"]) for member in group.get("members") or ())


def _pipeline(url: str) -> str:
    text = (SAMPLES / "acme.yaml").read_text(encoding="utf-8").replace("http://127.0.0.1:8750", url)
    text = text.replace("delete: never", "delete: 30d, webinars: lose")
    text = text.replace("roles: [MANAGE_USERS]}", "roles: [MANAGE_USERS], manages: [People]}")
    text = text.replace("\nrules:\n", f"\nrules:\n{NEWCOMERS}")
    return text + "    requests_per_second: 1000\n    directory: feed\n"


def _declared(user: Mapping[str, Any]) -> dict[str, Any]:
    same = ("key", "email", "firstName", "lastName", "locale", "adminRoles")
    return {
        **{name: user[name] for name in same},
        "licenceKeys": user["licenseKeys"],
        "groupKey": user.get("groupKey"),
        "managedGroups": _limits(user),
        "activated": user["canAuthenticate"],
    }


def _write_third_roster(last: Path, third: Path) -> None:
    """Change the roster of the month before: who moves, is renamed, promoted, leaves and joins goes by department."""
    book = openpyxl.load_workbook(last)
    sheet = book["Staff"]
    rows = [row for row in sheet.iter_rows(min_row=2) if row[0].value and row[6].value == "Active"]

    def some(department: str, start: int, number: int) -> Iterator[Callable[[int, str], None]]:
        there = [row for row in rows if row[4].value == department]
        for row in there[start : start + number]:
            yield lambda column, value, row=row: setattr(row[column], "value", value)  # type: ignore[misc]

    for department, start, number, column, value in (
        ("Sales", 0, 6, 4, "Engineering"),
        ("Engineering", 0, 4, 4, "Support"),
        ("Finance", 0, 3, 4, "Sales"),
        ("IT", 0, 5, 5, "Directory Administrator"),
        ("Support", 0, 4, 3, "Renamed"),
        ("Sales", 20, 5, 6, "Inactive"),
        ("Legal", 0, 1, 6, "Inactive"),
    ):
        for put in some(department, start, number):
            put(column, value)
    model = [cell.value for cell in rows[0]]
    for department, number in JOINERS.items():
        for one in range(number):
            given = f"{department[:3]}{chr(97 + one)}"
            number_of = f"0{9000 + 100 * len(department) + one}"
            account = f"{given}.joined".lower()
            sheet.append([number_of, account, given, f"Joined{chr(97 + one)}", department, "Assistant", *model[6:]])
    book.save(third)
