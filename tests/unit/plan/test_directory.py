"""The directory that a pipeline feeds: groups, memberships, and whose they are."""

from typing import Any

import pytest

RULES = [{"name": "sales", "when": {"department": "Sales"}, "grant": {"directory_groups": ["GoTo Sales"]}}]
NOTHING = [{"name": "nobody", "when": {"department": "Mars"}, "grant": {"products": "G2M"}}]


@pytest.fixture
def worker(make: Any) -> Any:
    return make.worker


@pytest.fixture
def account(make: Any) -> Any:
    return make.account


@pytest.fixture
def link(make: Any) -> Any:
    return make.link


@pytest.fixture
def fed(case: Any, worker: Any, account: Any, link: Any) -> Any:
    """Ada, linked, of whom no rule says anything, in a pipeline that feeds the directory."""
    case.fed(rules=NOTHING)
    case.workers = [worker("ada", directory_groups="Hosts")]
    case.accounts.append(account("7001", "ada"))
    case.links = [link("ada", "7001")]
    return case


def memberships(case: Any) -> list[tuple[str, str | None, str]]:
    """Return what becomes of whom in which group: ``("add", "ada", "Hosts")``."""
    suffix = "_directory_member"
    changes = [change for change in case.plan().changes if change.action.value.endswith(suffix)]
    group = "directory_group"
    return [(c.action.value.removesuffix(suffix), c.external_id, c.after[group] or c.before[group]) for c in changes]


def test_who_is_missing_from_a_group_is_put_in(fed: Any) -> None:
    fed.directory = {"6001": ("HOSTS", [])}
    change = fed.change("add_directory_member", "ada")
    assert (change.account_key, change.after) == ("7001", {"directory_group": "Hosts", "group_key": "6001"})
    assert [step for step, _ in fed.steps()] == ["add_directory_member"]


def test_who_is_in_it_already_is_left_alone_whoever_put_them_there(fed: Any) -> None:
    fed.directory = {"6001": ("Hosts", ["7001"])}
    assert fed.steps() == []


def test_a_group_that_is_not_there_is_made_once(fed: Any, worker: Any, account: Any, link: Any) -> None:
    fed.workers.append(worker("bo", row=3, directory_groups="hosts"))
    fed.accounts.append(account("7002", "bo"))
    fed.links.append(link("bo", "7002"))
    made = fed.change("create_directory_group")
    assert made.after == {"directory_group": "Hosts"}
    joins = [change for change in fed.plan().changes if change.action == "add_directory_member"]
    assert [change.needs for change in joins] == [(made.change_id,)] * 2
    assert {change.after["group_key"] for change in joins} == {None}


@pytest.mark.prove
def test_rules_add_groups_to_those_of_the_roster(fed: Any) -> None:
    fed.fed(rules=RULES)
    assert sorted(memberships(fed)) == [("add", "ada", "GoTo Sales"), ("add", "ada", "Hosts")]
    by_name = {c.after["directory_group"]: c.rules for c in fed.plan().changes if c.action == "add_directory_member"}
    assert by_name == {"GoTo Sales": ("sales",), "Hosts": ()}


@pytest.mark.prove
def test_a_newcomer_joins_after_their_account_is_made(fed: Any, worker: Any) -> None:
    fed.fed(rules=[{"name": "all", "when": {}, "grant": {"products": "G2M"}}])
    fed.workers.append(worker("bo", row=3, directory_groups="Hosts"))
    fed.directory = {"6001": ("Hosts", ["7001"])}
    created = fed.change("create", "bo")
    joined = fed.change("add_directory_member", "bo")
    assert created.change_id in joined.needs
    assert joined.account_key is None


def test_only_what_we_gave_is_taken_away(fed: Any, link: Any) -> None:
    fed.workers[0]["directory_groups"] = "Other"
    fed.directory = {"6001": ("Hosts", ["7001"]), "6002": ("By Okta", ["7001"]), "6003": ("Other", ["7001"])}
    assert memberships(fed) == []
    fed.links = [link("ada", "7001", directory_groups=("6001",))]
    assert memberships(fed) == [("remove", "ada", "Hosts")]


def test_a_blank_cell_takes_nobody_out(fed: Any, link: Any) -> None:
    fed.workers[0]["directory_groups"] = None
    fed.directory = {"6001": ("Hosts", ["7001"])}
    fed.links = [link("ada", "7001", directory_groups=("6001",))]
    assert memberships(fed) == []
    assert fed.withheld() == [("remove_directory_member", "blank", "ada")]


