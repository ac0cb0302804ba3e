"""Domains and their verification, organisation admins. All documented as rules; the calls are the sandbox's own."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tasks.sandbox import Switches, default_state, directory_groups, organisation
from tasks.sandbox.declared import read_state
from tasks.sandbox.platform import Platform, wall_clock
from tasks.sandbox.store import Store

DOMAIN = "acme.example"


@pytest.fixture
def pending(control: httpx.Client) -> dict[str, str]:
    """The records of a domain that was added and is not verified yet."""
    found = control.post("organisation/domains", json={"domain": DOMAIN}).json()
    [domain] = found["domains"]
    assert domain["status"] == "pending"
    records: dict[str, str] = domain["records"]
    return records


def status_of(control: httpx.Client) -> str:
    return str(control.get("organisation").json()["domains"][0]["status"])


def test_without_a_domain_there_is_no_organisation(control: httpx.Client) -> None:
    assert control.get("organisation").status_code == 404


@pytest.mark.parametrize("prefix", ["goto-verification-code", "logmein-verification-code"])
def test_a_txt_record_under_either_prefix_verifies(control: httpx.Client, pending: dict[str, str], prefix: str) -> None:
    code = pending["dns"].partition("=")[2]
    control.put("published", json={"place": DOMAIN, "text": f"v=spf1 -all\n{prefix}={code}"})
    assert control.post(f"organisation/domains/{DOMAIN}/verify", json={"method": "dns"}).status_code == 200
    assert status_of(control) == "verified"


def test_a_text_file_verifies_if_it_holds_the_record_and_nothing_else(
    control: httpx.Client, pending: dict[str, str]
) -> None:
    place = f"http://{DOMAIN}/goto-verification-code.txt"
    control.put("published", json={"place": place, "text": pending["file"] + " "})
    assert control.post(f"organisation/domains/{DOMAIN}/verify", json={"method": "file"}).status_code == 422
    control.put("published", json={"place": place, "text": pending["file"]})
    assert control.post(f"organisation/domains/{DOMAIN}/verify", json={"method": "file"}).status_code == 200


def test_each_method_has_a_code_of_its_own(control: httpx.Client, pending: dict[str, str]) -> None:
    control.put("published", json={"place": DOMAIN, "text": pending["file"]})
    refused = control.post(f"organisation/domains/{DOMAIN}/verify", json={"method": "dns"})
    assert refused.status_code == 422
    assert pending["dns"] in refused.json()["error"]


def test_the_first_verified_domain_makes_the_organisation_and_who_added_it_its_admin(
    control: httpx.Client, pending: dict[str, str]
) -> None:
    assert control.get("organisation").json()["name"] is None
    control.put("published", json={"place": DOMAIN, "text": pending["dns"]})
    found = control.post(f"organisation/domains/{DOMAIN}/verify", json={}).json()
    assert found["name"] == "Acme GmbH"
    assert found["admins"] == [{"key": "7001", "email": "root@acme.example", "role": "write"}]


def test_a_verified_domain_cannot_be_deleted_and_a_pending_one_can(
    control: httpx.Client, pending: dict[str, str]
) -> None:
    control.post("organisation/domains", json={"domain": "other.example"})
    assert control.delete("organisation/domains/other.example").status_code == 200
    control.put("published", json={"place": DOMAIN, "text": pending["dns"]})
    control.post(f"organisation/domains/{DOMAIN}/verify", json={})
    assert control.delete(f"organisation/domains/{DOMAIN}").status_code == 422
    assert status_of(control) == "verified"


def test_a_domain_is_not_added_twice(control: httpx.Client, pending: dict[str, str]) -> None:
    assert control.post("organisation/domains", json={"domain": DOMAIN}).status_code == 422
    assert control.get("organisation").json()["domains"][0]["records"] == pending


def test_after_ten_days_a_domain_has_expired_and_gets_new_codes(tmp_path: Path, state: dict[str, Any]) -> None:
    now = [wall_clock()]
    platform = Platform(Store(tmp_path / "store.db"), Switches(), clock=lambda: now[0])
    platform.open_account(read_state(state), lambda: read_state(state))
    with platform.call() as call:
        organisation.add_domain(call, DOMAIN)
        first = organisation.described(call)
    now[0] += timedelta(days=10)
    with platform.call() as call:
        expired = organisation.described(call)
        organisation.add_domain(call, DOMAIN)
        renewed = organisation.described(call)
    platform.store.close()
    assert first
    assert expired
    assert renewed
    assert (first["domains"][0]["status"], expired["domains"][0]["status"]) == ("pending", "expired")
    assert renewed["domains"][0]["status"] == "pending"
    assert renewed["domains"][0]["records"] == expired["domains"][0]["records"] != first["domains"][0]["records"]
    assert (first["domains"][0]["expires"], renewed["domains"][0]["added"]) == (
        (now[0]).isoformat(timespec="seconds"),
        (now[0]).isoformat(timespec="seconds"),
    )


def test_a_domain_that_expired_is_not_verified_and_can_be_deleted(control: httpx.Client, state: dict[str, Any]) -> None:
    organisation = {"name": "Acme", "domains": [{"domain": DOMAIN, "status": "expired"}]}
    control.post("reset", json={**state, "organisation": organisation}).raise_for_status()
    control.put(
        "published", json={"place": DOMAIN, "text": control.get("organisation").json()["domains"][0]["records"]["dns"]}
    )
    assert control.post(f"organisation/domains/{DOMAIN}/verify", json={}).status_code == 422
    assert control.delete(f"organisation/domains/{DOMAIN}").status_code == 200
    assert control.get("organisation").status_code == 404


def test_the_default_state_has_an_organisation_whose_admin_is_the_principal(control: httpx.Client) -> None:
    control.post("reset", json=default_state().model_dump(mode="json", by_alias=True)).raise_for_status()
    found = control.get("organisation").json()
    assert (found["name"], [one["status"] for one in found["domains"]]) == ("Example Ltd", ["verified"])
    assert [(one["email"], one["role"]) for one in found["admins"]] == [("admin@acme.example", "write")]


def test_a_declared_group_without_a_key_is_given_one(tmp_path: Path, state: dict[str, Any]) -> None:
    groups = [{"name": "Made"}, {"name": "Declared", "key": "6000000000000000001", "members": ["7002"]}]
    declared = {**state, "organisation": {"name": "Acme", "groups": groups}}
    platform = Platform(Store(tmp_path / "store.db"), Switches())
    platform.open_account(read_state(declared), lambda: read_state(declared))
    with platform.call() as call:
        keys = {row["name"]: row["key"] for row in directory_groups.groups(call)}
    platform.store.close()
    assert keys == {"Made": "6000000000000000002", "Declared": "6000000000000000001"}


@pytest.mark.parametrize(
    ("role", "by", "status"),
    [("read", "7001", 422), (None, "7001", 422), ("read", "7002", 422), ("write", None, 200)],
)
def test_admins_do_not_change_their_own_role(
    control: httpx.Client, state: dict[str, Any], role: str | None, by: str | None, status: int
) -> None:
    """7001 may write and is the one who is changed; 7002 is nobody there. Without ``by`` it is simply set."""
    organisation = {"name": "Acme", "domains": [{"domain": DOMAIN}], "admins": [{"user": "7001"}]}
    control.post("reset", json={**state, "organisation": organisation}).raise_for_status()
    assert control.put("organisation/admins/7001", json={"role": role, "by": by}).status_code == status
    assert [one["role"] for one in control.get("organisation").json()["admins"]] == ["write"]


def test_an_admin_gives_a_role_to_those_of_verified_domains(control: httpx.Client, state: dict[str, Any]) -> None:
    outsider = {"key": "7009", "email": "o@elsewhere.example", "firstName": "O", "lastName": "P"}
    organisation = {"name": "Acme", "domains": [{"domain": DOMAIN}], "admins": [{"user": "7001"}]}
    declared = {**state, "users": [*state["users"], outsider], "organisation": organisation}
    control.post("reset", json=declared).raise_for_status()
    assert control.put("organisation/admins/7002", json={"role": "read", "by": "7001"}).status_code == 200
    assert control.put("organisation/admins/7009", json={"role": "read", "by": "7001"}).status_code == 422


def test_an_admin_counts_only_with_an_address_in_a_verified_domain(tmp_path: Path, state: dict[str, Any]) -> None:
    declared = {
        **state,
        "organisation": {
            "name": "Acme",
            "domains": [{"domain": "elsewhere.example"}],
            "admins": [{"user": "7001"}],
        },
    }
    platform = Platform(Store(tmp_path / "store.db"), Switches())
    platform.open_account(read_state(declared), lambda: read_state(declared))
    with platform.call() as call:
        assert organisation.role_of(call, "7001") is None
        organisation.add_domain(call, DOMAIN)
        call.db.execute("UPDATE domains SET status = 'verified'")
        assert organisation.role_of(call, "7001") == "write"
        assert organisation.role_of(call, "7002") is None
    platform.store.close()


def test_roles_of_the_organisation_are_given_and_taken(control: httpx.Client, pending: dict[str, str]) -> None:
    assert control.put("organisation/admins/7002", json={"role": "read"}).json()["admins"] == [
        {"key": "7002", "email": "ada@acme.example", "role": "read"}
    ]
    assert control.put("organisation/admins/7002", json={"role": None}).json()["admins"] == []
    assert control.put("organisation/admins/1", json={"role": "read"}).status_code == 422


def test_where_nobody_can_ask_the_calls_are_not_there(control: httpx.Client, pending: dict[str, str]) -> None:
    control.put("switches", json={"domain_control": False})
    assert control.get("organisation").status_code == 404
    assert control.post("organisation/domains", json={"domain": "b.example"}).status_code == 404
