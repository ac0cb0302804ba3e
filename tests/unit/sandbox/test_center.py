"""The Admin Center page: what it shows, what it escapes, and whom it lets change something."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import httpx
import pytest

from tasks.sandbox import Running

Create = Callable[..., httpx.Response]
HOSTILE = "<script>alert('x')</script>"
FORMS = (
    "people/7003/activate",
    "people/7003/inactive",
    "people/7003/transfer",
    "organisation/domains",
    "organisation/remove",
    "organisation/verify",
    "organisation/admins",
    "user-sync/poll",
)
PAGES = (
    "", "?search=nobody", "people/7002", "licences", "groups", "organisation", "user-sync", "outbox", "templates",
    "requests", "nowhere", "people/1",
)  # fmt: skip


@dataclass
class Page(HTMLParser):
    """A page as its parts: words that are read, headings, links, fields with their labels, cells of the table."""

    status: int
    words: str = ""
    headings: list[tuple[str, str]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    current: list[str] = field(default_factory=list)
    names: dict[str, set[str]] = field(default_factory=dict)
    _open: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    _texts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)

    @classmethod
    def of(cls, reply: httpx.Response) -> "Page":
        page = cls(reply.status_code)
        page.feed(reply.text)
        page.close()
        page.words = " ".join(page.words.split())
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.setdefault(tag, set()).update(name for name, _ in attrs)
        if tag in ("h1", "h2", "h3", "a", "th", "td", "title"):
            self._open.append((tag, dict(attrs)))
            self._texts.append("")
        if tag == "tr":
            self.rows.append([])

    def handle_data(self, data: str) -> None:
        self.words += f" {data}"
        self._texts = [text + data for text in self._texts]

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1][0] != tag:
            return
        (_, attributes), text = self._open.pop(), " ".join(self._texts.pop().split())
        if tag == "a":
            self.links.append((text, attributes.get("href") or ""))
            self.current += [text] if "aria-current" in attributes else []
        elif tag in ("th", "td"):
            self.rows[-1].append(text)
        else:
            self.headings.append((tag, text))

    @property
    def people(self) -> list[str]:
        return [text for text, link in self.links if re.fullmatch(r"/center/people/\d+", link)]


@pytest.fixture
def center(server: Running, control: httpx.Client) -> Iterator[httpx.Client]:
    """The pages and forms, by paths like ``people/7002``, as their own pages send them."""
    own = {"Origin": server.url}
    with httpx.Client(base_url=f"{server.url}/center/", headers=own, verify=False, trust_env=False) as client:
        yield client


@pytest.fixture
def show(center: httpx.Client) -> Callable[..., Page]:
    return lambda path="", **params: Page.of(center.get(path, params=params or None))


@pytest.fixture
def send(center: httpx.Client) -> Callable[..., Page]:
    """Send a form, and return the page that it leads to."""
    return lambda path, **form: Page.of(center.post(path, data=form, follow_redirects=True))


def test_the_root_leads_to_the_people(server: Running, control: httpx.Client) -> None:
    reply = httpx.get(f"{server.url}/", verify=False, trust_env=False)
    assert (reply.status_code, reply.headers["Location"]) == (307, "/center")


def test_people_are_listed_with_status_products_role_and_group(show: Callable[..., Page]) -> None:
    assert show().rows[1:] == [
        ["Ada Byron ada@acme.example", "Active", "Meeting", "Member", "Sales"],
        ["Bo Berg bo@acme.example", "Invited", "Connect", "Member", "Sales EMEA"],
        ["Cy Stone cy@acme.example", "Suspended", "none", "Member", "none"],
        ["Robin Root root@acme.example", "Active", "none", "Super admin", "none"],
    ]


def test_people_are_counted_by_status(show: Callable[..., Page]) -> None:
    counts = [text for text, link in show().links if link.startswith("/center?status=") or link == "/center?"]
    assert counts == ["4 All people", "2 Active", "1 Invited", "0 Inactive", "1 Suspended"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"search": "byr"}, ["Ada Byron"]),
        ({"search": "ADA@acme"}, ["Ada Byron"]),
        ({"search": "ada byron"}, ["Ada Byron"]),
        ({"search": "%"}, []),
        ({"search": "_da"}, []),
        ({"search": "\\"}, []),
        ({"status": "SUSPENDED"}, ["Cy Stone"]),
        ({"status": "' OR 1=1 --"}, []),
        ({"product": "G2C"}, ["Bo Berg"]),
        ({"product": "none"}, ["Cy Stone", "Robin Root"]),
        ({"group": "5001"}, ["Ada Byron"]),
        ({"group": "none"}, ["Cy Stone", "Robin Root"]),
        ({"role": "any"}, ["Robin Root"]),
        ({"role": "SUPER_USER"}, ["Robin Root"]),
        ({"role": "none"}, ["Ada Byron", "Bo Berg", "Cy Stone"]),
        ({"role": "none", "status": "ACTIVE"}, ["Ada Byron"]),
    ],
)
def test_people_are_found(show: Callable[..., Page], query: dict[str, str], found: list[str]) -> None:
    assert show(**query).people == found


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("-name", ["Robin Root", "Cy Stone", "Bo Berg", "Ada Byron"]),
        ("address", ["Ada Byron", "Bo Berg", "Cy Stone", "Robin Root"]),
        ("status", ["Ada Byron", "Robin Root", "Bo Berg", "Cy Stone"]),
        ("group", ["Ada Byron", "Bo Berg", "Cy Stone", "Robin Root"]),
        ("newest", ["Cy Stone", "Bo Berg", "Ada Byron", "Robin Root"]),
        ("1; DROP TABLE users", ["Ada Byron", "Bo Berg", "Cy Stone", "Robin Root"]),
    ],
)
def test_people_are_sorted(show: Callable[..., Page], order: str, found: list[str]) -> None:
    assert show(order=order).people == found


def test_a_heading_sorts_and_then_turns_the_order(show: Callable[..., Page]) -> None:
    assert dict(show(search="o").links)["Name ↑"] == "/center?search=o&order=-name"
    page = show(search="o", order="-name")
    assert dict(page.links)["Name ↓"] == "/center?search=o"
    assert "aria-sort" in page.names["th"]


def test_nobody_found_says_what_to_do(show: Callable[..., Page]) -> None:
    assert "Nobody fits all of this." in show(search="nobody").words


def test_many_people_come_in_pages(show: Callable[..., Page], create: Create) -> None:
    create(*(f"p{number:02}@acme.example" for number in range(60)))
    first, second = show(search="acme"), show(search="acme", page="2")
    assert (len(first.people), len(second.people)) == (50, 14)
    assert len({*first.people, *second.people}) <= 64
    assert "64 people, 1 to 50 shown" in first.words
    assert "64 people, 51 to 64 shown" in second.words
    assert dict(first.links)["Next 50"] == "/center?search=acme&page=2"
    assert "Next 50" not in dict(second.links)
    assert dict(second.links)["Previous 50"] == "/center?search=acme"
    for page in ("-3", "x", "0", "999999999999"):
        assert len(show(page=page).people) == 50
    assert show(page="77").people == show(page="2").people


def test_what_people_are_called_is_escaped(
    center: httpx.Client, account: httpx.Client, control: httpx.Client, show: Callable[..., Page]
) -> None:
    group = account.post("groups", json={"name": HOSTILE}).json()
    person = {"email": "'onfocus=x&y@acme.example", "firstName": HOSTILE, "lastName": '"><b'}
    key = account.post("users", json={"users": [person], "groupKey": group}).json()[0]["key"]
    account.post("templates", json={"title": HOSTILE, "subject": HOSTILE, "text": HOSTILE})
    assert show(search=HOSTILE).people == [f'{HOSTILE} "><b']
    assert ("h1", f'{HOSTILE} "><b') in show(f"people/{key}").headings
    for path in ("", "?search=%22%3E%3Cscript%3E", f"people/{key}", "outbox", "groups", "templates"):
        text = center.get(path).text
        assert "<script" not in text
        assert "<b " not in text
        assert not re.search(r"<[a-z][^>]*\sonfocus", text)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_one_title_one_first_heading_and_the_note(center: httpx.Client, path: str) -> None:
    reply = center.get(path)
    page = Page.of(reply)
    assert [tag for tag, _ in page.headings].count("title") == 1
    assert [tag for tag, _ in page.headings].count("h1") == 1
    assert "Sandbox, not GoTo." in page.words
    assert {"main", "header", "nav", "footer"} <= page.names.keys()
    assert "script" not in page.names
    assert not [names for names in page.names.values() if "style" in names]
    assert reply.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert reply.headers["Cache-Control"] == "no-store"


def test_headings_never_leave_out_a_level(center: httpx.Client, create: Create) -> None:
    create("dee@acme.example")
    for path in PAGES:
        levels = [int(tag[1]) for tag, _ in Page.of(center.get(path)).headings if tag != "title"]
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels)), path


def test_the_section_that_is_open_is_marked(show: Callable[..., Page]) -> None:
    for path, name in (("licences", "Licences"), ("outbox", "Outbox"), ("people/7002", "People")):
        assert name in show(path).current


def test_a_person_shows_what_they_hold_what_happened_and_their_mails(
    show: Callable[..., Page], account: httpx.Client, create: Create
) -> None:
    key = create("dee@acme.example", licenseKeys=["9002"], groupKey="5001").json()[0]["key"]
    account.put(f"users/{key}", json={"lastName": "Dale-Smith"})
    account.delete(f"licenses/9002/users/{key}")
    page = show(f"people/{key}")
    assert ("h1", "Dee Dale-Smith") in page.headings
    for part in (
        "dee@acme.example",
        "User group Sales",
        "Language German (de_DE)",
        "Created",
        "Licence given GoTo Meeting",
        "Last name Dale → Dale-Smith",
        "Licence taken GoTo Meeting",
        "Admin API DELETE /licenses/…/users/…",
        "Admin API POST /users",
        "With neither a licence nor an admin role, a person is suspended.",
    ):
        assert part in page.words
    assert [text for tag, text in page.headings if tag == "h3"] == [
        "Ihre Produkte haben sich geändert", "Jetzt loslegen", "Willkommen bei Acme GmbH",
    ]  # fmt: skip


def test_what_a_call_did_stands_together_in_its_order(
    show: Callable[..., Page], account: httpx.Client, create: Create
) -> None:
    key = create("dee@acme.example", licenseKeys=["9003"], adminRoles=["MANAGE_USERS"]).json()[0]["key"]
    words = show(f"people/{key}").words
    history = words[words.index("History") : words.index("Admin API POST")]
    parts = ["Created", "Admin role Manage users", "Licence given GoTo Connect", "Mail sent"]
    assert [history.index(part) for part in parts] == sorted(history.index(part) for part in parts)


def test_what_was_declared_has_no_history(show: Callable[..., Page]) -> None:
    assert "Nothing has happened since the sandbox was filled." in show("people/7002").words


def test_a_manager_shows_the_groups_that_they_are_limited_to(
    show: Callable[..., Page], account: httpx.Client, create: Create
) -> None:
    roles = {"adminRoles": ["MANAGE_USERS"], "managedGroupKeys": ["5001", "5003"]}
    key = create("dee@acme.example", **roles).json()[0]["key"]
    assert "Admin role Manage users, for Sales, Support only" in show(f"people/{key}").words
    assert "managed by Dee Dale" in show("groups").words


def test_a_deleted_person_keeps_their_page(show: Callable[..., Page], account: httpx.Client, create: Create) -> None:
    key = create("dee@acme.example", licenseKeys=["9002"]).json()[0]["key"]
    account.delete(f"users/{key}")
    page = show(f"people/{key}")
    assert page.status == 200
    assert "No longer in the account" in page.words
    assert "Deleted" in page.words
    assert f"/center/people/{key}" in dict(show("outbox").links).values()


def test_what_nobody_asked_for_by_a_call_names_who_did_it(
    show: Callable[..., Page], account: httpx.Client, control: httpx.Client, state: dict[str, Any]
) -> None:
    organisation = {
        "name": "Acme",
        "domains": [{"domain": "acme.example"}],
        "admins": [{"user": "7001"}],
        "groups": [{"name": "Staff", "members": ["7004"]}],
    }
    control.post("reset", json={**state, "organisation": organisation}).raise_for_status()
    rules = [{"directory_group": "Staff", "products": ["G2C"]}]
    control.put("user-sync", json={"on": True, "rules": rules}).raise_for_status()
    control.post("poll").raise_for_status()
    words = show("people/7004").words
    assert re.search(r"Licence given GoTo Connect .* · User Sync", words)
    assert "Directory groups Staff" in words


def test_webinars_show_who_would_keep_them(
    show: Callable[..., Page], control: httpx.Client, state: dict[str, Any]
) -> None:
    time = {"starts": "2101-01-01T10:00:00Z", "ends": "2101-01-01T11:00:00Z", "organizer": "7002"}
    webinars = [
        {"key": "1", "subject": "Alone", **time},
        {"key": "2", "subject": "Together", "coorganizers": ["7003"], **time},
    ]
    control.post("reset", json={**state, "webinars": webinars}).raise_for_status()
    words = show("people/7002").words
    assert "Alone 1 Jan 2101, 10:00 · nobody else organises it" in words
    assert "Together 1 Jan 2101, 10:00 · 1 co-organiser" in words
    assert "Together 1 Jan 2101, 10:00 · as co-organiser" in show("people/7003").words


@pytest.mark.parametrize("path", ["people/1", "nowhere", "people/7002/nothing"])
def test_what_is_not_there_is_404_in_the_same_look(show: Callable[..., Page], path: str) -> None:
    page = show(path)
    assert page.status == 404
    assert ("h1", "There is no such page") in page.headings


def test_a_page_cannot_be_written(center: httpx.Client) -> None:
    reply = center.post("licences")
    assert (reply.status_code, ("h1", "This cannot be asked for so") in Page.of(reply).headings) == (405, True)


def test_licences_show_the_seats_that_are_used_and_free(
    show: Callable[..., Page], create: Create, center: httpx.Client
) -> None:
    create("a@acme.example", "b@acme.example", "c@acme.example", licenseKeys=["9001"])
    rows = {row[0]: row[1:] for row in show("licences").rows[1:]}
    invited = "of them by people who are still invited"
    assert rows["GoTo Webinar 9001"] == ["Webinar, Meeting", f"3 of 3 used3 {invited}", "None"]
    assert rows["GoTo Meeting 9002"] == ["Meeting", "1 used, any number may be", "no limit"]
    assert rows["GoTo Connect 9003"] == ["Connect", f"1 of 10 used1 {invited}", "9"]
    assert rows["Training, ended Ended 9004"] == ["Training", "0 of 10 used", "10"]
    assert re.findall(r'class="fill( full)?" width="([\d.]+)%"', center.get("licences").text) == [
        ("", "10.0"), (" full", "100.0"), ("", "0.0"),
    ]  # fmt: skip


def test_groups_stand_below_their_parents(center: httpx.Client, show: Callable[..., Page]) -> None:
    text = re.sub(r"\s+", " ", center.get("groups").text)
    assert re.search(
        r'Sales</a>.*<ul class="tree"> <li><a [^>]*>Sales EMEA</a>.*</ul> ?</li> <li><a [^>]*>Support', text
    )
    assert "Sales 1 person, 2 with the groups below" in show("groups").words


def test_mails_are_shown_by_kind(show: Callable[..., Page], create: Create) -> None:
    create("dee@acme.example", licenseKeys=["9002"])
    assert "Get started 1" in [text for text, _ in show("outbox").links]
    page = show("outbox", kind="get-started")
    assert [text for tag, text in page.headings if tag == "h2"] == ["Jetzt loslegen"]
    assert "No mail of this kind was sent." in show("outbox", kind="nothing").words


def test_the_link_of_a_mail_stands_in_it_until_it_is_used(
    server: Running, show: Callable[..., Page], create: Create
) -> None:
    key = create("dee@acme.example").json()[0]["key"]
    (link,) = (link for text, link in show("outbox").links if text.startswith(server.url))
    assert link in dict(show(f"people/{key}").links).values()
    httpx.post(server.url + link, data={"password": "x"}, verify=False, trust_env=False).raise_for_status()
    assert link not in dict(show("outbox").links).values()
    page = show(f"people/{key}")
    assert link not in dict(page.links).values()
    assert "Activated" in page.words
    assert "The link in the mail" in page.words


def test_templates_are_shown_as_they_were_written(show: Callable[..., Page], account: httpx.Client) -> None:
    made = {"title": "Hosts", "subject": "Welcome to {account}", "text": "Hello {name}", "locale": "fr_FR"}
    account.post("templates", json=made).raise_for_status()
    words = show("templates").words
    assert "Hosts Subject Welcome to {account} In French (fr_FR)" in words
    assert "Hello {name}" in words


def test_requests_show_what_was_answered_and_the_fault_that_struck(
    show: Callable[..., Page], account: httpx.Client, control: httpx.Client
) -> None:
    account.get("users?filter=email%20eq%20%22x%22")
    account.get("users/1")
    account.put("users/7002", json={"lastName": "King"})
    rule = {"on": {"path": "/accounts/*/users"}, "at": [1], "fault": "too_many"}
    control.put("faults", json=[rule]).raise_for_status()
    try:
        account.get("users")
        rows = [row[1:] for row in show("requests").rows[1:]]
        assert rows[0] == ["GET /admin/rest/v1/accounts/3001/users", "429", "too_many"]
        assert ['GET /admin/rest/v1/accounts/3001/users ?filter=email eq "x"', "200", "none"] in rows
        kept = {kind: len([row for row in show("requests", kind=kind).rows if "/admin/" in " ".join(row)]) for kind in
                ("changes", "refused", "faults")}  # fmt: skip
        assert kept == {"changes": 1, "refused": 2, "faults": 1}
        assert rows[-1] == ["Any call of /accounts/*/users", "call 1", "too_many", "1", "1"][1:]
    finally:
        control.delete("faults")


def test_pages_are_no_calls_to_the_platform(show: Callable[..., Page], control: httpx.Client) -> None:
    before = control.get("requests").json()["total"]
    show(), show("licences"), show("nowhere")
    assert control.get("requests").json()["total"] == before


def test_a_domain_is_added_refused_and_verified_by_the_forms(send: Callable[..., Page], control: httpx.Client) -> None:
    assert "acme.example was added." in send("organisation/domains", domain=" ACME.example ").words
    assert "The code was not found" in send("organisation/verify", domain="acme.example").words
    record = control.get("organisation").json()["domains"][0]["records"]["dns"]
    page = send("organisation/verify", domain="acme.example", publish=record)
    assert "acme.example is verified." in page.words
    assert "acme.example Verified 4 people of the account" in page.words
    assert control.get("organisation").json()["domains"][0]["status"] == "verified"
    assert "cannot be deleted" in send("organisation/remove", domain="acme.example").words


@pytest.mark.parametrize("domain", ["", "acme", "a b.example", "<b>.example", "x" * 300 + ".example"])
def test_what_is_no_domain_is_not_added(send: Callable[..., Page], control: httpx.Client, domain: str) -> None:
    assert "That is no domain." in send("organisation/domains", domain=domain).words
    assert control.get("organisation").status_code == 404


def test_an_organisation_admin_is_set_and_taken_away(send: Callable[..., Page], control: httpx.Client) -> None:
    send("organisation/domains", domain="acme.example")
    send("organisation/admins", user="7001", role="read")
    assert [admin["role"] for admin in control.get("organisation").json()["admins"]] == ["read"]
    assert "There is no such role." in send("organisation/admins", user="7001", role="king").words
    assert "There is no such user." in send("organisation/admins", user="1", role="read").words
    send("organisation/admins", user="7001", role="")
    assert control.get("organisation").json()["admins"] == []


def test_a_person_is_activated_and_falls_inactive_by_the_forms(
    send: Callable[..., Page], account: httpx.Client
) -> None:
    page = send("people/7003/activate")
    assert "Activated, as by the mail." in page.words
    assert "Activated" in page.words
    assert "This Admin Center" in page.words
    assert account.get("users/7003").json()["status"] == "ACTIVE"
    send("people/7003/inactive")
    assert account.get("users/7003").json()["status"] == "INACTIVE"


@pytest.mark.parametrize(
    ("answer", "status", "told"), [("accept", "ACTIVE", "Moved here"), ("decline", "SUSPENDED", "Declined")]
)
def test_a_transfer_is_answered_by_the_form(
    send: Callable[..., Page], show: Callable[..., Page], control: httpx.Client, state: dict[str, Any],
    answer: str, status: str, told: str,
) -> None:  # fmt: skip
    mover = {
        "key": "7009",
        "email": "dee@acme.example",
        "firstName": "Dee",
        "lastName": "Dale",
        "pendingTransfer": True,
    }
    others = [{"key": "4001", "name": "Elsewhere Ltd", "users": ["dee@acme.example"]}]
    moving = {**state, "users": [*state["users"], {**mover, "licenceKeys": ["9002"]}], "otherAccounts": others}
    control.post("reset", json=moving).raise_for_status()
    assert "The address lives in another account, Elsewhere Ltd." in show("people/7009").words
    assert "asked to move here" in show().words
    assert told in send("people/7009/transfer", answer=answer).words
    assert control.get("users/7009").json()["status"] == status
    assert "Refused: user.transfer.not.pending." in send("people/7009/transfer", answer=answer).words


def test_user_sync_looks_at_the_directory_when_it_is_told(send: Callable[..., Page], show: Callable[..., Page]) -> None:
    assert "Nothing happens while it is off." in show("user-sync").words
    assert "User Sync has looked at the directory." in send("user-sync/poll").words


def test_what_came_of_a_form_is_not_in_the_address(center: httpx.Client, show: Callable[..., Page]) -> None:
    """Else a link of somebody else's could let this page say anything."""
    leads = center.post("people/7003/activate").headers["Location"]
    assert re.fullmatch(r"/center/people/7003\?notice=[\w-]{12}", leads)
    assert "Send me your password" not in show("", notice="Send me your password").words


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "{own}"},
        {"Origin": "{own}.evil.example"},
    ],
)
def test_a_form_of_somebody_elses_page_changes_nothing(
    server: Running, control: httpx.Client, account: httpx.Client, path: str, headers: dict[str, str]
) -> None:
    sent = {name: value.format(own=server.url) for name, value in headers.items()}
    form = {"domain": "acme.example", "user": "7001", "role": "write", "answer": "accept"}
    reply = httpx.post(f"{server.url}/center/{path}", data=form, headers=sent, verify=False, trust_env=False)
    assert reply.status_code == 403
    assert "Acme GmbH" not in reply.text
    assert account.get("users/7003").json()["status"] == "INVITED"
    assert control.get("organisation").status_code == 404


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "x", "10.0.0.1"])
@pytest.mark.parametrize("path", ["", "people/7002", "center.css", "nowhere"])
def test_pages_are_not_shown_under_a_name_that_leads_here(center: httpx.Client, host: str, path: str) -> None:
    reply = center.get(path, headers={"Host": host})
    assert reply.status_code == 403
    assert "Acme" not in reply.text


