"""A plan's bytes: what they are made of, and that the plan is named by them."""

import hashlib
import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from tasks.model.errors import StalePlan
from tasks.model.plan import Action, Cause, Change, Header, Leaving, Origin, Plan, SourceRef, Withheld, WithheldReason

ADA = Change(
    change_id="0a", action=Action.UPDATE, cause=Cause.MOVER, source="hr", external_id="1", account_key="71",
    user_name="ada@acme.example", before={"family_name": "Meyer"}, after={"family_name": "Meyer-Röth"},
    origin=Origin("staff.csv", None, 2, ("add.csv, row 4",)), rules=("everybody",), needs=(), mail=("welcome",),
)  # fmt: skip
BEN = replace(ADA, change_id="0b", action=Action.SUSPEND, external_id="2", origin=None,
              before={"licences": ["9001"], "products": ["G2M"], "roles": []},
              after={"licences": [], "products": [], "roles": []})  # fmt: skip
PLAN = Plan(
    Header("acme", "goto", "2026-03-31", 3, (SourceRef("hr", "staff.csv", "5e" * 32, 2, 0, "full"),), "aa", "bb"),
    (ADA, BEN),
    (Withheld(Action.GRANT, WithheldReason.NO_SEAT, "hr", "3", None, "cy@acme.example", "G2W", Origin("a", "S", 9)),),
    (Leaving("hr", "4", "74", None, "2026-03-24", "2026-04-07"),),
)  # fmt: skip


def as_plain_values(plan: Plan) -> list[dict[str, Any]]:
    """The lines of a plan, made in the plainest way there is: every part copied to the ground."""
    parts = [asdict(change) for change in sorted(plan.changes, key=lambda change: change.action != Action.SUSPEND)]
    head = {"kind": "header", **asdict(plan.header), "withheld": [asdict(item) for item in plan.withheld],
            "leaving": [asdict(item) for item in plan.leaving]}  # fmt: skip
    for part in (*parts, *head["withheld"]):
        del part["origin"]
    return [head, *parts]


def test_a_plans_bytes_are_its_parts_as_canonical_json_a_line_each() -> None:
    lines = [
        json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":")) for line in as_plain_values(PLAN)
    ]
    assert PLAN.to_bytes().decode() == "\n".join(lines) + "\n"


def test_a_plan_is_named_by_its_bytes_however_it_came_to_be() -> None:
    data = PLAN.to_bytes()
    read = Plan.from_bytes(data)
    names = {
        "planned": replace(PLAN).hash,
        "written out": PLAN.hash,
        "read": read.hash,
        "with its origins": read.with_origins(PLAN.origins_to_bytes()).hash,
    }
    assert set(names.values()) == {hashlib.sha256(data).hexdigest()}


def test_a_plan_that_is_made_from_another_has_a_name_of_its_own() -> None:
    read = Plan.from_bytes(PLAN.to_bytes())
    assert replace(read, changes=read.changes[:1]).hash == replace(PLAN, changes=(BEN,)).hash != read.hash


def test_a_plan_survives_every_character_that_a_name_may_hold() -> None:
    odd = "".join(("a", "\u2028", "\u2029", "\x85", "\x0b", "\x1e", "\r", "z"))
    plan = Plan(PLAN.header, (replace(ADA, after={"family_name": odd}, origin=Origin(f"{odd}.csv", None, 2)),))
    assert Plan.from_bytes(plan.to_bytes()).with_origins(plan.origins_to_bytes()) == plan


@pytest.mark.parametrize("data", [b"", b"\n", b"{}\n", b"[]\n", b"\xff", b'{"kind":"header"}\n\n'])
def test_what_is_no_plan_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(StalePlan, match="not a plan that this version"):
        Plan.from_bytes(data)
