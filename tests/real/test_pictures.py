"""The tutorial's own steps, done as it says, with a picture of each: taken for the docs by ``make pictures``."""

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tasks.sandbox import running
from tests.support.programs import COMMAND

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]
ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "data" / "samples"
USUAL = "http://127.0.0.1:8750"
WIDTH, HEIGHT = 1280, 820
PERSON = "Ginette Ingville"
"""Whose page the tutorial shows: invited in French, with a group, a licence, a history and two mails."""


@dataclass(frozen=True)
class Guide:
    """What the steps of the tutorial work with: the sandbox, the pipeline file, and how commands are called."""

    url: str
    pipeline: Path
    call: Callable[..., "subprocess.CompletedProcess[str]"]


def _port() -> int:
    """Return the tutorial's port for the docs' pictures, which show it; else 0 (any): the demo, beside this, has it."""
    return int(USUAL.rpartition(":")[2]) if os.environ.get("ROSTERFLOW_PICTURES") else 0


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guide]:
    folder = tmp_path_factory.mktemp("guide")
    environ = {**os.environ, "ROSTERFLOW_HOME": str(folder / "data"), "PREFECT_HOME": str(folder / "prefect")}
    environ.pop("PREFECT_API_URL", None)
    with running(folder / "sandbox.db", _port(), state=SAMPLES / "acme_tenant.json") as server:
        for name in ("acme.yaml", "acme_staff.xlsx"):
            (folder / name).write_bytes((SAMPLES / name).read_bytes().replace(USUAL.encode(), server.url.encode()))

        def call(*words: str) -> "subprocess.CompletedProcess[str]":
            return subprocess.run(
                [*COMMAND, *words], cwd=folder, env=environ, capture_output=True, text=True, timeout=240, check=False
            )

        yield Guide(server.url, folder / "acme.yaml", call)


@pytest.fixture(scope="module")
def page(program: Callable[[str], str]) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    options = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=program("chromium"), args=options)
        yield chromium.new_context(viewport={"width": WIDTH, "height": HEIGHT}).new_page()
        chromium.close()


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., None]:
    """Take a picture of a page, as high as it is where *whole*: for the docs where ROSTERFLOW_PICTURES is set."""
    wanted = os.environ.get("ROSTERFLOW_PICTURES")
    folder = ROOT / "docs" / "pictures" if wanted else tmp_path_factory.mktemp("pictures")

    def take(page: Any, name: str, *, whole: bool = False) -> None:
        folder.mkdir(exist_ok=True)
        page.screenshot(path=folder / f"{name}.png", full_page=whole)
        assert (folder / f"{name}.png").stat().st_size > 5_000

    return take


def test_the_account_is_small_and_two_lines_of_the_doctor_advise(
    guide: Guide, page: Any, picture: Callable[..., None]
) -> None:
    page.goto(f"{guide.url}/center")
    assert "24 people" in page.locator(".count").inner_text()
    picture(page, "center-people")
    said = guide.call("doctor", str(guide.pipeline))
    assert said.returncode == 0, said.stderr
    assert said.stdout.endswith("9 ok, 0 problems, 2 advised, 0 unknown.\n")


def test_the_domain_is_added_and_verified(guide: Guide, page: Any, picture: Callable[..., None]) -> None:
    page.goto(f"{guide.url}/center/organisation")
    page.get_by_label("Add a domain").fill("acme.example")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("was added").wait_for()
    picture(page, "center-domain", whole=True)
    page.get_by_role("button", name="Publish the record").click()
    page.get_by_text("is verified").wait_for()
    picture(page, "center-organisation", whole=True)
    said = guide.call("doctor", str(guide.pipeline))
    assert said.stdout.endswith("11 ok, 0 problems, 0 advised, 0 unknown.\n")


def test_the_plan_waits_and_the_sync_gives_access(guide: Guide) -> None:
    planned = guide.call("plan", str(guide.pipeline))
    assert planned.returncode == 3, planned.stderr
    assert "would give access to 267 people" in planned.stdout
    synced = guide.call("sync", str(guide.pipeline))
    assert synced.returncode == 0, synced.stderr
    assert "267 people were given access" in synced.stdout


def test_the_people_are_there_with_what_they_hold(guide: Guide, page: Any, picture: Callable[..., None]) -> None:
    page.goto(f"{guide.url}/center")
    assert "291 people" in page.locator(".count").inner_text()
    picture(page, "center-people-after")
    page.get_by_label("Name or address").fill(PERSON)
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name=PERSON).click()
    words = page.locator("main").inner_text()
    assert all(word in words for word in ("Invited", "Revenue", "French", "History", "Bienvenue"))
    picture(page, "center-person", whole=True)
    page.get_by_role("link", name="Licences", exact=True).click()
    picture(page, "center-licences", whole=True)
    page.get_by_role("link", name="Outbox", exact=True).click()
    picture(page, "center-outbox")


def test_the_link_of_the_mail_makes_a_password_in_the_persons_language(guide: Guide, page: Any) -> None:
    page.goto(f"{guide.url}/center?search={PERSON}")
    page.get_by_role("link", name=PERSON).click()
    page.get_by_role("link", name="Open the create-password link").click()
    page.get_by_label("Mot de passe").fill("correct horse")
    page.get_by_role("button", name="Créer le mot de passe").click()
    page.get_by_role("link", name="See the person").click()
    assert "Active" in page.locator(".title").inner_text()


def test_a_second_sync_has_nothing_to_do(guide: Guide) -> None:
    again = guide.call("sync", str(guide.pipeline))
    assert again.returncode == 0, again.stderr
    assert "Nothing needed to be changed, and nothing was sent." in again.stdout
