"""The fault plan as a document: which calls its rules are about, when they are due, and how a bad one is refused."""

from pathlib import Path
from typing import Any

import pytest

from tasks.model.errors import BadUsage
from tasks.sandbox.fault_plan import Calls, Fault, FaultPlan, Faults, read_fault_plan

USERS = "/admin/rest/v1/accounts/3001/users"


def struck(rule: dict[str, Any], calls: int = 12, seed: int = 0) -> list[int]:
    """Return the numbers of the calls that a rule strikes."""
    faults = Faults(read_fault_plan({"seed": seed, "rules": [{"fault": "cut_before", **rule}]}))
    return [number for number in range(1, calls + 1) if faults.strike("GET", USERS)]


def refusal(folder: Path, text: str, name: str = "faults.yaml") -> str:
    (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(BadUsage) as caught:
        read_fault_plan(folder / name)
    assert caught.value.exit_code == 2
    return str(caught.value)


# Which calls --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "path", "holds"),
    [
        ("/accounts/*/users", USERS, True),
        ("/admin/rest/v1/accounts/*/users", USERS, True),
        ("/accounts/*/users", f"{USERS}/7001", False),
        ("/accounts/*/users/*", f"{USERS}/7001", True),
        ("/accounts/*/users/*", f"{USERS}/7001/groups", False),
        ("/accounts/*/users/*", "/admin/rest/v1/accounts/3001/licenses/9001/users/7001", False),
        ("/accounts/*/licenses/*/users/*", "/admin/rest/v1/accounts/3001/licenses/9001/users/7001", True),
        ("/accounts/**", f"{USERS}/7001/groups", True),
        ("/**", "/oauth/token", True),
        ("/oauth/token", "/oauth/token", True),
        ("/Users/*", "/identity/v1/Users/7001", True),
        ("/Users/*", "/identity/scim/v2/Users/7001", True),
        ("/organizers/*/webinars", "/G2W/rest/v2/organizers/7001/webinars", True),
        ("/users", USERS, False),
        ("/accounts/3.01/users", USERS, False),
    ],
)
def test_pattern_is_of_the_whole_path_or_of_what_follows_the_base_of_an_api(
    pattern: str, path: str, holds: bool
) -> None:
    assert Calls(path=pattern).hold("GET", path) is holds


def test_rule_without_a_method_is_about_all_and_one_with_several_about_those() -> None:
    assert [method for method in ("GET", "POST", "PUT", "DELETE") if Calls().hold(method, USERS)] == [
        "GET", "POST", "PUT", "DELETE",
    ]  # fmt: skip
    plan = read_fault_plan([{"on": {"method": ["PUT", "DELETE"]}, "fault": "error_500"}])
    assert [method for method in ("GET", "POST", "PUT", "DELETE") if plan.rules[0].on.hold(method, USERS)] == [
        "PUT", "DELETE",
    ]  # fmt: skip


# When ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "numbers"),
    [
        ({"at": [1, 3]}, [1, 3]),
        ({"at": 2}, [2]),
        ({"every": 3}, [3, 6, 9, 12]),
        ({"first": 2}, [1, 2]),
        ({}, list(range(1, 13))),
        ({"share": 1}, list(range(1, 13))),
    ],
)
def test_calls_that_match_are_counted_from_one(rule: dict[str, Any], numbers: list[int]) -> None:
    assert struck(rule) == numbers


def test_share_is_decided_by_the_seed_and_the_number_of_the_call() -> None:
    one = struck({"share": 0.3}, 1000, seed=1)
    assert one == struck({"share": 0.3}, 1000, seed=1)
    assert one != struck({"share": 0.3}, 1000, seed=2)
    assert 240 < len(one) < 360
    assert struck({"share": 0.3}, 500, seed=1) == [number for number in one if number <= 500]


def test_first_rule_that_is_due_strikes_and_the_others_count_on() -> None:
    plan = [
        {"on": {"method": "GET"}, "at": 2, "fault": "slow", "for_s": 1},
        {"on": {"path": "/accounts/*/users"}, "every": 2, "fault": "cut_after"},
        {"on": {"method": "POST"}, "fault": "error_500"},
    ]
    faults = Faults(read_fault_plan(plan))
    rules = [faults.strike("GET", USERS) for _ in range(4)]
    assert [rule and rule.fault for rule in rules] == [None, Fault.SLOW, None, Fault.CUT_AFTER]
    assert [(rule["matched"], rule["struck"]) for rule in faults.read()["rules"]] == [(4, 1), (4, 1), (0, 0)]


def test_counting_can_begin_again() -> None:
    faults = Faults(read_fault_plan([{"at": 1, "fault": "cut_before"}]))
    assert [bool(faults.strike("GET", USERS)) for _ in range(2)] == [True, False]
    faults.begin_again()
    assert [bool(faults.strike("GET", USERS)) for _ in range(2)] == [True, False]


# Files --------------------------------------------------------------------------------------------------------------

