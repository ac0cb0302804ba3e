"""The client of the directory against the sandbox, one test for each fact (docs/target-goto.md, D1 to D14)."""

from typing import Any

import pytest

from tasks.connectors.goto import survey
from tasks.model.errors import RefusedByTarget, UncertainCall
from tasks.model.operations import NewAccount, Operation, OperationKind
from tasks.model.pipeline import GotoTarget
from tasks.sandbox.platform import wall_clock
from tests.support.operations import change_directory

FED = {"directory": "feed"}


def change(sandbox: Any, *args: Any, **spec: Any) -> None:
    sandbox.run(lambda target: target.perform(change_directory(*args)), **{**FED, **spec})


def members(sandbox: Any, key: str = "6001") -> set[str]:
    found = sandbox.run(lambda target: target.read_directory_groups([key]), **FED)
    return set(found[key].members)


def make_group(sandbox: Any, name: str) -> str:
    operation = Operation("op-1", OperationKind.CREATE_DIRECTORY_GROUP, ("c1",), payload={"name": name})
    return str(sandbox.run(lambda target: target.perform(operation), **FED).group_key)


def fill(sandbox: Any, group: str, number: int, start: int = 0) -> list[str]:
    """Make people and put them into a group, in pieces of a hundred; return their keys."""
    people = tuple(NewAccount(f"c{n}", f"p{n}@acme.example", "P", "Q") for n in range(start, start + number))

    async def scenario(target: Any) -> list[str]:
        keys = []
        for at in range(0, number, 100):
            made = await target.perform(
                Operation("op", OperationKind.CREATE_ACCOUNTS, (), people=people[at : at + 100])
            )
            keys += list(made.created.values())
            await target.perform(change_directory(group, list(made.created.values())))
        return keys

    keys: list[str] = sandbox.run(scenario, directory="feed", directory_patch="merge")
    return keys


def test_groups_and_members_are_read_with_the_account(sandbox: Any) -> None:
    """D1, D3, D5. Documented: ``resources`` with displayName and members. Observed: a member is the user's key."""
    state = sandbox.run(lambda target: target.read(), **FED)
    assert state.directory_groups.to_numpy().tolist() == [["6001", "Hosts"]]
    assert state.directory_members.to_numpy().tolist() == [["6001", "7002"]]


def test_a_pipeline_that_does_not_ask_for_the_directory_leaves_it_alone(sandbox: Any) -> None:
    """D2. Documented: it takes a scope of its own, which not every token has."""
    sandbox.switch(scopes=["identity:"])
    assert len(sandbox.run(lambda target: target.read()).directory_groups) == 0


@pytest.mark.parametrize("kept", [["identity:"], ["identity:", "collab:"]])
def test_without_the_scope_the_refusal_names_it(sandbox: Any, kept: list[str]) -> None:
    """D2. Documented: 401 where a right is missing."""
    sandbox.switch(scopes=kept)
    with pytest.raises(RefusedByTarget, match=r"lacks the scope 'identity:scim.org'"):
        sandbox.run(lambda target: target.read(), **FED)


def test_without_the_role_the_refusal_names_that(sandbox: Any) -> None:
    """D2. Documented: ROLE_ORG_READ and ROLE_ORG_WRITE."""
    sandbox.control("PUT", "organisation/admins/7001", {"role": "read"})
    with pytest.raises(RefusedByTarget, match=r"needs the role Admin \(read & write\)"):
        make_group(sandbox, "New")


@pytest.mark.parametrize("semantics", ["merge", "replace"])
def test_members_come_and_go_and_the_others_stay(sandbox: Any, semantics: str) -> None:
    """D7. Assumed, either way: what a PATCH does to the members it does not name is not known."""
    sandbox.switch(scim_patch_members=semantics)
    change(sandbox, "6001", ["7001", "7003"])
    assert members(sandbox) == {"7001", "7002", "7003"}
    change(sandbox, "6001", ["7003"], ["7001", "7004"])
    assert members(sandbox) == {"7002", "7003"}


@pytest.mark.parametrize("semantics", ["merge", "replace"])
def test_groups_within_a_group_stay(sandbox: Any, semantics: str) -> None:
    """D5. Documented: groups nest."""
    sandbox.switch(scim_patch_members=semantics)
    inner = make_group(sandbox, "Inner")
    sandbox.scim("PATCH", "Groups/6001", {"members": [
        {"type": "user", "value": "7002"}, {"type": "group", "value": inner},
    ]})  # fmt: skip
    change(sandbox, "6001", ["7003"])
    held = sandbox.scim("GET", "Groups/6001")["members"]
    assert {(member["type"], member["value"]) for member in held} == {
        ("user", "7002"), ("user", "7003"), ("group", inner),
    }  # fmt: skip