def test_a_held_row_takes_nobody_out(fed: Any, link: Any, worker: Any) -> None:
    fed.held = [worker("ada", directory_groups="Other")]
    fed.workers = []
    fed.directory = {"6001": ("Hosts", ["7001"])}
    fed.links = [link("ada", "7001", directory_groups=("6001",))]
    assert memberships(fed) == []


def test_who_is_suspended_leaves_the_groups_that_we_put_them_in(fed: Any, link: Any) -> None:
    fed.workers = []
    fed.grants = [("7001", "9002")]
    fed.directory = {"6001": ("Hosts", ["7001"]), "6002": ("By Okta", ["7001"])}
    fed.links = [link("ada", "7001", directory_groups=("6001",))]
    assert fed.steps() == [("remove_directory_member", "ada"), ("suspend", "ada")]


def test_a_pipeline_that_does_not_feed_plans_nothing_of_it(fed: Any, link: Any) -> None:
    fed.policy(rules=NOTHING)
    fed.links = [link("ada", "7001", directory_groups=("6001",))]
    fed.directory = {"6001": ("Hosts", ["7001"])}
    assert fed.steps() == []


@pytest.mark.prove
def test_protected_accounts_are_left_where_they_are(fed: Any, link: Any) -> None:
    fed.fed(rules=NOTHING, protect=["user:ada@acme.example"])
    fed.directory = {"6001": ("Hosts", ["7001"])}
    fed.workers[0]["directory_groups"] = "Other"
    fed.links = [link("ada", "7001", directory_groups=("6001",))]
    assert memberships(fed) == []
    assert {reason for _, reason, _ in fed.withheld()} == {"protected"}


def test_taking_out_is_limited_by_the_memberships_that_we_gave(fed: Any, link: Any) -> None:
    from tasks.plan import read_limits

    fed.workers[0]["directory_groups"] = "Other"
    fed.directory = {"6001": ("Hosts", ["7001"]), "6003": ("Other", ["7001"])}
    fed.links = [link("ada", "7001", directory_groups=("6001",))]
    plan = fed.plan()
    [reading] = [one for one in read_limits(plan, fed.pipeline) if one.name == "remove_directory_member"]
    assert (reading.count, reading.base) == (1, 1)


# Rules that test directory groups


def grants(case: Any) -> list[str | None]:
    return [change.external_id for change in case.plan().changes if change.action == "grant"]


@pytest.fixture
def by_group(fed: Any) -> Any:
    rules = [{"name": "hosts", "when": {"directory_groups": ["Webinar  Hosts"]}, "grant": {"products": "G2W"}}]
    fed.fed(rules=rules)
    fed.workers[0]["directory_groups"] = None
    return fed


@pytest.mark.prove
@pytest.mark.parametrize("cell", ["Webinar Hosts", "A\nwebinar hosts\nZ"])
def test_a_rule_is_met_by_one_of_the_groups_of_the_roster(by_group: Any, cell: str) -> None:
    by_group.workers[0]["directory_groups"] = cell
    assert grants(by_group) == ["ada"]


@pytest.mark.prove
@pytest.mark.parametrize("cell", [None, "Webinar", "Webinar Hosts EMEA"])
def test_a_rule_is_not_met_by_part_of_a_name(by_group: Any, cell: str | None) -> None:
    by_group.workers[0]["directory_groups"] = cell
    assert grants(by_group) == []


def test_a_rule_is_met_by_the_directory_of_the_tenant(by_group: Any) -> None:
    by_group.directory = {"6001": ("Webinar Hosts", ["7001"])}
    assert grants(by_group) == ["ada"]


def test_a_membership_that_we_gave_does_not_give_by_itself(by_group: Any, link: Any) -> None:
    by_group.directory = {"6001": ("Webinar Hosts", ["7001"])}
    by_group.links = [link("ada", "7001", directory_groups=("6001",))]
    assert grants(by_group) == []


# Leavers ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def suspended(fed: Any, link: Any) -> Any:
    """Ada is gone and was suspended, but is still in a group that we put her in."""
    fed.workers = []
    fed.directory = {"6001": ("Hosts", ["7001"])}
    fed.links = [link("ada", "7001", state="suspended", suspended_on="2026-02-01", directory_groups=("6001",))]
    return fed


@pytest.mark.prove
def test_whoever_was_suspended_before_and_is_still_in_a_group_is_taken_out_now(suspended: Any) -> None:
    assert suspended.steps() == [("remove_directory_member", "ada")]
    assert suspended.change("remove_directory_member").cause == "leaver"


