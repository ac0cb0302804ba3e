"""The declared state: what it may say, and what is said of one that cannot be used."""

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.model.errors import BadUsage
from tasks.sandbox import default_state, read_state


def test_default_state_is_an_account_with_an_admin_and_seats() -> None:
    state = default_state()
    assert (state.account.key, state.account.name) == ("3001", "Acme GmbH")
    assert [user.admin_roles for user in state.users] == [("SUPER_USER",)]
    assert [len(part) for part in (state.templates, state.role_sets, state.settings_templates)] == [2, 1, 1]
    assert {"G2M", "G2W", "G2T"} <= {code for licence in state.licences for code in licence.products}
    assert read_state(None) == state


def test_state_is_read_from_a_file_a_document_or_as_it_is(tmp_path: Path, state: dict[str, Any]) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps(state))
    assert read_state(path) == read_state(state) == read_state(read_state(state))


WEBINAR = {"key": "1", "organizer": "7002", "subject": "A", "starts": "2027-01-01T10:00Z", "ends": "2027-01-01T11:00Z"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"users": []}, "no user has the admin role SUPER_USER"),
        ({"mails": []}, "mails: Extra inputs are not permitted"),
        ({"account": {"key": "A1", "name": "Acme"}}, "account.key: String should match pattern"),
        ({"licences": [{"key": "9001", "products": ["G2X"]}]}, "unknown product G2X; there is G2M, "),
        ({"licences": []}, "unknown licence 9002, 9003; there is none"),
        ({"groups": [{"key": "5001", "name": "A"}, {"key": "5002", "name": "a"}]}, "group names stand there twice"),
        ({"groups": [{"key": "5002", "name": "A", "parentKey": "5001"}, {"key": "5001", "name": "B"}]},
         "unknown parent group 5001"),
        ({"groups": []}, "unknown group 5001, 5002"),
        ({"role_sets": [{"id": "1", "name": "A"}, {"id": "1", "name": "B"}]}, "role sets stand there twice"),
        ({"templates": [{"key": "1", "title": "A", "subject": "B"}]}, "templates.0.text: Field required"),
        ({"attributes": [{"key": "1", "name": "A"}, {"key": "2", "name": "a"}]}, "attribute names stand there twice"),
        ({"other_accounts": [{"key": "3001", "name": "A"}]}, "other accounts stand there twice"),
        ({"other_accounts": [{"key": "1", "name": "A", "users": ["ada@acme.example"]}]},
         "user 1 lives in another account too"),
        ({"webinars": [{**WEBINAR, "organizer": "1"}]}, "unknown user 1; there is 7001"),
        ({"webinars": [{**WEBINAR, "ends": WEBINAR["starts"]}]}, "a webinar ends before it starts"),
        ({"webinars": [{**WEBINAR, "starts": "2027-01-01T10:00:00"}]}, "webinars.0.starts: Input should have timezone"),
        ({"oauth": {"scope": " "}}, "oauth.scope: String should match pattern"),
    ],
)  # fmt: skip
def test_what_is_no_state_is_refused_with_the_place(state: dict[str, Any], changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadUsage) as caught:
        read_state({**state, **changes})
    assert said in caught.value.what


def test_state_with_more_users_than_seats_is_refused(state: dict[str, Any]) -> None:
    licences = [{"key": "9002", "products": ["G2M"], "seats": 0}, {"key": "9003", "products": ["G2C"]}]
    with pytest.raises(BadUsage, match="licence 9002 has 0 seats and 1 users who hold it"):
        read_state({**state, "licences": licences})


@pytest.mark.parametrize(
    ("further", "said"),
    [
        ({"roleSet": "1"}, "unknown role set 1; there is none"),
        ({"settingsTemplate": "1"}, "unknown settings template 1"),
        ({"managedGroups": ["1"]}, "unknown group 1"),
        ({"customAttributes": {"Desk": "1"}}, "unknown attribute Desk"),
        ({"inactive": True}, "user 4 is inactive, and was never activated"),
        ({"pendingTransfer": True}, "user 4 is to move here, and lives in no other account"),
    ],
)
def test_user_that_does_not_hold_together_is_refused(state: dict[str, Any], further: dict[str, Any], said: str) -> None:
    user = {"email": "dee@acme.example", "firstName": "Dee", "lastName": "Dale", **further}
    with pytest.raises(BadUsage) as caught:
        read_state({**state, "users": [*state["users"], user]})
    assert said in caught.value.what


def test_refusal_names_no_address(state: dict[str, Any]) -> None:
    users = [*state["users"], {**state["users"][1], "key": "7009"}, {"email": "nope", "firstName": 1}]
    with pytest.raises(BadUsage) as caught:
        read_state({**state, "users": users})
    assert "users.5.email" in caught.value.what
    assert "nope" not in str(caught.value)
    with pytest.raises(BadUsage, match="e-mail addresses stand there twice") as caught:
        read_state({**state, "users": users[:-1]})
    assert "acme.example" not in str(caught.value)


def test_file_that_is_absent_or_no_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadUsage, match="cannot be read"):
        read_state(tmp_path / "absent.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(BadUsage, match="is not JSON"):
        read_state(tmp_path / "bad.json")
