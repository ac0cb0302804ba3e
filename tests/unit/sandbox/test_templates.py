"""Mail templates, settings templates, and the pages to which welcome mails lead."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

SignIn = Callable[..., httpx.Client]
Create = Callable[..., httpx.Response]
TEMPLATES = [
    {"key": "2001", "title": "Hosts", "subject": "{account} for {name}", "text": "Start: {link}. {other}"},
    {"key": "2002", "title": "Hôtes", "subject": "Bonjour", "text": "Bienvenue {name}.", "locale": "fr_FR"},
]
SETTINGS = [{"key": "2101", "name": "Recording off"}]
PERSON = {"email": "dee@acme.example", "firstName": "Dee", "lastName": "Dale"}


@pytest.fixture
def account(sign_in: SignIn) -> httpx.Client:
    return sign_in(templates=TEMPLATES, settings_templates=SETTINGS)


@pytest.fixture
def mail(control: httpx.Client) -> Callable[[], dict[str, Any]]:
    """The last mail."""
    return lambda: dict(control.get("outbox").json()["mails"][-1])


def test_templates_are_listed_and_made(account: httpx.Client) -> None:
    """Observed: the calls, the body, the bare key; assumed: ``locale``."""
    assert account.get("templates").json() == {"results": TEMPLATES, "fromIndex": 0, "toIndex": 2, "total": 2}
    body = {"title": "Sales", "subject": "Hello", "text": "Welcome {name}"}
    reply = account.post("templates", json=body)
    assert (reply.status_code, reply.headers["X-Sandbox-Basis"]) == (200, "observed")
    assert isinstance(reply.json(), str)
    assert account.get("templates", params={"offset": 2}).json()["results"] == [{"key": reply.json(), **body}]


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({"title": "A", "subject": "B"}, ["template.text.required"]),
        ({"title": " ", "text": "C"}, ["template.title.required", "template.subject.required"]),
        ({"title": "A", "subject": "B", "text": "C", "locale": "French"}, ["template.locale.invalid"]),
    ],
)
def test_template_that_is_not_valid_is_refused(account: httpx.Client, body: dict[str, str], codes: list[str]) -> None:
    """Assumed."""
    reply = account.post("templates", json=body)
    assert (reply.status_code, [error["code"] for error in reply.json()["errors"]]) == (400, codes)


def test_welcome_mail_is_written_by_the_template(account: httpx.Client, mail: Callable[[], dict[str, Any]]) -> None:
    """Documented: a custom template can be chosen; assumed: ``templateKey``, and what stands in braces."""
    account.post("users", json={"users": [PERSON], "templateKey": "2001"})
    sent = mail()
    assert (sent["kind"], sent["templateKey"], sent["language"]) == ("welcome", "2001", "de_DE")
    assert (sent["subject"], sent["body"]) == ("Acme GmbH for Dee", f"Start: {sent['link']}. {{other}}")


def test_template_may_have_a_language_and_needs_no_link(
    account: httpx.Client, mail: Callable[[], dict[str, Any]]
) -> None:
    """Assumed: the link is added, since without it nobody could activate; a user's own template goes first."""
    account.post("users", json={"users": [{**PERSON, "templateKey": 2002}], "templateKey": "2001"})
    sent = mail()
    assert (sent["templateKey"], sent["language"]) == ("2002", "fr_FR")
    assert sent["body"] == f"Bienvenue Dee.\n{sent['link']}"


def test_new_template_can_be_used_at_once(account: httpx.Client, mail: Callable[[], dict[str, Any]]) -> None:
    key = account.post("templates", json={"title": "A", "subject": "B", "text": "C"}).json()
    account.post("users", json={"users": [PERSON], "templateKey": key})
    assert (mail()["subject"], mail()["templateKey"]) == ("B", key)


@pytest.mark.parametrize(
    ("field", "code"),
    [("templateKey", "template.not.found"), ("settingsTemplateKey", "settings.template.not.found")],
)
def test_unknown_template_refuses_the_create(account: httpx.Client, field: str, code: str) -> None:
    """Assumed."""
    for body in ({"users": [{**PERSON, field: "1"}]}, {"users": [PERSON], field: "1"}):
        reply = account.post("users", json=body)
        assert (reply.status_code, reply.json()["errors"]) == (404, [{"code": code, "value": "1"}])
    assert account.get("users").json()["total"] == 4


def test_settings_template_is_recorded_and_not_shown_by_the_api(account: httpx.Client, control: httpx.Client) -> None:
    """Assumed: ``settingsTemplateKey`` at creation; no call that reads it is known."""
    within, beside = {**PERSON, "settingsTemplateKey": "2101"}, {**PERSON, "email": "eve@acme.example"}
    keys = [
        account.post("users", json={"users": [within]}).json()[0]["key"],
        account.post("users", json={"users": [beside], "settingsTemplateKey": "2101"}).json()[0]["key"],
    ]
    for key in keys:
        assert "settingsTemplateKey" not in account.get(f"users/{key}").json()
        shown = control.get(f"users/{key}").json()
        assert (shown["settingsTemplateKey"], shown["settingsTemplateName"]) == ("2101", "Recording off")
    assert control.get("users/7002").json()["settingsTemplateKey"] is None
    assert control.get("users/1").status_code == 404


def test_welcome_mail_leads_to_a_page_that_activates(
    account: httpx.Client, create: Create, mail: Callable[[], dict[str, Any]]
) -> None:
    """Documented: the mail invites the person to set credentials; the page is ours."""
    person = {**PERSON, "firstName": "<b>Dee</b>"}
    key = account.post("users", json={"users": [person], "licenseKeys": ["9003"]}).json()[0]["key"]
    link = mail()["link"]
    page = httpx.get(link)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "&lt;b&gt;Dee&lt;/b&gt;, wählen Sie ein Kennwort für Ihren Zugang bei Acme GmbH" in page.text
    assert '<form method="post">' in page.text
    assert account.get(f"users/{key}").json()["status"] == "INVITED"
    assert "Ihr Zugang ist aktiv" in httpx.post(link, data={"password": "correct horse"}).text
    user = account.get(f"users/{key}").json()
    assert (user["status"], user["passwordCreated"], user["canAuthenticate"]) == ("ACTIVE", True, True)


def test_link_is_good_once(account: httpx.Client, create: Create, mail: Callable[[], dict[str, Any]]) -> None:
    """Ours: a link ends with what it asks for, and with its user."""
    key = account.post("users", json={"users": [PERSON], "licenseKeys": ["9003"]}).json()[0]["key"]
    link = mail()["link"]
    account.delete(f"users/{key}")
    assert (httpx.get(link).status_code, httpx.post(link).status_code) == (404, 404)
    account.post("users", json={"users": [PERSON], "licenseKeys": ["9003"]})
    assert httpx.post(link).status_code == 404
    assert account.get(f"users/{key}").json()["status"] == "INVITED"
    again = mail()["link"]
    chosen = {"password": "correct horse"}
    assert [httpx.post(again, data=chosen).status_code for _ in range(2)] == [200, 404]
    assert httpx.post(again.replace("create-password", "transfer"), data={"answer": "accept"}).status_code == 404


def test_change_mails_lead_nowhere(account: httpx.Client, mail: Callable[[], dict[str, Any]]) -> None:
    account.put("licenses/9003/users/7002")
    assert (mail()["kind"], mail()["link"], mail()["templateKey"]) == ("product-change", None, None)