@pytest.mark.prove
def test_they_stay_in_it_while_a_held_row_may_be_theirs(suspended: Any, worker: Any) -> None:
    suspended.held = [worker("ada")]
    assert suspended.steps() == []
    assert suspended.withheld() == [("remove_directory_member", "held", "ada")]


@pytest.mark.prove
@pytest.mark.parametrize("facts", [{"lifecycle": {"leavers": "report"}}, {"protect": ["user:ada@acme.example"]}])
def test_they_stay_in_it_where_leavers_or_they_are_not_ours_to_touch(suspended: Any, facts: Any) -> None:
    suspended.fed(rules=NOTHING, **facts)
    assert suspended.steps() == []


def test_they_stay_in_it_once_their_source_is_gone(suspended: Any) -> None:
    suspended.links[0]["source"] = "contractors"
    assert suspended.steps() == []


@pytest.mark.prove
def test_a_leaver_with_a_row_of_their_own_is_taken_out_by_that_row(fed: Any, worker: Any, link: Any) -> None:
    fed.workers = [worker("ada", row=7, status="inactive")]
    fed.grants = [("7001", "9002")]
    fed.directory = {"6001": ("Hosts", ["7001"])}
    fed.links = [link("ada", "7001", directory_groups=("6001",))]
    assert fed.steps() == [("remove_directory_member", "ada"), ("suspend", "ada")]
    origin = fed.change("remove_directory_member").origin
    assert (origin.file, origin.row) == ("staff.csv", 7)


@pytest.fixture
def crowd(fed: Any, worker: Any, account: Any, link: Any) -> Any:
    """Fill the group Hosts with that many people; Ada, who is to join it, is not among them."""

    def fill(number: int) -> list[str]:
        keys = [str(8000 + one) for one in range(number)]
        fed.accounts += [account(key, f"p{key}") for key in keys]
        fed.directory = {"6001": ("Hosts", keys)}
        return keys

    return fill


@pytest.mark.prove
@pytest.mark.parametrize(("size", "left_out"), [(99, []), (100, [("add_directory_member", "large_group", "ada")])])
def test_nobody_is_put_into_a_group_beyond_what_can_be_written_whole(
    fed: Any, crowd: Any, size: int, left_out: list[Any]
) -> None:
    crowd(size)
    assert fed.withheld() == left_out
    assert len(memberships(fed)) == 1 - len(left_out)


@pytest.mark.prove
def test_a_leaver_in_a_group_that_cannot_be_changed_is_named(fed: Any, crowd: Any, link: Any) -> None:
    fed.workers[0]["directory_groups"] = "Other"
    fed.directory = {}
    keys = crowd(101)
    fed.directory["6001"] = ("Hosts", [*keys, "7001"])
    fed.links = [link("ada", "7001", directory_groups=("6001",))]
    [item] = fed.plan().withheld
    assert (item.action, item.reason, item.detail) == ("remove_directory_member", "large_group", "Hosts")
    assert memberships(fed) == [("add", "ada", "Other")]


def test_who_leaves_makes_room_for_who_joins(fed: Any, crowd: Any, worker: Any, account: Any, link: Any) -> None:
    keys = crowd(99)
    fed.workers.append(worker("bo", row=3, directory_groups="Other"))
    fed.accounts.append(account("7002", "bo"))
    fed.links.append(link("bo", "7002", directory_groups=("6001",)))
    fed.directory |= {"6001": ("Hosts", [*keys, "7002"]), "6002": ("Other", ["7002"])}
    assert sorted(memberships(fed)) == [("add", "ada", "Hosts"), ("remove", "bo", "Hosts")]


@pytest.mark.prove
def test_a_group_that_is_made_is_filled_as_far_as_there_is_room(fed: Any, worker: Any, account: Any, link: Any) -> None:
    for number in range(105):
        fed.workers.append(worker(f"n{number:03}", row=3 + number, directory_groups="hosts"))
        fed.accounts.append(account(str(8000 + number), f"n{number:03}"))
        fed.links.append(link(f"n{number:03}", str(8000 + number)))
    assert len(memberships(fed)) == 100
    assert fed.withheld() == [("add_directory_member", "large_group", f"n{number:03}") for number in range(99, 105)]


def test_where_a_patch_is_known_to_add_large_groups_are_fed(fed: Any, crowd: Any) -> None:
    crowd(150)
    target = fed.pipeline.target.model_copy(update={"directory_patch": "merge"})
    fed.pipeline = fed.pipeline.model_copy(update={"targets": (target,)})
    assert memberships(fed) == [("add", "ada", "Hosts")]