def test_forms_are_not_taken_under_a_name_that_leads_here(center: httpx.Client, account: httpx.Client) -> None:
    headers = {"Host": "evil.example", "Origin": "http://evil.example"}
    assert center.post("people/7003/activate", headers=headers).status_code == 403
    assert account.get("users/7003").json()["status"] == "INVITED"


def test_pages_are_shown_under_the_other_names_of_this_machine(center: httpx.Client) -> None:
    for host in ("localhost", f"localhost:{center.base_url.port}", "127.0.0.1", "[::1]:8750"):
        assert center.get("", headers={"Host": host}).status_code == 200


def test_a_large_form_is_not_read(center: httpx.Client, control: httpx.Client) -> None:
    reply = center.post("organisation/domains", data={"domain": "x" * 20_000})
    assert (reply.status_code, ("h1", "The form is too large") in Page.of(reply).headings) == (413, True)
    assert control.get("organisation").status_code == 404


def test_a_list_without_anybody_says_so_once(show: Callable[..., Page]) -> None:
    assert show(search="nobody").words.count("Nobody") == 1


def test_roles_of_the_organisation_are_set_once_there_is_one(show: Callable[..., Page], send: Callable[..., Page],
    control: httpx.Client,
) -> None:  # fmt: skip
    assert "There is no organisation yet: verify a domain first." in show("organisation").words
    send("organisation/domains", domain="acme.example")
    assert "There is no organisation yet: verify a domain first." in show("organisation").words
    record = control.get("organisation").json()["domains"][0]["records"]["dns"]
    send("organisation/verify", domain="acme.example", publish=record)
    assert "There is no organisation yet" not in show("organisation").words


def test_who_was_never_written_to_has_no_invitation(
    show: Callable[..., Page], control: httpx.Client, account: httpx.Client
) -> None:
    assert "Invitations none since the sandbox was filled" in show("people/7003").words
    person = {"email": "dee@acme.example", "firstName": "Dee", "lastName": "Dale"}
    key = account.post("users", json={"users": [person], "licenseKeys": ["9003"]}).json()[0]["key"]
    assert "Invitations 1, the last on " in show(f"people/{key}").words


def test_user_sync_gives_the_whole_call_that_sets_its_rules(show: Callable[..., Page], server: Running) -> None:
    assert f"curl -X PUT {server.url}/sandbox/user-sync -H 'Content-Type: application/json'" in show("user-sync").words


def test_an_address_without_anything_is_a_page_for_a_browser_and_json_for_others(server: Running) -> None:
    def get(accept: str) -> httpx.Response:
        return httpx.get(f"{server.url}/nothing", headers={"Accept": accept}, verify=False, trust_env=False)

    page = get("text/html,application/xhtml+xml")
    assert (page.status_code, "There is no such page" in page.text, "Acme" in page.text) == (404, True, False)
    assert get("application/json").json()["errors"]
