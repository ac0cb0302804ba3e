"""What must hold for every two or three files of one population, and for the plans that are made from them."""

from datetime import date
from typing import Any

import pandas as pd
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from tasks.model.errors import RejectedSource
from tasks.model.pipeline import Pipeline
from tasks.model.plan import REMOVALS, Plan
from tasks.model.rosters import Verdict
from tasks.model.state import TargetState
from tasks.model.tables import ACCOUNTS, FINDINGS, GRANTS, GROUPS, LICENCES, LINKS, WORKERS
from tasks.plan import Inputs, make_plan
from tasks.validate.merging import Merged, merge
from tests.support.effort import examples

TODAY = date(2026, 3, 2)
NAMES = ("hr", "contractors", "telephony")
COLUMNS = {
    "hr": ("external_id", "user_name", "given_name", "department", "status"),
    "contractors": ("external_id", "user_name", "given_name", "department"),
    "telephony": ("external_id", "phone", "department"),
}
everything = settings(max_examples=examples(3), deadline=None, suppress_health_check=[HealthCheck.too_slow])
Files = dict[str, list[dict[str, Any]]]


def pipeline_of(order: tuple[str, ...] = NAMES, precedence: dict[str, list[str]] | None = None) -> Pipeline:
    def source(name: str) -> dict[str, Any]:
        columns = {attribute: attribute.title() for attribute in COLUMNS[name]}
        return {"name": name, "namespace": "hr", "path": f"{name}.csv", "snapshot": "full", "columns": columns}

    target = {"name": "goto", "kind": "goto", "account_key": "3001", "urls": {"api": "http://127.0.0.1:1"}}
    return Pipeline.model_validate(
        {
            "version": "1",
            "name": "acme",
            "sources": [source(name) for name in order],
            "precedence": precedence or {},
            "rules": [{"name": "sales", "when": {"department": "Sales"}, "grant": {"products": "G2M"}}],
            "lifecycle": {"grace": "0d"},
            "targets": [target],
        }
    )


@st.composite
def files(draw: st.DrawFn) -> Files:
    """Up to five people, each in any of the files, clean or held, alike or not."""
    found: Files = {name: [] for name in NAMES}
    for number in range(draw(st.integers(1, 5))):
        for name in NAMES:
            where = draw(st.sampled_from(["absent", "clean", "clean", "held", "nameless"]))
            if where == "absent":
                continue
            every = {
                "external_id": f"{number}",
                "user_name": draw(st.sampled_from([f"p{number}@acme.example", f"P{number}@acme.example"])),
                "given_name": draw(st.sampled_from(["Ada", "Ada", "Grace"])),
                "department": draw(st.sampled_from(["Sales", "Sales", "Support", None])),
                "status": draw(st.sampled_from(["active", "active", "inactive"])),
                "phone": draw(st.sampled_from([None, "+33 1"])),
            }
            row = {attribute: every[attribute] for attribute in COLUMNS[name]}
            if where == "held":
                row |= {"codes": "name_missing", "key_usable": True}
            if where == "nameless":
                row |= {"external_id": None, "codes": "id_missing", "key_usable": False}
            found[name].append(row)
    return found


def verdict(name: str, rows: list[dict[str, Any]]) -> Verdict:
    place = {"source": name, "file": f"{name}.csv"}
    told = [{"status": "active", **row, **place, "row": at} for at, row in enumerate(rows, 2)]
    kept = [row for row in told if "codes" in row]
    held = WORKERS.frame([{k: v for k, v in row.items() if k not in ("codes", "key_usable")} for row in kept])
    held["codes"] = pd.Series([row["codes"] for row in kept], dtype="str")
    held["key_usable"] = pd.Series([row["key_usable"] for row in kept], dtype="boolean")
    return Verdict(WORKERS.frame([row for row in told if "codes" not in row]), held, FINDINGS.empty())


def together(found: Files, pipeline: Pipeline) -> Merged:
    verdicts = {name: verdict(name, found[name]) for name in NAMES}
    return merge("hr", pipeline.namespaces["hr"], verdicts, pipeline.precedence, TODAY)


def planned(found: Files, pipeline: Pipeline) -> Plan:
    """Return the plan; lists in which nobody is found who is linked are refused, and make none."""
    try:
        return make_plan(inputs(found, pipeline))
    except RejectedSource:
        reject()


