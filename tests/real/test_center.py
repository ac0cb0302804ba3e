"""The Admin Center page in a real browser: used as a person uses it, on a phone too, and judged by axe."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tasks.sandbox import Running, Switches, running

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "data" / "samples" / "acme_tenant.json"
DESK, PHONE = {"width": 1280, "height": 860}, {"width": 375, "height": 720}
PAGES = (
    "", "/licences", "/groups", "/organisation", "/user-sync", "/outbox", "/templates", "/requests", "/people/1",
    "?search=nobody",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser(program: Callable[[str], str]) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    options = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=program("chromium"), args=options)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The sample company, with somebody who was just invited and a domain that is to be verified."""
    store = tmp_path_factory.mktemp("center") / "sandbox.db"
    with running(store, state=SAMPLE, switches=Switches(requests_per_second=None)) as server:
        invite(server, "ada@acme.example")
        yield server


def invite(server: Running, address: str) -> str:
    """Make somebody who gets a welcome mail; return their key."""
    with httpx.Client(base_url=server.url, trust_env=False) as http:
        form = {"grant_type": "personal_access_token", "pat": "sandbox-pat"}
        token = http.post("/oauth/token", auth=("sandbox-client", "sandbox-secret"), data=form).json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        account = "/admin/rest/v1/accounts/3001"
        licence = http.get(f"{account}/licenses").json()["results"][0]["key"]
        people = [{"email": address, "firstName": "Ada", "lastName": "Byron", "locale": "fr_FR"}]
        made = http.post(f"{account}/users", json={"users": people, "licenseKeys": [licence]})
        return str(made.json()[0]["key"])


@contextmanager
def opened(browser: Any, size: dict[str, int], scheme: str = "light") -> Iterator[Any]:
    context = browser.new_context(viewport=size, color_scheme=scheme)
    try:
        yield context.new_page()
    finally:
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_no_page_has_an_accessibility_violation_or_scrolls_sideways(
    browser: Any, sandbox: Running, size: dict[str, int], scheme: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    key = httpx.get(f"{sandbox.url}/sandbox/outbox", trust_env=False).json()["mails"][0]["userKey"]
    found: list[tuple[str, str, str]] = []
    with opened(browser, size, scheme) as page:
        for path in (*PAGES, f"/people/{key}"):
            page.goto(f"{sandbox.url}/center{path}")
            judged = Axe().run(page).response
            assert judged["passes"], "axe has judged nothing"
            found += [(path, one["id"], one["nodes"][0]["html"]) for one in judged["violations"]]
            wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
            assert not wide, f"{path} scrolls sideways"
    assert found == []


def test_the_report_has_no_accessibility_violation(browser: Any, demo_runs: list[Path]) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with opened(browser, DESK) as page:
        for folder in (demo_runs[1], demo_runs[3], demo_runs[4]):
            page.goto((folder / "report.html").as_uri())
            assert [one["id"] for one in Axe().run(page).response["violations"]] == []


def test_people_are_searched_and_filtered_and_the_address_keeps_it(browser: Any, sandbox: Running) -> None:
    with opened(browser, DESK) as page:
        page.goto(f"{sandbox.url}/")
        page.get_by_label("Name or address").fill("byron")
        page.get_by_label("Status", exact=True).select_option(label="Invited")
        page.get_by_role("button", name="Find").click()
        assert page.locator("tbody tr").count() == 1
        assert "search=byron" in page.url
        page.get_by_role("link", name="Ada Byron").click()
        assert page.get_by_role("heading", level=1).inner_text().startswith("Ada Byron")


def test_a_person_activates_by_the_link_of_the_mail(browser: Any, sandbox: Running) -> None:
    key = invite(sandbox, "grace@acme.example")
    with opened(browser, PHONE) as page:
        page.goto(f"{sandbox.url}/center/people/{key}")
        assert "Invited" in page.locator(".title").inner_text()
        page.get_by_role("article").get_by_role("link").first.click()
        page.locator("#password").fill("correct horse")
        page.get_by_role("button").first.click()
        page.goto(f"{sandbox.url}/center/people/{key}")
        assert "Active" in page.locator(".title").inner_text()


def test_a_domain_is_verified_with_nothing_but_the_keyboard(browser: Any, sandbox: Running) -> None:
    with opened(browser, DESK) as page:
        page.goto(f"{sandbox.url}/center/organisation")
        page.get_by_label("Add a domain").focus()
        page.keyboard.type("acme.example")
        page.keyboard.press("Enter")
        page.get_by_text("was added").wait_for()
        page.get_by_role("button", name="Publish the record").focus()
        page.keyboard.press("Enter")
        page.get_by_text("is verified").wait_for()
        assert page.get_by_label("in the organisation").first.input_value() == "write"


def test_licences_and_outbox_show_what_was_used_and_sent(browser: Any, sandbox: Running) -> None:
    with opened(browser, DESK) as page:
        page.goto(f"{sandbox.url}/center/licences")
        assert page.get_by_text(" of 150 used").count() == 1
        page.get_by_role("link", name="Outbox", exact=True).click()
        assert page.get_by_role("article").count() >= 1


def test_a_form_sent_from_somebody_elses_page_is_refused(browser: Any, sandbox: Running, tmp_path: Path) -> None:
    key = invite(sandbox, "mary@acme.example")
    evil = tmp_path / "evil.html"
    form = f'<form method="post" action="{sandbox.url}/center/people/{key}/activate"><button>Win</button></form>'
    evil.write_text(form, encoding="utf-8")
    with opened(browser, DESK) as page:
        page.goto(evil.as_uri())
        page.get_by_role("button").click()
        page.goto(f"{sandbox.url}/center/people/{key}")
        assert "Invited" in page.locator(".title").inner_text()
