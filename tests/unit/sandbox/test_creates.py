"""Creating users. Each test says what its fact rests on."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Create = Callable[..., httpx.Response]
PERSON = {"email": "dee@acme.example", "firstName": "Dee", "lastName": "Dale"}


def total(account: httpx.Client) -> int:
    return int(account.get("users").json()["total"])


def test_create_answers_with_address_and_key(create: Create, account: httpx.Client) -> None:
    """Documented: 200, an array of email and key."""
    reply = create("dee@acme.example", "eve@acme.example")
    assert (reply.status_code, reply.headers["X-Sandbox-Basis"]) == (200, "documented")
    assert [entry["email"] for entry in reply.json()] == ["dee@acme.example", "eve@acme.example"]
    for entry in reply.json():
        assert account.get(f"users/{entry['key']}").json()["email"] == entry["email"]


@pytest.mark.parametrize("field", ["managedGroupKeys", "templateKey", "settingsTemplateKey", "customAttributes"])
def test_create_by_fields_that_are_assumed_says_so(
    sign_in: Callable[..., httpx.Client], state: dict[str, Any], field: str
) -> None:
    account = sign_in(
        templates=[{"key": "1", "title": "A", "subject": "B", "text": "C"}],
        settings_templates=[{"key": "1", "name": "A"}],
        attributes=[{"key": "1", "name": "Desk"}],
    )
    values = {"managedGroupKeys": ["5001"], "customAttributes": {"Desk": "1"}}
    reply = account.post("users", json={"users": [{**PERSON, field: values.get(field, "1")}]})
    assert (reply.status_code, reply.headers["X-Sandbox-Basis"]) == (200, "assumed")
    if field in values:
        assert account.put("users/7002", json={field: values[field]}).headers["X-Sandbox-Basis"] == "assumed"


def test_keys_are_long_decimal_strings(create: Create) -> None:
    """Observed: recorded replies carry keys as strings."""
    key = create("dee@acme.example").json()[0]["key"]
    assert isinstance(key, str)
    assert key.isdigit()
    assert int(key) > 2**64


def test_conflict_refuses_all_by_default(create: Create, account: httpx.Client) -> None:
    """Documented: 409 and nothing made; observed: the code."""
    reply = create("dee@acme.example", "ADA@acme.example", "bo@acme.example")
    assert (reply.status_code, reply.headers["X-Sandbox-Basis"]) == (409, "documented")
    assert reply.json()["errors"] == [
        {"code": "user.name.conflict", "value": "ADA@acme.example"},
        {"code": "user.name.conflict", "value": "bo@acme.example"},
    ]
    assert total(account) == 4


def test_conflict_has_no_key_when_not_all_or_nothing(create: Create, account: httpx.Client) -> None:
    """Documented: 200, the others are made, conflicting addresses are listed without a key."""
    reply = create("dee@acme.example", "ada@acme.example", params={"allOrNothing": "false"})
    assert reply.status_code == 200
    assert [sorted(entry) for entry in reply.json()] == [["email", "key"], ["email"]]
    assert total(account) == 5


def test_address_twice_in_one_create_is_a_conflict(create: Create, account: httpx.Client) -> None:
    """Assumed."""
    assert create("dee@acme.example", "Dee@acme.example").status_code == 409
    reply = create("dee@acme.example", "Dee@acme.example", params={"allOrNothing": "false"})
    assert ["key" in entry for entry in reply.json()] == [True, False]
    assert total(account) == 5


def test_licences_role_and_group_stand_beside_users(create: Create, account: httpx.Client) -> None:
    """Documented: what can be given; assumed: the place."""
    key = create("dee@acme.example", licenseKeys=["9001"], adminRoles=["MANAGE_USERS"], groupKey="5003").json()[0][
        "key"
    ]
    user = account.get(f"users/{key}").json()
    assert (user["licenseKeys"], user["products"]) == (["9001"], ["G2M", "G2W"])
    assert (user["adminRoles"], user["admin"], user["groupName"]) == (["MANAGE_USERS"], True, "Support")


def test_what_stands_in_a_user_goes_before_what_stands_beside(account: httpx.Client) -> None:
    """Assumed: per user wins."""
    own = {**PERSON, "licenseKeys": ["9002"], "adminRoles": [], "groupKey": "5001"}
    beside = {"licenseKeys": ["9001"], "adminRoles": ["MANAGE_USERS"], "groupKey": "5003"}
    key = account.post("users", json={"users": [own], **beside}).json()[0]["key"]
    user = account.get(f"users/{key}").json()
    assert (user["licenseKeys"], user["adminRoles"], user["groupKey"]) == (["9002"], [], "5001")


def test_new_user_without_locale_has_that_of_the_account(account: httpx.Client, create: Create) -> None:
    """Documented: a default language for new users."""
    key = create("dee@acme.example").json()[0]["key"]
    assert account.get(f"users/{key}").json()["locale"] == "de_DE"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"email": None}, "user.email.required"),
        ({"firstName": None}, "user.firstname.required"),
        ({"lastName": " "}, "user.lastname.required"),
        ({"firstName": "x" * 33}, "user.firstname.too.long"),
        ({"lastName": "x" * 33}, "user.lastname.too.long"),
        ({"email": f"{'x' * 120}@acme.example"}, "user.email.too.long"),
        ({"email": "dee.acme.example"}, "user.email.invalid"),
        ({"locale": "English"}, "user.locale.invalid"),
        ({"adminRoles": ["ROOT"]}, "role.not.found"),
        ({"phone": "1"}, "field.unknown"),
    ],
)
def test_user_who_is_not_valid_is_refused_with_all_others(
    account: httpx.Client, changes: dict[str, Any], code: str
) -> None:
    """Documented: address and names required, 32 and 128 long at most; assumed: 400, the codes, the whole call."""
    fine = {**PERSON, "email": "eve@acme.example"}
    reply = account.post("users", json={"users": [fine, {**PERSON, **changes}]}, params={"allOrNothing": "false"})
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (400, code)
    assert total(account) == 4


@pytest.mark.parametrize(
    ("beside", "status", "code"),
    [
        ({"licenseKeys": ["1"]}, 404, "license.not.found"),
        ({"licenseKeys": ["9004"]}, 409, "license.disabled"),
        ({"groupKey": "1"}, 404, "group.not.found"),
    ],
)
def test_licence_and_group_must_be_there(
    create: Create, account: httpx.Client, beside: dict[str, Any], status: int, code: str
) -> None:
    """Observed: group.not.found; assumed: the others."""
    reply = create("dee@acme.example", **beside)
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (status, code)
    assert total(account) == 4


def test_create_without_a_free_seat_makes_nobody(create: Create, account: httpx.Client) -> None:
    """Assumed: 409 license.seats.exceeded, whatever allOrNothing says."""
    four = [f"dee{n}@acme.example" for n in range(4)]
    for params in ({}, {"allOrNothing": "false"}):
        reply = create(*four, licenseKeys=["9001"], params=params)
        assert (reply.status_code, reply.headers["X-Sandbox-Basis"]) == (409, "assumed")
        assert reply.json()["errors"] == [{"code": "license.seats.exceeded", "value": "9001"}]
    assert total(account) == 4
    assert create(*four[:3], licenseKeys=["9001"]).status_code == 200


def test_conflicting_address_takes_no_seat(create: Create) -> None:
    """Assumed."""
    emails = ["d1@acme.example", "d2@acme.example", "ada@acme.example", "d3@acme.example"]
    reply = create(*emails, licenseKeys=["9001"], params={"allOrNothing": "false"})
    assert ["key" in entry for entry in reply.json()] == [True, True, False, True]


def test_create_carries_100_users_at_most(create: Create, account: httpx.Client) -> None:
    """Assumed: the portal's limit of a CSV import."""
    reply = create(*[f"dee{n}@acme.example" for n in range(101)])
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (400, "users.limit.exceeded")
    assert create(*[f"dee{n}@acme.example" for n in range(100)]).status_code == 200
    assert create().json()["errors"] == [{"code": "users.required"}]
    assert total(account) == 104


