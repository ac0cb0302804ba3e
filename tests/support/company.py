"""An invented company of any size: its roster as HR exports it, and the tables that a plan is made from.

Made by arithmetic on the person's number, so that a size names one company. Everybody is linked and holds what the
rules give: three licences and a group. So the roster asks for nothing, until ``changed`` moves some people.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import create_engine, insert

from tasks.journal import Journal
from tasks.journal.schema import links as links_in_journal
from tasks.journal.site import MARK
from tasks.model.plan import Plan
from tasks.model.rosters import Verdict
from tasks.model.state import TargetState
from tasks.model.tables import ACCOUNTS, FINDINGS, GRANTS, GROUPS, LICENCES, LINKS, WORKERS
from tasks.pipeline_file import LoadedPipeline, load_pipeline
from tasks.plan import Inputs

TODAY = date(2026, 3, 31)
GIVEN = ("Ada", "Björn", "Chloé", "Dmitri", "Eun-ji", "Fatima", "Goran", "Hélène", "Iñigo", "Jana", "Kofi")
FAMILY = ("Adeyemi", "Brandt", "Castillo", "Dvořák", "Eriksen", "Fournier", "García", "Hansen", "Ito", "Jansen", "Król",
          "Lindqvist", "Müller")  # fmt: skip
GROUP_OF = {
    "Sales": "5001", "Marketing": "5001", "Engineering": "5002", "IT": "5002",
    "Finance": "5003", "Legal": "5003", "Support": "5003",
}  # fmt: skip
DEPARTMENTS = tuple(GROUP_OF)
GROUPS_BY_KEY = {"5001": "Revenue", "5002": "Technology", "5003": "Service"}
LICENCE_OF = {"G2M": "9001", "G2W": "9002", "G2T": "9003", "G2C": "9004"}
GIVEN_IN = {"5001": ("9001", "9002", "9003"), "5002": ("9001", "9002", "9004"), "5003": ("9001", "9003", "9004")}
"""The licences of the people of a group, as the rules below give them."""

NOWHERE = "http://127.0.0.1:1"
PIPELINE = """
version: 1
name: bench
timezone: Europe/Paris
sources:
  - name: hr
    path: ROSTER
    snapshot: full
    columns:
      external_id: Employee No
      user_name: {from: Account, template: "{value}@acme.example"}
      given_name: First name
      family_name: Surname
      department: Department
      title: Job title
      status: {from: State, map: {Active: active, Inactive: inactive}}
      start_date: Hire date
      end_date: Leaving date
      locale: {from: Language, map: {English: en_US, French: fr_FR, German: de_DE}}
      location: Site
      manager_id: Manager No
    dates: "%d/%m/%Y"
attributes: {given_name: always, family_name: always, locale: on_create}
rules:
  - {name: revenue, when: {department: [Sales, Marketing]}, grant: {products: [G2W, G2T], group: Revenue}}
  - {name: technology, when: {department: [Engineering, IT]}, grant: {products: [G2W, G2C], group: Technology}}
  - {name: service, when: {department: [Finance, Legal, Support]}, grant: {products: [G2T, G2C], group: Service}}
  - {name: everybody, grant: {products: [G2M]}}
protect: ["role:SUPER_USER"]
targets:
  - name: goto
    kind: goto
    account_key: "3001"
    urls: {api: "http://127.0.0.1:1", token: "http://127.0.0.1:1/oauth/token"}
"""


def pipeline(folder: Path, roster: str, url: str = NOWHERE) -> LoadedPipeline:
    """Write the company's pipeline file, with *roster* as its source and a tenant at *url*; return it as it is read."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "bench.yaml"
    path.write_text(PIPELINE.replace("ROSTER", roster).replace(NOWHERE, url), encoding="utf-8")
    return load_pipeline(path, {})


def require_quiet(plan: Plan) -> None:
    """Raise ``AssertionError`` if a plan for the unchanged company has anything in it: that is another measure then."""
    if plan.changes or plan.withheld or plan.leaving:
        raise AssertionError(f"{len(plan.changes)} changes, {len(plan.withheld)} withheld: the roster asks for nothing")


