"""Builders for plans: a pipeline, a roster, a tenant and links, each spelled in a line."""

from datetime import date
from typing import Any

import pandas as pd

from tasks.model.pipeline import Pipeline
from tasks.model.plan import Change, Plan
from tasks.model.rosters import Verdict
from tasks.model.sources import Column
from tasks.model.state import TargetState
from tasks.model.tables import (
    ACCOUNTS,
    DIRECTORY_GROUPS,
    DIRECTORY_MEMBERS,
    FINDINGS,
    GRANTS,
    GROUPS,
    LICENCES,
    LINKS,
    TEMPLATES,
    WEBINARS,
    WORKERS,
)  # fmt: skip
from tasks.plan import Inputs, make_plan

LICENCE_TABLE = (
    {"licence_key": "9001", "description": "Webinar", "products": ("G2M", "G2W"), "seats": 50, "enabled": True},
    {"licence_key": "9002", "description": "Meeting", "products": ("G2M",), "seats": 50, "enabled": True},
)
GROUP_TABLE = ({"group_key": "5001", "name": "Sales", "path": ("Sales",)},)
ADMIN = {"account_key": "7000", "user_name": "root@acme.example", "roles": ("SUPER_USER",)}


def worker(key: str, row: int = 2, **facts: Any) -> dict[str, Any]:
    """One roster row; everything not said is ordinary: active, in Sales, with an address made of the key."""
    base = {"external_id": key, "user_name": f"{key}@acme.example", "given_name": "Ada", "family_name": "Byron"}
    where = {"source": "hr", "file": "staff.csv", "sheet": None, "row": row}
    return {**base, "status": "active", "department": "Sales", **where, **facts}


def account(key: str, user: str, **facts: Any) -> dict[str, Any]:
    base = {"account_key": key, "user_name": f"{user}@acme.example", "given_name": "Ada", "family_name": "Byron"}
    return {**base, "status": "ACTIVE", "roles": (), **facts}


def link(user: str, key: str, **facts: Any) -> dict[str, Any]:
    base = {"source": "hr", "external_id": user, "account_key": key, "user_name": f"{user}@acme.example"}
    return {**base, "state": "active", "licences": (), "roles": (), "directory_groups": (), **facts}


def pipeline_of(**facts: Any) -> Pipeline:
    base: dict[str, Any] = {
        "version": "1",
        "name": "acme",
        "sources": [
            {
                "name": "hr",
                "path": "staff.csv",
                "snapshot": "full",
                "columns": {"external_id": "Id", "user_name": "Mail", "department": "Dept"},
            }
        ],
        "rules": [{"name": "sales", "when": {"department": "Sales"}, "grant": {"products": "G2M"}}],
        "lifecycle": {"grace": "0d"},
        "targets": [
            {
                "name": "goto",
                "kind": "goto",
                "account_key": "3001",
                "urls": {"api": "http://127.0.0.1:1", "token": "http://127.0.0.1:1/oauth/token"},
            }
        ],
    }
    return Pipeline.model_validate({**base, **facts})


class Case:
    """One situation: say what is there, then ask for the plan."""

    def __init__(self) -> None:
        self.pipeline = pipeline_of()
        self.workers: list[dict[str, Any]] = []
        self.held: list[dict[str, Any]] = []
        self.accounts: list[dict[str, Any]] = [ADMIN]
        self.grants: list[tuple[str, str]] = []
        self.groups: list[dict[str, Any]] = list(GROUP_TABLE)
        self.licences: list[dict[str, Any]] = [dict(row) for row in LICENCE_TABLE]
        self.directory: dict[str, tuple[str, list[str]]] = {}  # group key: name and account keys
        self.webinars: list[dict[str, Any]] = []
        self.templates: dict[str, str] = {}  # key: title
        self.links: list[dict[str, Any]] = []
        self.elsewhere: set[str] = set()  # keys of accounts that other pipelines have linked
        self.as_of = date(2026, 3, 2)
        self.rules_hash = "rules"

    def fed(self, **facts: Any) -> "Case":
        """Let the pipeline feed the directory from the column Groups."""
        self.pipeline = pipeline_of(**facts)
        target = self.pipeline.target.model_copy(update={"directory": "feed"})
        source = self.pipeline.sources[0]
        column = Column.model_validate("Groups")
        source = source.model_copy(update={"columns": {**source.columns, "directory_groups": column}})
        self.pipeline = self.pipeline.model_copy(update={"targets": (target,), "sources": (source,)})
        return self

    def policy(self, **facts: Any) -> "Case":
        self.pipeline = pipeline_of(**facts)
        return self

    def state(self) -> TargetState:
        used = pd.Series([licence for _, licence in self.grants], dtype="str").value_counts()
        licences = [{"used": int(used.get(row["licence_key"], 0)), **row} for row in self.licences]
        grants = [{"account_key": account, "licence_key": licence} for account, licence in self.grants]
        return TargetState(
            ACCOUNTS.frame(self.accounts),
            GRANTS.frame(grants),
            GROUPS.frame(self.groups),
            LICENCES.frame(licences),
            webinars=WEBINARS.frame(self.webinars),
            directory_groups=DIRECTORY_GROUPS.frame(
                [{"group_key": key, "name": name} for key, (name, _) in self.directory.items()]
            ),
            directory_members=DIRECTORY_MEMBERS.frame(
                [{"group_key": key, "account_key": one} for key, (_, keys) in self.directory.items() for one in keys]
            ),
            templates=TEMPLATES.frame([{"template_key": key, "title": title} for key, title in self.templates.items()]),
        )

    def inputs(self) -> Inputs:
        held = WORKERS.frame(self.held)
        held["codes"] = pd.Series([row.get("codes", "name_missing") for row in self.held], dtype="str")
        held["key_usable"] = pd.Series([row.get("key_usable", True) for row in self.held], dtype="boolean")
        verdict = Verdict(WORKERS.frame(self.workers), held, FINDINGS.empty())
        return Inputs(
            pipeline=self.pipeline,
            mapping_hash="mapping",
            rules_hash=self.rules_hash,
            verdicts={"hr": verdict},
            files={"hr": "staff.csv"},
            state=self.state(),
            links=LINKS.frame(self.links),
            generation=0,
            as_of=self.as_of,
            elsewhere=frozenset(self.elsewhere),
        )

    def plan(self) -> Plan:
        return make_plan(self.inputs())

    def steps(self) -> list[tuple[str, str | None]]:
        return [(change.action.value, change.external_id) for change in self.plan().changes]

    def change(self, action: str, key: str | None = None) -> Change:
        fitting = [c for c in self.plan().changes if c.action == action and key in (None, c.external_id)]
        assert len(fitting) == 1, [c.action for c in self.plan().changes]
        return fitting[0]

    def withheld(self) -> list[tuple[str, str, str | None]]:
        return [(item.action.value, item.reason.value, item.external_id) for item in self.plan().withheld]