def test_licence_or_role_is_required_when_the_switch_says_so(create: Create, control: httpx.Client) -> None:
    """Documented twice, differently: an old page requires one of them, a newer example has neither."""
    assert create("dee@acme.example").status_code == 200
    control.put("switches", json={"require_licence_or_role": True})
    reply = create("eve@acme.example")
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (400, "user.license.or.role.required")
    assert create("eve@acme.example", adminRoles=["RUN_REPORTS"]).status_code == 200
    assert create("fay@acme.example", licenseKeys=["9002"]).status_code == 200


def test_new_user_without_licence_and_role_is_suspended_and_invited_once(create: Create, account: httpx.Client) -> None:
    """Observed."""
    key = create("dee@acme.example").json()[0]["key"]
    user = account.get(f"users/{key}").json()
    assert (user["status"], user["inviteCount"], user["passwordCreated"]) == ("SUSPENDED", 1, False)


def test_new_user_with_a_licence_is_invited(create: Create, account: httpx.Client) -> None:
    """Assumed."""
    key = create("dee@acme.example", licenseKeys=["9002"]).json()[0]["key"]
    assert account.get(f"users/{key}").json()["status"] == "INVITED"


def test_locale_outside_the_nine_is_refused_when_strict(account: httpx.Client, control: httpx.Client) -> None:
    """Assumed."""
    control.put("switches", json={"strict_locales": True})
    swedish = account.post("users", json={"users": [{**PERSON, "locale": "sv_SE"}]})
    assert (swedish.status_code, swedish.json()["errors"][0]["code"]) == (400, "user.locale.invalid")
    control.put("switches", json={"strict_locales": False})
    assert account.post("users", json={"users": [{**PERSON, "locale": "sv_SE"}]}).status_code == 200


