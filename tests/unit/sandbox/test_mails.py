"""The outbox. Each test says what its fact rests on."""

import re
from collections.abc import Callable

import httpx
import pytest

from tasks.sandbox import page_texts
from tasks.sandbox.mail_texts import texts

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
    assert (mail["language"], mail["subject"]) == ("de_DE", "Willkommen bei Acme GmbH")
    assert mail["body"].startswith("Hallo Dee, ")
    assert mail["time"].endswith("+00:00")
    kinds = {"welcome": 1, "product-change": 0, "role-change": 0, "get-started": 0, "transfer": 0}
    assert outbox["counts"] == kinds


LANGUAGES = {
    "en_US": "Welcome to Acme GmbH", "de_DE": "Willkommen bei Acme GmbH", "fr_FR": "Bienvenue chez Acme GmbH",
    "it_IT": "Benvenuto in Acme GmbH", "es_ES": "Te damos la bienvenida a Acme GmbH",
    "pt_BR": "Boas-vindas a Acme GmbH", "nl_NL": "Welkom bij Acme GmbH", "zh_CN": "欢迎加入 Acme GmbH",
    "ja_JP": "Acme GmbH へようこそ", "sv_SE": "Welcome to Acme GmbH",
}  # fmt: skip


@pytest.mark.parametrize("locale", LANGUAGES)
def test_mail_is_in_the_language_of_the_person(account: httpx.Client, control: httpx.Client, locale: str) -> None:
    """Documented: the language of a new user sets that of the mail; assumed: the wording, English for the rest."""
    person = {"email": DEE, "firstName": "Dee", "lastName": "Dale", "locale": locale}
    account.post("users", json={"users": [person]})
    (mail,) = control.get("outbox").json()["mails"]
    assert (mail["language"], mail["subject"]) == (locale, LANGUAGES[locale])
    assert "Dee" in mail["body"]
    assert mail["link"] in mail["body"]


def test_every_language_has_every_kind_with_what_it_has_to_say() -> None:
    needed = {
        "welcome": {"name", "account", "link"}, "product-change": {"name", "account", "products"},
        "role-change": {"name", "account", "roles"}, "get-started": {"name", "account", "started"},
        "transfer": {"name", "account", "link"},
    }  # fmt: skip
    assert len(texts()) == 9
    for language in texts().values():
        said = {kind: set(re.findall(r"\{(\w+)\}", text["body"])) for kind, text in language.items() if kind in needed}
        assert said == needed
        assert all(language["nothing"].values())


def test_braces_in_a_name_stay_as_they_are(account: httpx.Client, control: httpx.Client) -> None:
    account.post("users", json={"users": [{"email": DEE, "firstName": "{link}", "lastName": "Dale"}]})
    (mail,) = control.get("outbox").json()["mails"]
    assert mail["body"].startswith("Hallo {link}, ")


def test_role_that_is_taken_away_is_told_in_words(sign_in: Callable[..., httpx.Client], control: httpx.Client) -> None:
    account = sign_in()
    account.put("users/7003", json={"adminRoles": ["RUN_REPORTS"]})
    account.put("users/7003", json={"adminRoles": [], "licenseKeys": []})
    bodies = [mail["body"] for mail in control.get("outbox").json()["mails"]]
    assert bodies == [
        "Hallo Bo, Ihre Rolle bei Acme GmbH: RUN_REPORTS.",
        "Hallo Bo, Ihre Rolle bei Acme GmbH: Mitglied.",
        "Hallo Bo, Ihre Produkte bei Acme GmbH: keine.",
    ]


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
    assert mail["body"] == "Hello Ada, you can now use Webinar in Acme GmbH."


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


def test_products_are_called_by_their_names(account: httpx.Client, control: httpx.Client) -> None:
    account.put("licenses/9001/users/7002")
    bodies = [mail["body"] for mail in control.get("outbox").json()["mails"]]
    assert any("Meeting, Webinar" in body for body in bodies)
    assert not any("G2" in body for body in bodies)


PAGES = {"fr_FR": ("fr", "Mot de passe"), "ja_JP": ("ja", "パスワード"), "sv_SE": ("en", "Password")}


@pytest.mark.parametrize("locale", PAGES)
def test_page_of_the_link_is_in_the_language_of_the_person(
    account: httpx.Client, control: httpx.Client, locale: str
) -> None:
    person = {"email": DEE, "firstName": "Dee", "lastName": "Dale", "locale": locale}
    account.post("users", json={"users": [person]})
    (mail,) = control.get("outbox").json()["mails"]
    language, label = PAGES[locale]
    page = httpx.get(mail["link"]).text
    assert f'<html lang="{language}">' in page
    assert f">{label}</label>" in page
    assert "Dee" in page
    assert f'<html lang="{language}">' in httpx.post(mail["link"], data={"password": "x"}).text


def test_a_blank_password_is_none(account: httpx.Client, control: httpx.Client, create: Create) -> None:
    key = create(DEE).json()[0]["key"]
    (mail,) = control.get("outbox").json()["mails"]
    for form in ({}, {"password": ""}):
        refused = httpx.post(mail["link"], data=form)
        assert refused.status_code == 400
        assert "Das Kennwort ist leer." in refused.text
    assert account.get(f"users/{key}").json()["passwordCreated"] is False


def test_pages_say_the_same_in_every_language() -> None:
    pages = page_texts.texts()
    assert set(pages) == set(texts())
    for language in pages.values():
        for page, places in language.items():
            assert set(places) == set(pages["en"][page])
            assert set(re.findall(r"\{(\w+)\}", places["intro"])) == {"name", "account"}