def roster(people: int) -> pd.DataFrame:
    """Return the roster with HR's headings: fifteen columns, one row a person."""
    table = workers(people)
    mapped = {
        "Employee No": table["external_id"],
        "Account": table["user_name"].str.removesuffix("@acme.example"),
        "First name": table["given_name"],
        "Surname": table["family_name"],
        "Department": table["department"],
        "Job title": table["title"],
        "State": "Active",
        "Hire date": "01/09/2020",
        "Leaving date": None,
        "Language": table["locale"].map({"en_US": "English", "fr_FR": "French", "de_DE": "German"}),
        "Site": table["location"],
        "Manager No": table["manager_id"],
    }
    unmapped = {"Building": _picked(people, ("North", "South", "West")), "Shift": "Day", "Cost unit": table["row"]}
    return pd.DataFrame(mapped | unmapped)


def with_faults(table: pd.DataFrame) -> pd.DataFrame:
    """Return a roster in which three rows of a hundred are at fault: no name, an address that is none, a shared id."""
    row = table.index % 100
    return table.assign(
        **{
            "Surname": table["Surname"].mask(row == 10),
            "Account": table["Account"].mask(row == 30, "no address at all"),
            "Employee No": table["Employee No"].mask(row == 50, table["Employee No"].shift()),
        }
    )


def write_csv(path: Path, people: int) -> None:
    roster(people).to_csv(path, index=False)


def write_xlsx(path: Path, people: int) -> None:
    import xlsxwriter

    table = roster(people)
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet("Staff")
        for row, cells in enumerate(_rows(table)):
            sheet.write_row(row, 0, cells)


def _rows(table: pd.DataFrame) -> Iterator[list[object]]:
    yield list(table.columns)
    for cells in table.astype(object).where(table.notna(), None).itertuples(index=False):
        yield list(cells)