def inputs(found: Files, pipeline: Pipeline) -> Inputs:
    merged = together(found, pipeline)
    accounts = [
        {"account_key": f"70{n}", "user_name": f"p{n}@acme.example", "roles": (), "managed_groups": ()}
        for n in range(5)
    ]
    links = [
        {"source": "hr", "external_id": f"{n}", "account_key": f"70{n}", "user_name": f"p{n}@acme.example",
         "state": "active", "licences": ("9002",), "roles": (), "directory_groups": ()}
        for n in range(5)
    ]  # fmt: skip
    licence = {"licence_key": "9002", "description": "Meeting", "products": ("G2M",), "seats": 9, "enabled": True}
    return Inputs(
        pipeline=pipeline,
        mapping_hash="mapping",
        rules_hash="rules",
        verdicts=merged.verdicts,
        people={"hr": merged.people},
        files={name: f"{name}.csv" for name in NAMES},
        state=TargetState(
            ACCOUNTS.frame(accounts),
            GRANTS.frame([{"account_key": f"70{n}", "licence_key": "9002"} for n in range(5)]),
            GROUPS.empty(),
            LICENCES.frame([{**licence, "used": 5}]),
        ),
        links=LINKS.frame(links),
        generation=0,
        as_of=TODAY,
    )


@everything
@given(files(), st.permutations(NAMES), st.randoms(use_true_random=False), st.booleans())
def test_neither_the_order_of_files_nor_that_of_rows_changes_the_plan(found, order, chance, decided) -> None:
    precedence = {"department": ["telephony", "hr"], "status": ["hr"]} if decided else {}
    shuffled = {name: chance.sample(rows, len(rows)) for name, rows in found.items()}
    plan = planned(found, pipeline_of(NAMES, precedence))
    assert planned(shuffled, pipeline_of(tuple(order), precedence)).to_bytes() == plan.to_bytes()


@everything
@given(st.sets(st.integers(0, 30)), st.sets(st.integers(31, 60)))
def test_disjoint_files_are_their_union(staff, contractors) -> None:
    def rows(numbers: set[int], name: str) -> list[dict[str, Any]]:
        every = {"status": "active", "given_name": "Ada", "department": "Sales"}
        return [
            {
                k: v
                for k, v in {**every, "external_id": f"{n}", "user_name": f"p{n}@acme.example"}.items()
                if k in COLUMNS[name]
            }
            for n in sorted(numbers)
        ]

    found = {"hr": rows(staff, "hr"), "contractors": rows(contractors, "contractors"), "telephony": []}
    merged = together(found, pipeline_of())
    apart = pd.concat([verdict(name, found[name]).clean for name in NAMES])
    facts = ["external_id", "user_name", "given_name", "department", "status", "file", "row"]
    assert merged.people.held.empty
    both = (table[facts].sort_values("external_id").reset_index(drop=True) for table in (merged.people.clean, apart))
    assert next(both).equals(next(both))


@everything
@given(files())
def test_who_is_held_in_any_file_loses_nothing(found) -> None:
    merged = together(found, pipeline_of())
    held = set(merged.people.held["external_id"].dropna())
    assert held.isdisjoint(merged.people.clean["external_id"])
    touched = {change.external_id for change in planned(found, pipeline_of()).changes if change.action in REMOVALS}
    assert held.isdisjoint(touched)


@everything
@given(files())
def test_every_row_is_a_persons_or_held(found) -> None:
    merged = together(found, pipeline_of())
    for name in NAMES:
        after = merged.verdicts[name]
        assert len(after.clean) + len(after.held) == len(found[name])
    people = merged.people.clean
    assert people["external_id"].is_unique
    rows = sum(len(verdict.clean) for verdict in merged.verdicts.values())
    also = people["also_in"].dropna().str.split("\n").map(len).sum() if "also_in" in people else 0
    assert len(people) + also == rows


@everything
@given(files())
def test_who_is_in_any_file_is_not_taken_for_a_leaver(found) -> None:
    said = {row["external_id"] for rows in found.values() for row in rows}
    gone = {row["external_id"] for rows in found.values() for row in rows if row.get("status") == "inactive"}
    suspended = {c.external_id for c in planned(found, pipeline_of()).changes if c.action.value == "suspend"}
    assert suspended.isdisjoint(said - gone)
