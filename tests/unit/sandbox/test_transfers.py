"""Addresses that live in another account. Documented: the person is invited to move, and may decline; that the API
makes a user who is pending is assumed."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

SignIn = Callable[..., httpx.Client]
Mails = Callable[[], list[tuple[str, str]]]
DEE = "dee@acme.example"
ELSEWHERE = [{"key": "3900", "name": "Globex", "users": ["Dee@acme.example", "eve@acme.example"]}]


def create(
    account: httpx.Client, email: str = DEE, params: dict[str, str] | None = None, **beside: Any
) -> httpx.Response:
    person = {"email": email, "firstName": "Dee", "lastName": "Dale"}
    return account.post("users", json={"users": [person], **beside}, params=params or {})


@pytest.fixture
def account(sign_in: SignIn) -> httpx.Client:
    return sign_in(other_accounts=ELSEWHERE)


@pytest.fixture
def dee(account: httpx.Client) -> str:
    """The key of one who is asked to move, with a licence, a role and a group."""
    reply = create(account, licenseKeys=["9001"], adminRoles=["RUN_REPORTS"], groupKey="5003")
    return str(reply.json()[0]["key"])


def test_new_user_from_elsewhere_is_invited_and_pending(account: httpx.Client, dee: str) -> None:
    """Assumed: with a key, INVITED, and what they were given recorded at once, the seat included."""
    user = account.get(f"users/{dee}").json()
    assert (user["pendingTransfer"], user["status"], user["canAuthenticate"]) == (True, "INVITED", False)
    assert (user["licenseKeys"], user["adminRoles"], user["groupKey"]) == (["9001"], ["RUN_REPORTS"], "5003")
    assert account.get("licenses").json()["results"][0]["invitedUserKeys"] == [dee]
    assert "pendingTransfer" not in account.get("users/7002").json()
    bare = create(account, "eve@acme.example").json()[0]["key"]
    assert account.get(f"users/{bare}").json()["status"] == "INVITED"


@pytest.mark.parametrize("suppressed", [False, True])
def test_transfer_is_asked_for_by_mail_whatever_is_suppressed(
    account: httpx.Client, mails: Mails, suppressed: bool
) -> None:
    """Assumed: without the mail nobody could accept; no welcome, and no start before the move."""
    create(account, licenseKeys=["9001"], suppressEmail=suppressed)
    assert mails() == [("transfer", DEE)]


def test_accepting_makes_the_user_active_and_theirs_here(
    account: httpx.Client, control: httpx.Client, dee: str, mails: Mails
) -> None:
    """Documented: licence and history move; assumed: the flag, the status, the first start."""
    shown = control.post(f"users/{dee}/transfer", json={"accept": True}).json()
    assert (shown["pendingTransfer"], shown["status"], shown["canAuthenticate"]) == (False, "ACTIVE", True)
    assert "transferDeclined" not in shown
    assert (shown["licenseKeys"], shown["groupKey"]) == (["9001"], "5003")
    assert mails() == [("transfer", DEE), ("get-started", DEE)]
    account.delete(f"users/{dee}")
    create(account)
    assert mails()[-1] == ("welcome", DEE)  # no longer of another account


def test_declining_shows_as_suspended_and_holds_nothing(account: httpx.Client, control: httpx.Client, dee: str) -> None:
    """Documented: shows as Suspended; assumed: holds nothing, and cannot be given anything."""
    shown = control.post(f"users/{dee}/transfer", json={"accept": False}).json()
    assert (shown["pendingTransfer"], shown["transferDeclined"], shown["status"]) == (False, True, "SUSPENDED")
    assert (shown["licenseKeys"], shown["adminRoles"], "groupKey" in shown) == ([], [], False)
    assert account.get("licenses").json()["results"][0]["userCount"] == 0
    for reply in (
        account.put(f"licenses/9001/users/{dee}"),
        account.put(f"users/{dee}", json={"licenseKeys": ["9002"]}),
        account.put(f"users/{dee}", json={"adminRoles": ["RUN_REPORTS"]}),
    ):
        assert (reply.status_code, reply.json()["errors"][0]["code"]) == (409, "user.transfer.declined")
    assert account.put(f"users/{dee}", json={"licenseKeys": [], "adminRoles": []}).status_code == 204


def test_who_declined_is_asked_again_when_made_anew(
    account: httpx.Client, control: httpx.Client, dee: str, mails: Mails
) -> None:
    """Assumed."""
    control.post(f"users/{dee}/transfer", json={"accept": False})
    account.delete(f"users/{dee}")
    assert create(account).json()[0]["key"] == dee
    assert account.get(f"users/{dee}").json()["pendingTransfer"] is True
    assert mails() == [("transfer", DEE), ("transfer", DEE)]


def test_transfer_is_answered_once_and_only_if_asked(control: httpx.Client, account: httpx.Client, dee: str) -> None:
    """A control call of ours."""
    assert control.post(f"users/{dee}/transfer", json={"accept": "perhaps"}).status_code == 400
    control.post(f"users/{dee}/transfer", json={"accept": True}).raise_for_status()
    for key in (dee, "7002"):
        reply = control.post(f"users/{key}/transfer", json={"accept": False})
        assert (reply.status_code, reply.json()["errors"][0]["code"]) == (409, "user.transfer.not.pending")
    assert control.post("users/1/transfer", json={"accept": True}).status_code == 404


def test_pending_user_is_not_activated_by_a_password(control: httpx.Client, account: httpx.Client, dee: str) -> None:
    """Assumed."""
    reply = control.post(f"users/{dee}/activate")
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (409, "user.transfer.pending")


def test_mail_leads_to_a_page_to_answer_on(control: httpx.Client, account: httpx.Client, dee: str) -> None:
    """A page of ours."""
    (mail,) = control.get("outbox").json()["mails"]
    assert mail["link"] in mail["body"]
    page = httpx.get(mail["link"])
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "Acme GmbH bittet Sie" in page.text
    assert httpx.post(mail["link"], data={"answer": "perhaps"}).status_code == 400
    assert account.get(f"users/{dee}").json()["pendingTransfer"] is True
    assert "Sie haben angenommen." in httpx.post(mail["link"], data={"answer": "accept"}).text
    assert account.get(f"users/{dee}").json()["status"] == "ACTIVE"
    for reply in (httpx.get(mail["link"]), httpx.post(mail["link"], data={"answer": "decline"})):
        assert (reply.status_code, "is not good" in reply.text) == (404, True)
    assert account.get(f"users/{dee}").json()["status"] == "ACTIVE"


def test_address_elsewhere_may_be_a_conflict(account: httpx.Client, control: httpx.Client, mails: Mails) -> None:
    """Documented: it is in use; assumed: a switch for what the API says of it."""
    control.put("switches", json={"other_account": "conflict"})
    refused = create(account)
    assert (refused.status_code, refused.json()["errors"]) == (409, [{"code": "user.name.conflict", "value": DEE}])
    assert create(account, params={"allOrNothing": "false"}).json() == [{"email": DEE}]
    assert mails() == []


def test_address_elsewhere_cannot_be_taken_by_a_change(account: httpx.Client) -> None:
    """Assumed."""
    reply = account.put("users/7002", json={"email": "EVE@acme.example"})
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (409, "user.name.conflict")


def test_pending_user_can_be_declared(sign_in: SignIn, control: httpx.Client, state: dict[str, Any]) -> None:
    user = {"key": "7009", "email": DEE, "firstName": "Dee", "lastName": "Dale", "pendingTransfer": True}
    account = sign_in(other_accounts=ELSEWHERE, users=[*state["users"], user])
    assert account.get("users/7009").json()["pendingTransfer"] is True
    assert control.post("users/7009/transfer", json={"accept": True}).json()["pendingTransfer"] is False