def workers(people: int) -> pd.DataFrame:
    """Return the roster after mapping (WORKERS)."""
    number = np.arange(people)
    ids = _text(number, "{:07d}")
    facts = {
        "source": "hr",
        "file": "staff.csv",
        "sheet": None,
        "row": number + 2,
        "external_id": ids,
        "user_name": "p" + ids + "@acme.example",
        "given_name": _picked(people, GIVEN),
        "family_name": _picked(people, FAMILY),
        "department": _picked(people, DEPARTMENTS),
        "title": _picked(people, ("Analyst", "Lead", "Officer", "Assistant", "Director")),
        "status": "active",
        "start_date": "2020-09-01",
        "locale": _picked(people, ("en_US", "fr_FR", "de_DE")),
        "location": _picked(people, ("Paris", "Lyon", "Berlin", "Dublin")),
        "manager_id": ids.iloc[number // 8].reset_index(drop=True),
    }
    return WORKERS.conform(pd.DataFrame(dict.fromkeys(WORKERS.columns) | facts, columns=list(WORKERS.columns)))


def changed(table: pd.DataFrame, share: float) -> pd.DataFrame:
    """Return workers of whom *share* have changed, evenly spread: half of them their surname, half their department."""
    step = 2 * round(1 / share)
    renamed, moved = table.index % step == 0, table.index % step == step // 2
    next_one = dict(zip(DEPARTMENTS, (*DEPARTMENTS[2:], *DEPARTMENTS[:2]), strict=True))
    return table.assign(
        family_name=table["family_name"].mask(renamed, "Newname"),
        department=table["department"].mask(moved, table["department"].map(next_one)),
    )


def state(people: int) -> TargetState:
    """Return what the tenant holds: an account, three licences and a group for everybody."""
    table = workers(people)
    accounts = table[["user_name", "given_name", "family_name", "locale"]].assign(
        account_key=_keys(people), external_id=None, status="ACTIVE", roles=_tuples(people, ((),)),
        group_key=table["department"].map(GROUP_OF), managed_groups=_tuples(people, ((),)), pending_transfer=False,
    )  # fmt: skip
    groups = [{"group_key": key, "name": name, "path": (name,)} for key, name in GROUPS_BY_KEY.items()]
    licences = [
        {"licence_key": key, "products": (product,), "seats": None, "used": people, "enabled": True}
        for product, key in LICENCE_OF.items()
    ]
    return TargetState(ACCOUNTS.conform(accounts), _grants(accounts), GROUPS.frame(groups), LICENCES.frame(licences))


def _grants(accounts: pd.DataFrame) -> pd.DataFrame:
    held = [
        pd.DataFrame({"account_key": accounts["account_key"], "licence_key": accounts["group_key"].map(nth)})
        for nth in ({group: keys[place] for group, keys in GIVEN_IN.items()} for place in range(3))
    ]
    return GRANTS.conform(pd.concat(held, ignore_index=True))


def links(people: int, rules_hash: str) -> pd.DataFrame:
    """Return the links (LINKS): everybody is tied to their account, and we gave what they hold."""
    table = workers(people)
    departments = tuple(GIVEN_IN[GROUP_OF[name]] for name in DEPARTMENTS)
    facts = table[["source", "external_id", "user_name", "given_name", "family_name"]].assign(
        account_key=_keys(people), state="active", leaving_since=None, suspended_on=None,
        licences=_tuples(people, departments), group_key=table["department"].map(GROUP_OF),
        roles=_tuples(people, ((),)), directory_groups=_tuples(people, ((),)),
        worker_digest=None, rules_digest=rules_hash,
    )  # fmt: skip
    return LINKS.conform(facts)


def forget_journal(path: Path) -> None:
    """Remove a journal, and the mark that there was one, so that a new one may be made."""
    path.unlink(missing_ok=True)
    path.with_name(f"{path.name}{MARK}").unlink(missing_ok=True)


def write_links(path: Path, people: int, loaded: LoadedPipeline) -> None:
    """Make a journal with the links as they stand after a first run, all in one go."""
    forget_journal(path)
    Journal.open(path).close()
    rows = links(people, loaded.rules_hash).astype(object)
    rows = rows.where(rows.notna(), None).assign(pipeline=loaded.pipeline.name, target=loaded.pipeline.target.tenant)
    records = [dict(zip(rows.columns, cells, strict=True)) for cells in rows.itertuples(index=False)]
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as conn:
        conn.execute(insert(links_in_journal), records)
    engine.dispose()


def declared(people: int) -> dict[str, Any]:
    """Return what the tenant holds as the state that a sandbox starts from, and an administrator besides."""
    tenant = state(people)
    held = tenant.grants.groupby("account_key")["licence_key"].agg(list).to_dict()
    admin = {"key": "7", "email": "admin@acme.example", "firstName": "Avery", "lastName": "Keeper",
             "adminRoles": ["SUPER_USER"]}  # fmt: skip
    users = [
        {"key": row.account_key, "email": row.user_name, "firstName": row.given_name, "lastName": row.family_name,
         "locale": row.locale, "groupKey": row.group_key, "licenceKeys": held[row.account_key]}
        for row in tenant.accounts.itertuples()
    ]  # fmt: skip
    return {
        "account": {"key": "3001", "name": "Acme"},
        "licences": [{"key": key, "products": [product], "seats": None} for product, key in LICENCE_OF.items()],
        "groups": [{"key": key, "name": name} for key, name in GROUPS_BY_KEY.items()],
        "users": [admin, *users],
    }


def inputs(folder: Path, people: int, share_changed: float = 0.0) -> Inputs:
    """Return all that the plan of the company is made from."""
    loaded = pipeline(folder, "staff.csv")
    clean = workers(people)
    nobody = clean.iloc[:0].assign(codes=pd.Series(dtype="str"), key_usable=pd.Series(dtype="boolean"))
    return Inputs(
        pipeline=loaded.pipeline,
        mapping_hash=loaded.mapping_hash,
        rules_hash=loaded.rules_hash,
        verdicts={"hr": Verdict(changed(clean, share_changed) if share_changed else clean, nobody, FINDINGS.empty())},
        files={"hr": "staff.csv"},
        state=state(people),
        links=links(people, loaded.rules_hash),
        generation=1,
        as_of=TODAY,
    )


def _keys(people: int) -> pd.Series:
    return _text(np.arange(people), "70{:09d}")


def _text(numbers: np.ndarray, form: str) -> pd.Series:
    return pd.Series([form.format(number) for number in numbers], dtype="str")


def _picked(people: int, values: tuple[str, ...]) -> pd.Series:
    return pd.Series(np.array(values, dtype=object)[np.arange(people) % len(values)], dtype="str")


def _tuples(people: int, values: tuple[tuple[str, ...], ...]) -> pd.Series:
    return pd.Series([values[number % len(values)] for number in range(people)], dtype=object)
