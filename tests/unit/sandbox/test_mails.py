"""The outbox. Each test says what its fact rests on."""

from collections.abc import Callable

import httpx

Create = Callable[..., httpx.Response]
Mails = Callable[[], list[tuple[str, str]]]
DEE = "dee@acme.example"


def test_declared_users_get_no_mail(account: httpx.Client, mails: Mails) -> None:
    assert mails() == []


def test_creation_makes_one_welcome_mail_each(create: Create, mails: Mails) -> None:
    """Documented."""
    create(DEE, "eve@acme.example")
    assert mails() == [("welcome", DEE), ("welcome", "eve@acme.example")]


def test_welcome_mail_is_suppressed_by_the_body(create: Create, mails: Mails, account: httpx.Client) -> None:
    """Documented: ``suppressEmail`` in the body; assumed: the user then was invited no time."""
    key = create(DEE, suppressEmail=True).json()[0]["key"]
    assert mails() == []
    assert account.get(f"users/{key}").json()["inviteCount"] == 0


def test_refused_creation_makes_no_mail(create: Create, mails: Mails) -> None:
    """Documented: nothing is made."""
    create(DEE, "ada@acme.example")
    assert mails() == []


def test_mail_has_address_language_time_subject_and_body(create: Create, control: httpx.Client) -> None:
    """Documented: the language of a new user sets that of the mail."""
    key = create(DEE).json()[0]["key"]
    outbox = control.get("outbox").json()
    (mail,) = outbox["mails"]
    assert (mail["number"], mail["kind"], mail["userKey"], mail["address"]) == (1, "welcome", key, DEE)
    assert (mail["language"], mail["subject"]) == ("de_DE", "Welcome to Acme GmbH")
    assert mail["body"].startswith("Hello Dee, ")
    assert mail["time"].endswith("+00:00")
    assert outbox["counts"] == {"welcome": 1, "product-change": 0, "role-change": 0, "get-started": 0}


def test_product_and_role_changes_are_told(account: httpx.Client, mails: Mails) -> None:
    """Documented."""
    account.put("licenses/9003/users/7002")
    account.delete("licenses/9003/users/7002")
    account.put("users/7002", json={"adminRoles": ["MANAGE_USERS"]})
    kinds = ["product-change", "product-change", "role-change"]
    assert mails() == [(kind, "ada@acme.example") for kind in kinds]


def test_nothing_is_told_where_nothing_changed(account: httpx.Client, mails: Mails) -> None:
    """Assumed."""
    account.put("licenses/9002/users/7002")
    account.delete("licenses/9001/users/7002")
    account.put("users/7002", json={"lastName": "King", "adminRoles": [], "licenseKeys": ["9002"]})
    assert mails() == []


def test_changes_are_silent_when_mail_is_suppressed(account: httpx.Client, mails: Mails) -> None:
    """Documented: "do not notify"; observed: by the query for a licence; assumed: by query or body for a user."""
    account.put("licenses/9003/users/7002?suppressEmail=true")
    account.delete("licenses/9003/users/7002?suppressEmail=true")
    account.put("users/7002?suppressEmail=true", json={"adminRoles": ["MANAGE_USERS"]})
    account.put("users/7002", json={"adminRoles": [], "suppressEmail": True})
    assert mails() == []


def test_first_webinar_seat_says_get_started_even_when_suppressed(account: httpx.Client, mails: Mails) -> None:
    """Documented."""
    for _ in range(2):
        account.put("licenses/9001/users/7004?suppressEmail=true")
        account.delete("licenses/9001/users/7004?suppressEmail=true")
    assert mails() == [("get-started", "cy@acme.example")]


def test_get_started_names_only_what_is_new(account: httpx.Client, control: httpx.Client) -> None:
    """Documented: Meeting, Webinar, Training, OpenVoice, each the first time; assumed: one mail a call."""
    account.put("licenses/9001/users/7002?suppressEmail=true")  # Ada has G2M already
    account.put("licenses/9003/users/7002?suppressEmail=true")  # Connect has no such mail
    (mail,) = control.get("outbox").json()["mails"]
    assert mail["body"] == "Hello Ada, you can now use G2W in Acme GmbH."


def test_new_user_with_a_first_seat_is_told_to_get_started(create: Create, mails: Mails) -> None:
    """Documented for enabling a product; assumed: also at creation."""
    create(DEE, licenseKeys=["9001"])
    create("eve@acme.example", licenseKeys=["9001"], suppressEmail=True)
    create("fay@acme.example", licenseKeys=["9003"], suppressEmail=True)
    assert mails() == [("welcome", DEE), ("get-started", DEE), ("get-started", "eve@acme.example")]


def test_revived_user_is_welcomed_again_and_does_not_start_again(
    account: httpx.Client, create: Create, mails: Mails
) -> None:
    """Documented: history is kept; assumed: so the first time stays the first time."""
    account.delete("users/7002")
    create("ada@acme.example", licenseKeys=["9002"])
    assert mails() == [("welcome", "ada@acme.example")]