YAML = """\
seed: 7
rules:
  - {on: {method: POST, path: /accounts/*/users}, at: [1, 3], fault: cut_after}
  - on: {method: GET}
    share: 0.2
    fault: slow
    for_s: 2
"""
JSON = """\
{
\t"seed": 7,
\t"rules": [
\t\t{"on": {"method": "POST", "path": "/accounts/*/users"}, "at": [1, 3], "fault": "cut_after"},
\t\t{"on": {"method": "GET"}, "share": 0.2, "fault": "slow", "for_s": 2}
\t]
}
"""


def test_yaml_and_json_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "faults.yaml").write_text(YAML)
    (tmp_path / "faults.json").write_text(JSON)
    plan = read_fault_plan(tmp_path / "faults.yaml")
    assert plan == read_fault_plan(tmp_path / "faults.json")
    assert (plan.seed, [rule.fault for rule in plan.rules]) == (7, [Fault.CUT_AFTER, Fault.SLOW])
    assert (plan.rules[0].at, plan.rules[1].share, plan.rules[1].for_s) == ([1, 3], 0.2, 2.0)


def test_rules_may_stand_alone_and_an_empty_file_has_none(tmp_path: Path) -> None:
    (tmp_path / "faults.yaml").write_text("- {fault: cut_after, at: 1}\n")
    assert [rule.fault for rule in read_fault_plan(tmp_path / "faults.yaml").rules] == [Fault.CUT_AFTER]
    (tmp_path / "faults.yaml").write_text("# none yet\n")
    assert read_fault_plan(tmp_path / "faults.yaml") == read_fault_plan(None) == FaultPlan()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules:\n  - fault: cut\n", "line 2, rules[0].fault: this should be 'too_many', 'error_500',"),
        ("- fault: cut_after\n  at: [1, 0]\n", "line 2, rules[0].at[1]: this should be greater than or equal to 1"),
        ("- fault: cut_after\n  at: true\n", "line 2, rules[0].at[0]: this should be a valid integer"),
        ("- on:\n    methd: GET\n  fault: cut_after\n", "line 2, rules[0].on.methd: there is no such key; there are m"),
        ("- on: {path: users}\n  fault: cut_after\n", "line 1, rules[0].on.path: a path begins with '/'"),
        (
            "- on: {method: FETCH}\n  fault: slow\n",
            "line 1, rules[0].on.method[0]: this should be 'GET', 'POST', 'PUT'",
        ),
        (
            "- {on: users, fault: slow, for_s: 1}\n",
            "line 1, rules[0].on: this should be the calls that are meant, {method: POST, path: /accounts/*/users}",
        ),
        ("- at: 1\n", "line 1, rules[0].fault: Field required"),
        ("\n- fault: slow\n", "line 2, rules[0]: slow needs for_s"),
        ("- {fault: cut_after, at: 1, every: 2}\n", "rules[0]: at and every stand together; give one of"),
        (
            "- {fault: cut_after, retry_after: 2}\n",
            "rules[0]: retry_after goes with service_unavailable, too_many only",
        ),
        (
            "- {fault: cut_before, done: true}\n",
            "rules[0]: done goes with accepted, bad_gateway_html, blocked_page, error_500",
        ),
        ("- {fault: error_500, for_s: 2}\n", "rules[0]: for_s goes with slow, time_out only"),
        ("- {fault: cut_after, share: 1.5}\n", "line 1, rules[0].share: this should be less than or equal to 1"),
        ("seed: 1\nrulez: []\n", "line 2, rulez: there is no such key; there are seed, rules"),
        ("rules: 5\n", "line 1, rules: this should be a valid list"),
        ("- cut_after\n", "line 1, rules[0]: this should be keys and values"),
        ("cut_after\n", "line 1: this should be keys and values"),
        ("rules:\n  - {fault: [\n", "is neither YAML nor JSON (line 3: "),
        ("- fault: slow\n  for_s: 1\n  for_s: 2\n", "is neither YAML nor JSON (line 3: found duplicate key"),
        ("- fault: \x01\n", "is neither YAML nor JSON"),
    ],
)
def test_bad_plan_is_refused_with_its_line_and_what_can_stand_there(tmp_path: Path, text: str, said: str) -> None:
    message = refusal(tmp_path, text)
    assert message.startswith(f"The fault plan {tmp_path / 'faults.yaml'} ")
    assert said in message
    assert "The sandbox was not changed." in message


def test_a_refusal_ends_with_a_rule_that_is_one(tmp_path: Path) -> None:
    example = refusal(tmp_path, "- {on: users, fault: slow}\n").partition("For example: ")[2]
    (tmp_path / "faults.yaml").write_text(example, encoding="utf-8")
    assert [rule.fault for rule in read_fault_plan(tmp_path / "faults.yaml").rules] == [Fault.ERROR_500]


def test_bad_json_is_refused_likewise(tmp_path: Path) -> None:
    text = '{\n\t"rules": [\n\t\t{"fault": "cut_after",\n\t\t "every": "x"}\n\t]\n}\n'
    assert "line 4, rules[0].every: this should be a valid integer" in refusal(tmp_path, text, "faults.json")


def test_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadUsage, match=r"cannot be read \(No such file or directory\)"):
        read_fault_plan(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes("- {fault: é}".encode("latin-1"))
    with pytest.raises(BadUsage, match="is not UTF-8 text"):
        read_fault_plan(tmp_path / "latin.yaml")