def test_unknown_names_pass_when_the_switches_say_so(account: httpx.Client, control: httpx.Client) -> None:
    """Assumed: what GoTo does with a field or a role that it does not know is not known."""
    control.put("switches", json={"known_roles_only": False, "refuse_unknown_fields": False})
    user = {**PERSON, "adminRoles": ["FUTURE_ROLE"], "phone": "1"}
    key = account.post("users", json={"users": [user]}).json()[0]["key"]
    assert account.get(f"users/{key}").json()["adminRoles"] == ["FUTURE_ROLE"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"users": "x"}', b'{"users": [{"email": 5}]}'])
def test_body_of_another_form_is_refused_without_repeating_it(account: httpx.Client, body: bytes) -> None:
    """Assumed: 400."""
    reply = account.post("users", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 400
    assert {error["code"] for error in reply.json()["errors"]} == {"request.invalid"}


@pytest.mark.parametrize(
    ("placement", "where"),
    [("both", ["beside", "within"]), ("top_level", ["beside"]), ("per_user", ["within"])],
)
def test_place_of_what_is_given_is_a_switch(
    account: httpx.Client, control: httpx.Client, placement: str, where: list[str]
) -> None:
    """Assumed: either; what stands elsewhere is passed over as any other field that is not known."""
    control.put("switches", json={"create_placement": placement, "refuse_unknown_fields": False})
    given = {"licenseKeys": ["9002"], "adminRoles": ["MANAGE_USERS"], "groupKey": "5003"}
    bodies = {
        "beside": {"users": [{**PERSON, "email": "beside@acme.example"}], **given},
        "within": {"users": [{**PERSON, "email": "within@acme.example", **given}]},
    }
    for name, body in bodies.items():
        user = account.get(f"users/{account.post('users', json=body).json()[0]['key']}").json()
        expected = (["9002"], ["MANAGE_USERS"], "5003") if name in where else ([], [], None)
        assert (user["licenseKeys"], user["adminRoles"], user.get("groupKey")) == expected


@pytest.mark.parametrize(
    ("placement", "body"),
    [
        ("top_level", {"users": [{**PERSON, "licenseKeys": ["9002"]}]}),
        ("per_user", {"users": [PERSON], "licenseKeys": ["9002"]}),
    ],
)
def test_what_stands_in_the_wrong_place_is_refused(
    account: httpx.Client, control: httpx.Client, placement: str, body: dict[str, Any]
) -> None:
    """Assumed."""
    assert account.post("users", json=body).status_code == 200
    account.delete(f"users/{account.get('users').json()['results'][-1]['key']}")
    control.put("switches", json={"create_placement": placement})
    reply = account.post("users", json=body)
    assert (reply.status_code, reply.json()["errors"]) == (400, [{"code": "field.unknown", "value": "licenseKeys"}])


@pytest.mark.parametrize(
    ("role_list", "refused"),
    [("confirmed", ["FUTURE_ROLE", "MANAGE_SEATS"]), ("invented", ["FUTURE_ROLE"]), ("any", [])],
)
def test_roles_that_are_known_are_a_switch(
    create: Create, control: httpx.Client, role_list: str, refused: list[str]
) -> None:
    """Assumed: four names are confirmed, four more invented."""
    control.put("switches", json={"role_list": role_list})
    reply = create("dee@acme.example", adminRoles=["SUPER_USER", "MANAGE_SEATS", "FUTURE_ROLE"])
    errors = reply.json()["errors"] if refused else []
    assert errors == [{"code": "role.not.found", "value": role} for role in refused]


def test_deleted_user_is_revived_by_the_same_address(account: httpx.Client, create: Create) -> None:
    """Documented: the old user comes back; assumed: under the same key, to be activated again."""
    assert account.delete("users/7002").status_code == 204
    assert account.get("users/7002").status_code == 404
    assert create("Ada@acme.example").json() == [{"email": "Ada@acme.example", "key": "7002"}]
    user = account.get("users/7002").json()
    assert (user["firstName"], user["licenseKeys"], user["status"]) == ("Dee", [], "SUSPENDED")
    assert (user["passwordCreated"], user["inviteCount"], "groupKey" in user) == (False, 2, False)
