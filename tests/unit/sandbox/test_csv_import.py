"""The portal's import from CSV. Documented: at most 100 users, one setting for all, about a day until they show. The
columns are assumed."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tasks.sandbox import Switches, csv_import
from tasks.sandbox.declared import read_state
from tasks.sandbox.platform import Platform, wall_clock
from tasks.sandbox.store import Store

HEAD = "First name,Last name,Email\r\n"
TWO = HEAD + 'Dee,Dale,dee@acme.example\r\n"Mary Ann","O\'Neil, Jr",mary@acme.example\r\n'


@pytest.fixture
def at_once(control: httpx.Client) -> None:
    control.put("switches", json={"csv_import_hours": 0}).raise_for_status()


def rows(count: int) -> str:
    return HEAD + "".join(f"Dee,Dale,dee{number}@acme.example\r\n" for number in range(count))


@pytest.mark.parametrize(
    ("switch", "head"), [("portal", HEAD), ("with_locale", "First name,Last name,Email,Locale\r\n")]
)
def test_the_template_has_the_columns(control: httpx.Client, switch: str, head: str) -> None:
    control.put("switches", json={"csv_columns": switch})
    reply = control.get("import/template")
    assert (reply.text, reply.headers["Content-Type"]) == (head, "text/csv; charset=utf-8")
    assert reply.headers["X-Sandbox-Basis"] == "assumed"


def test_all_users_of_a_file_get_the_same(control: httpx.Client, account: httpx.Client, at_once: None) -> None:
    settings = {"licenseKeys": ["9002"], "groupKey": "5003", "locale": "fr_FR", "timeZone": "Europe/Paris"}
    taken = control.post("import", json={"csv": TWO, "settings": settings}).json()
    assert taken["result"] == {"created": 2, "in_use": []}
    made = account.get("users").json()["results"][-2:]
    assert [(user["firstName"], user["lastName"]) for user in made] == [("Dee", "Dale"), ("Mary Ann", "O'Neil, Jr")]
    assert {(*user["licenseKeys"], user["locale"], user["timeZone"]) for user in made} == {
        ("9002", "fr_FR", "Europe/Paris")
    }
    assert {user["groupName"] for user in made} == {"Support"}


@pytest.mark.parametrize("placement", ["both", "top_level", "per_user"])
def test_the_settings_hold_wherever_a_create_is_asked_for_them(
    control: httpx.Client, account: httpx.Client, at_once: None, placement: str
) -> None:
    control.put("switches", json={"create_placement": placement})
    control.post("import", json={"csv": TWO, "settings": {"licenseKeys": ["9002"]}}).raise_for_status()
    assert [user["licenseKeys"] for user in account.get("users").json()["results"][-2:]] == [["9002"], ["9002"]]


def test_a_file_of_a_spreadsheet_is_read(control: httpx.Client, at_once: None) -> None:
    text = "\ufeffEMAIL,first name, Last name\n\ndee@acme.example , Dee,Dale\n,,\n"
    assert control.post("import", json={"csv": text}).json()["result"]["created"] == 1


def test_each_row_may_have_its_language_by_switch(control: httpx.Client, account: httpx.Client, at_once: None) -> None:
    control.put("switches", json={"csv_columns": "with_locale"})
    text = "First name,Last name,Email,Locale\nDee,Dale,dee@acme.example,it_IT\nEd,Ely,ed@acme.example,\n"
    control.post("import", json={"csv": text, "settings": {"locale": "fr_FR"}}).raise_for_status()
    assert [user["locale"] for user in account.get("users").json()["results"][-2:]] == ["it_IT", "fr_FR"]


def test_a_file_holds_at_most_100_users(control: httpx.Client, at_once: None) -> None:
    assert control.post("import", json={"csv": rows(100)}).json()["rows"] == 100
    refused = control.post("import", json={"csv": rows(101)})
    assert refused.status_code == 422
    assert "and this one 101" in refused.json()["error"]
    assert control.post("import", json={"csv": HEAD}).status_code == 422


@pytest.mark.parametrize(
    "text",
    [
        "",
        "First name,Email\nDee,dee@acme.example\n",
        "First name,Last name,Email,Locale\nDee,Dale,dee@acme.example,it_IT\n",
        HEAD + "Dee,,dee@acme.example\n",
        HEAD + "Dee,Dale,dee\n",
        HEAD + f"Dee,{'x' * 33},dee@acme.example\n",
    ],
)
def test_what_is_not_of_the_form_is_refused_whole(control: httpx.Client, text: str, at_once: None) -> None:
    assert control.post("import", json={"csv": text}).status_code == 422
    assert control.get("health").json()["users"] == 4


def test_rows_at_fault_are_named_by_number_alone(control: httpx.Client) -> None:
    refused = control.post("import", json={"csv": TWO + "Ed,Ely,nowhere\n"}).json()["error"]
    assert "3" in refused
    assert "nowhere" not in refused


def test_addresses_in_use_are_told(control: httpx.Client, at_once: None) -> None:
    text = TWO + "Ada,Byron,ada@acme.example\n"
    assert control.post("import", json={"csv": text}).json()["result"] == {"created": 2, "in_use": ["ada@acme.example"]}


def test_without_seats_for_all_nobody_is_imported(control: httpx.Client, at_once: None) -> None:
    """Documented: seats must be bought before."""
    reply = control.post("import", json={"csv": rows(4), "settings": {"licenseKeys": ["9001"]}})
    assert reply.json()["errors"][0]["code"] == "license.seats.exceeded"
    assert control.get("import").json() == {"imports": []}
    assert control.get("health").json()["users"] == 4


def test_imported_users_show_a_day_later(tmp_path: Path, state: dict[str, Any]) -> None:
    now = [wall_clock()]
    platform = Platform(Store(tmp_path / "store.db"), Switches(), clock=lambda: now[0])
    platform.open_account(read_state(state), lambda: read_state(state))
    with platform.call() as call:
        taken = csv_import.submit(call, TWO, csv_import.Settings())
    counts = []
    for hours in (23, 1, 1):
        now[0] += timedelta(hours=hours)
        with platform.call() as call:
            counts.append(call.db.execute("SELECT count(*) FROM people").fetchone()[0])
            last = csv_import.imports(call)[0]
    platform.store.close()
    assert (taken["result"], counts) == (None, [4, 6, 6])
    assert last["result"] == {"created": 2, "in_use": []}


def test_what_the_account_refuses_when_the_day_is_over_is_in_the_result(tmp_path: Path, state: dict[str, Any]) -> None:
    now = [wall_clock()]
    platform = Platform(Store(tmp_path / "store.db"), Switches(), clock=lambda: now[0])
    platform.open_account(read_state(state), lambda: read_state(state))
    with platform.call() as call:
        csv_import.submit(call, TWO, csv_import.Settings.model_validate({"licenseKeys": ["9001"]}))
        call.db.execute("UPDATE licences SET seats = 1 WHERE key = '9001'")
    now[0] += timedelta(days=1)
    with platform.call() as call:
        last = csv_import.imports(call)[0]
        users = call.db.execute("SELECT count(*) FROM people").fetchone()[0]
    platform.store.close()
    assert (last["result"], users) == ({"created": 0, "refused": "license.seats.exceeded"}, 4)