def test_large_groups_are_changed_in_pieces_where_it_is_known_that_a_patch_adds(sandbox: Any) -> None:
    """D6, D7. Documented: at most 100 members a request."""
    keys = fill(sandbox, "6001", 120)
    assert members(sandbox) == {"7002", *keys}
    change(sandbox, "6001", ["7003"], keys[:50], directory_patch="merge")
    assert members(sandbox) == {"7002", "7003", *keys[50:]}


def test_large_groups_are_left_alone_where_it_is_not_known(sandbox: Any) -> None:
    """D7. Assumed: a PATCH that replaced would take everybody else out."""
    keys = fill(sandbox, "6001", 100)
    with pytest.raises(RefusedByTarget, match="directory_patch: merge") as refusal:
        change(sandbox, "6001", ["7003"])
    assert refusal.value.facts["code"] == "directory.group.too.large"
    assert members(sandbox) == {"7002", *keys}


def test_a_group_that_is_gone_is_told_from_a_right_that_is_missing(sandbox: Any) -> None:
    """D2. Documented: both are 401."""
    assert sandbox.run(lambda target: target.read_directory_groups(["1", "6001"]), **FED).keys() == {"6001"}
    with pytest.raises(RefusedByTarget) as refusal:
        change(sandbox, "1", ["7002"])
    assert refusal.value.facts["code"] == "group.not.found"
    sandbox.control("PUT", "organisation/admins/7001", {"role": None})
    with pytest.raises(RefusedByTarget, match="Admin"):
        sandbox.run(lambda target: target.read_directory_groups(["6001"]), **FED)


def test_group_lists_are_read_to_their_end(sandbox: Any) -> None:
    """D8. Documented: startIndex counts from 1."""
    names = {f"G{number}" for number in range(7)}
    for name in names:
        make_group(sandbox, name)
    groups = sandbox.run(lambda target: target.read_directory_groups([]), **FED)
    assert {group.name for group in groups.values()} == {"Hosts", *names}


def test_a_name_in_use_is_refused(sandbox: Any) -> None:
    """D5. Documented: displayName is unique in the organisation."""
    with pytest.raises(RefusedByTarget) as refusal:
        make_group(sandbox, "HOSTS")
    assert refusal.value.facts["status"] == 409


@pytest.mark.parametrize("form", ["scim11", "scim20", "html"])
def test_refusals_of_every_form_are_read(sandbox: Any, form: str) -> None:
    """D9. Assumed. A page is none of GoTo's: what was asked for is looked up."""
    sandbox.switch(scim_error=form)
    with pytest.raises(UncertainCall if form == "html" else RefusedByTarget) as refusal:
        change(sandbox, "6001", ["4711"])
    assert refusal.value.facts["status"] == 400
    assert members(sandbox) == {"7002"}


@pytest.mark.parametrize("effect", ["organisation", "destructive"])
def test_nobody_is_ever_deleted_in_the_directory(sandbox: Any, effect: str) -> None:
    """D11. Documented both ways: a deletion there may take the account with it."""
    sandbox.switch(scim_delete=effect)
    change(sandbox, "6001", ["7003"])
    change(sandbox, "6001", [], ["7002", "7003"])
    deletes = [one for one in sandbox.control("GET", "requests")["requests"] if one["method"] == "DELETE"]
    assert deletes == []


@pytest.mark.parametrize("told", [True, False])
def test_the_organisation_is_surveyed_as_far_as_it_is_told(sandbox: Any, told: bool) -> None:
    """D13, D14. Inferred: no public call tells of domains and organisation admins; the sandbox has one of its own."""
    sandbox.switch(domain_control=told)
    urls = {"api": sandbox.url, "token": f"{sandbox.url}/oauth/token"}
    spec = GotoTarget.model_validate({"name": "goto", "kind": "goto", "account_key": "3001", "urls": urls, **FED})
    found = sandbox.run(lambda target: survey(target, spec, wall_clock), **FED)
    assert (found.asks_organisation, found.directory, found.reachable) == (told, "read", ("3001",))
    if told:
        assert found.organisation.domains["acme.example"].status == "verified"
        assert found.organisation.admins == {"7001": "write"}
    else:
        assert found.organisation is None
