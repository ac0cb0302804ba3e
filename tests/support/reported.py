"""A small run of an invented company, and builders for parts of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from tasks.model.operations import Outcome, OutcomeStatus
from tasks.model.plan import (
    Action,
    Cause,
    Change,
    Header,
    Leaving,
    LimitReading,
    Origin,
    Plan,
    SourceRef,
    Withheld,
    WithheldReason,
)
from tasks.model.rosters import CRITICAL, WARNING, Verdict
from tasks.model.sent import Sent
from tasks.model.tables import FINDINGS, TEXT, WORKERS, YESNO
from tasks.report import RunFacts

FILE, SHEET = "acme_staff.xlsx", "Staff"


def change(action: Action, cause: Cause, who: str | None = None, **fields: Any) -> Change:
    """A change to the person *who* (``1042 ada.byron``: id and local part), with an id made of its own words."""
    number, _, local = (who or "").partition(" ")
    name = fields.pop("name", "")
    row = fields.pop("row", int(number) - 1000 if number.isdigit() and cause is not Cause.LEAVER else None)
    return Change(
        change_id=f"{action.value}-{number or name}{fields.pop('tag', '')}",
        action=action,
        cause=cause,
        source="hr" if who else None,
        external_id=number or None,
        account_key=fields.pop("account_key", None if action is Action.CREATE or not who else f"70{number}"),
        user_name=f"{local}@acme.example" if local else None,
        origin=Origin(FILE, SHEET, row) if row else None,
        **fields,
    )


def worker(number: str, given: str, family: str, row: int, **fields: Any) -> dict[str, Any]:
    address = f"{given}.{family}@acme.example".lower()
    return {"source": "hr", "file": FILE, "sheet": SHEET, "row": row, "external_id": number, "given_name": given,
            "family_name": family, "user_name": address, "status": "active", **fields}  # fmt: skip


def finding(
    row: int, column: str, code: str, severity: str, value: str | None, message: str, remedy: str
) -> dict[str, Any]:
    return {"source": "hr", "file": FILE, "sheet": SHEET, "row": row, "column": column, "code": code,
            "severity": severity, "value": value, "message": message, "remedy": remedy}  # fmt: skip


def verdict(clean: list[dict[str, Any]], held: list[dict[str, Any]], findings: list[dict[str, Any]]) -> Verdict:
    columns = {**WORKERS.columns, "codes": TEXT, "key_usable": YESNO}
    rows = pd.DataFrame([{name: row.get(name) for name in columns} for row in held], columns=list(columns))
    return Verdict(WORKERS.frame(clean), rows.astype(columns), FINDINGS.frame(findings))


@dataclass(frozen=True)
class Run:
    """All that a report is made of."""

    facts: RunFacts
    plan: Plan | None
    limits: list[LimitReading] = field(default_factory=list)
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)

    @property
    def parts(self) -> tuple[Any, ...]:
        return self.facts, self.plan, self.limits, self.outcomes, self.verdicts


HEADER = Header(
    pipeline="acme-nightly",
    target="goto",
    as_of="2026-03-31",
    generation=3,
    sources=(SourceRef("hr", FILE, "5e" * 32, 304, 2, "full"),),
    mapping_hash="aa" * 32,
    rules_hash="bb" * 32,
    base={"accounts": 240, "grants": {"G2M": 200, "G2W": 31}},
    unchanged=282,
    orphans=4,
)

CHANGES = (
    change(Action.CREATE_GROUP, Cause.RULE_CHANGE, name="Revenue", after={"group": "Revenue"}, before={"group": None}),
    change(
        Action.CREATE, Cause.JOINER, "1042 ada.byron", rules=("everybody",), mail=("welcome",),
        after={"user_name": "ada.byron@acme.example", "given_name": "Ada", "family_name": "Byron", "locale": "fr_FR"},
    ),
    change(
        Action.GRANT, Cause.JOINER, "1042 ada.byron", rules=("everybody",), account_key=None, tag="-G2M",
        before={"licence": None}, after={"licence": "9001", "product": "G2M"},
    ),
    change(
        Action.GRANT, Cause.JOINER, "1042 ada.byron", rules=("webinar hosts",), account_key=None, tag="-G2W",
        before={"licence": None}, after={"licence": "9002", "product": "G2W"},
    ),
    change(
        Action.ADD_MEMBER, Cause.JOINER, "1042 ada.byron", rules=("webinar hosts",), account_key=None,
        before={"group": None, "group_key": None}, after={"group": "Revenue", "group_key": None},
    ),
    change(
        Action.UPDATE, Cause.MOVER, "1017 lena.meyer", before={"family_name": "Meyer"},
        after={"family_name": "Meyer-Roth"},
    ),
    change(
        Action.REVOKE, Cause.MOVER, "1017 lena.meyer", before={"licence": "9002", "products": ["G2W"]},
        after={"licence": None}, mail=("product-change",),
    ),
    change(
        Action.SUSPEND, Cause.LEAVER, "1009 otto.kern",
        before={"licences": ["9001"], "products": ["G2M"], "roles": ["SUPER_USER"]},
        after={"licences": [], "products": [], "roles": []},
    ),
    change(
        Action.SET_ROLE, Cause.RULE_CHANGE, "1023 mia.sommer", rules=("managers",), before={"roles": []},
        after={"roles": ["MANAGE_USERS"]},
    ),
    change(
        Action.ADOPT, Cause.DRIFT, "1031 noor.haddad",
        after={"user_name": "noor.haddad@acme.example", "licences": []},
    ),
)  # fmt: skip

PLAN = Plan(
    HEADER,
    CHANGES,
    (
        Withheld(Action.GRANT, WithheldReason.NO_SEAT, "hr", "1050", "701050", "ines.roca@acme.example", "G2T",
                 Origin(FILE, SHEET, 50)),
        Withheld(Action.SUSPEND, WithheldReason.UNDECIDED, "hr", "1060", "701060", "jan.vos@acme.example"),
    ),
    (Leaving("hr", "1070", "701070", "rosa.lind@acme.example", "2026-03-24", "2026-04-07"),),
)  # fmt: skip

VERDICT = verdict(
    clean=[
        worker("1042", "Ada", "Byron", 42), worker("1017", "Lena", "Meyer-Roth", 17),
        worker("1023", "Mia", "Sommer", 23), worker("1031", "Noor", "Haddad", 31), worker("1050", "Ines", "Roca", 50),
    ],
    held=[
        {**worker("1077", "=Eve", "Quill", 77), "user_name": "eve.quill(at)acme", "codes": "address_malformed",
         "key_usable": True},
        {**worker("1080", "Tom", "<b>Ash</b>", 80), "codes": "id_shared", "key_usable": False},
    ],
    findings=[
        finding(77, "E-mail", "address_malformed", CRITICAL, "eve.quill(at)acme", "This is not an e-mail address.",
                "Write the address in the form name@company."),
        finding(80, "Employee No", "id_shared", CRITICAL, "1080", "Two different people have this id.",
                "Give each person an id of their own."),
        finding(42, "Department", "department_unusual", WARNING, "Slaes", "No other row has this department.",
                "Check the spelling."),
    ],
)  # fmt: skip

LIMITS = [
    LimitReading("suspend", "", 1, 240, 50, 0.05),
    LimitReading("revoke", "G2W", 1, 31, None, 0.10),
    LimitReading("set_role", "", 1, 240, 5, None),
    LimitReading("delete", "", 0, 240, 0, None),
]

FACTS = RunFacts(
    run_id="20260331T000009-7c1d",
    command="sync",
    pipeline="acme-nightly",
    target="goto",
    as_of="2026-03-31T02:00:00+02:00",
    started_at="2026-03-31T02:00:09+02:00",
    finished_at="2026-03-31T02:00:41+02:00",
    plan_hash=PLAN.hash,
    state="done",
    exit_code=0,
    requests=14,
    mails={"welcome": 1, "product-change": 1},
    next_steps=("Mend the 2 held rows in rejects.xlsx and run again.",),
    sent=Sent(counted=9, recorded=9),
)


def all_done(plan: Plan) -> dict[str, Outcome]:
    return {
        item.change_id: Outcome(
            item.change_id, OutcomeStatus.RECORDED if item.action is Action.ADOPT else OutcomeStatus.DONE
        )
        for item in plan.changes
    }
