"""The check-up against a sandbox, and what a sync makes of it."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from flows.cli.doctor import told as worded
from flows.doctor import examine
from tasks.connectors.goto.survey import ORGANISATION, Survey
from tasks.doctor import proofs
from tasks.doctor.lines import Line, Standing, exit_code
from tasks.model.errors import TargetDown
from tasks.model.state import AccountState
from tests.support.effort import sampled

CODES = {"goto-verification-code", "logmein-verification-code"}


@pytest.fixture(autouse=True)
def _paced_as_by_default(office: Any) -> None:
    del office.spec["targets"][0]["requests_per_second"]


@pytest.fixture
def look(office: Any) -> Callable[[], dict[str, Line]]:
    """Examine the pipeline; return the last line of each check."""

    def run() -> dict[str, Line]:
        office.save()
        return {line.check: line for line in examine(office.pipeline)}

    return run


@pytest.fixture
def switch(tenant: Any) -> Iterator[Callable[..., None]]:
    before = tenant.control("GET", "switches")
    yield lambda **changes: tenant.control("PUT", "switches", changes)
    tenant.control("PUT", "switches", before)


@pytest.fixture
def feeding(office: Any) -> None:
    office.spec["targets"][0]["directory"] = "feed"


def verify(tenant: Any, domain: str = "acme.example") -> None:
    """Do what the Organization Center asks for: add the domain, publish its record, have it looked at."""
    added = tenant.control("POST", "organisation/domains", {"domain": domain})
    record = next(item["records"]["dns"] for item in added["domains"] if item["domain"] == domain)
    tenant.control("PUT", "published", {"place": domain, "text": record})
    tenant.control("POST", f"organisation/domains/{domain}/verify", {"method": "dns"})


def test_the_sample_tenant_lacks_only_its_organisation(tenant: Any, look: Callable[..., Any]) -> None:
    lines = look()
    assert {check for check, line in lines.items() if line.standing != Standing.OK} == {"domain", "organisation admin"}
    assert exit_code(lines.values()) == 0  # nothing feeds a directory, so these are advice


def test_once_domain_and_admin_stand_everything_is_ok(tenant: Any, look: Callable[..., Any], feeding: None) -> None:
    assert exit_code(look().values()) == 2
    verify(tenant)
    assert {line.standing for line in look().values()} == {Standing.OK}


@pytest.mark.prove
def test_a_held_row_is_nobody_whose_domain_is_looked_at(
    tenant: Any, office: Any, feeding: None, look: Callable[..., Any], sync: Callable[..., Any],
    told: Callable[..., Any], staff: Any,
) -> None:  # fmt: skip
    verify(tenant)
    del office.spec["sources"][0]["columns"]["user_name"]["template"]
    office.staff(
        [(*row[:1], f"{row[1]}@acme.example", *row[2:]) for row in staff]
        + [("00107", "bad address", "Gus", "Hale", "Legal", "Active")]
    )
    office.save()
    found = [line.finding for line in examine(office.pipeline) if line.check == "domain"]
    assert found == ["acme.example is verified (6 people)."]
    assert told(sync()).code == 0


@pytest.mark.prove
def test_the_record_of_a_pending_domain_is_printed(tenant: Any, look: Callable[..., Any]) -> None:
    added = tenant.control("POST", "organisation/domains", {"domain": "acme.example"})
    records = added["domains"][0]["records"]
    assert records["dns"] != records["file"]
    assert all(record in look()["domain"].remedy for record in records.values())


@pytest.mark.prove
def test_a_read_only_organisation_admin_is_not_enough(tenant: Any, look: Callable[..., Any], feeding: None) -> None:
    verify(tenant)
    tenant.control("PUT", "organisation/admins/7001", {"role": "read"})
    assert look()["organisation admin"].blocks


@pytest.fixture
def nothing_published(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look_up(domains: Any) -> dict[str, proofs.Proof]:
        return {domain: proofs.Proof(domain) for domain in domains}

    monkeypatch.setattr(proofs, "look_up", look_up)


@pytest.mark.prove
def test_where_nobody_tells_of_the_organisation_it_is_unknown(
    tenant: Any, look: Callable[..., Any], feeding: None, switch: Callable[..., None], nothing_published: None
) -> None:
    verify(tenant)
    switch(domain_control=False)
    lines = look()
    assert {lines[name].standing for name in ("domain", "organisation admin")} == {Standing.UNKNOWN}
    assert exit_code(lines.values()) == 0


@pytest.mark.parametrize("scope", sampled(["identity:", "identity:scim.org"], {"identity:scim.org"}))
def test_a_missing_scope_is_named(
    tenant: Any, look: Callable[..., Any], feeding: None, switch: Callable[..., None], scope: str
) -> None:
    verify(tenant)
    switch(scopes=[one for one in ("identity:", "identity:scim.org") if one != scope])
    lines = look()
    said = " ".join(line.finding + line.remedy for line in lines.values() if line.standing == Standing.PROBLEM)
    assert f"'{scope}'" in said
    assert lines["scopes"].standing == Standing.PROBLEM
    assert lines["token"].standing == Standing.OK
    assert exit_code(lines.values()) == 7


def test_too_few_seats_are_counted(tenant: Any, look: Callable[..., Any], declared: Any) -> None:
    fewer = [{**licence, "seats": 1} for licence in declared["licences"]]
    tenant.reset({**declared, "licences": fewer})
    line = look()["seats"]
    assert line.standing == Standing.PROBLEM
    assert "gives it to 2" in line.finding or "give it to 2" in line.finding


def test_a_product_that_the_tenant_does_not_have_is_a_problem_of_the_rules(
    office: Any, tenant: Any, look: Callable[..., Any]
) -> None:
    office.spec["rules"][0]["grant"]["products"] = ["G2T"]
    line = look()["rules"]
    assert "G2T" in line.finding
    assert "The tenant offers G2M, G2W." in line.remedy
    assert line.exit_code == 2


def test_an_account_that_is_not_ours_ends_with_7(office: Any, tenant: Any, look: Callable[..., Any]) -> None:
    office.spec["targets"][0]["account_key"] = "4711"
    lines = look()
    assert lines["account"].standing == Standing.PROBLEM
    assert "3001" in lines["account"].finding
    assert exit_code(lines.values()) == 7


def test_a_refused_roster_is_told_and_the_rest_is_looked_at_all_the_same(
    office: Any, tenant: Any, look: Callable[..., Any]
) -> None:
    (office.folder / "staff.csv").write_text("", encoding="utf-8")
    lines = look()
    assert lines["rosters"].standing == Standing.PROBLEM
    assert lines["token"].standing == Standing.OK


def test_nothing_is_sent_and_nothing_recorded(office: Any, tenant: Any, look: Callable[..., Any]) -> None:
    look()
    assert tenant.writes() == []
    assert office.run_folders() == []


@pytest.mark.prove
def test_the_lines_in_words_count_what_they_say(tenant: Any, office: Any) -> None:
    office.save()
    *lines, empty, last = worded(examine(office.pipeline))
    assert empty == ""
    assert last == "8 ok, 0 problems, 2 advised, 0 unknown."
    assert sum(line.startswith("advice") for line in lines) == 2


def test_a_sync_stops_before_it_sends_where_a_fed_directory_has_no_verified_domain(
    tenant: Any, office: Any, feeding: None, sync: Callable[..., Any], told: Callable[..., Any]
) -> None:
    ended = told(sync())
    assert (ended.name, ended.code) == ("Bad pipeline", 2)
    assert (
        "Nothing was sent. (1) acme.example is not a domain of the organisation (6 people). Add it at" in ended.message
    )
    assert " (2) No admin of the account is an organisation admin" in ended.message
    assert tenant.writes() == []


def test_a_sync_stops_before_it_sends_where_the_admin_may_only_look(
    tenant: Any, office: Any, declared: Any, sync: Callable[..., Any], told: Callable[..., Any]
) -> None:
    reader = {"key": "7009", "email": "reader@acme.example", "firstName": "R", "lastName": "O",
              "adminRoles": ["RUN_REPORTS"]}  # fmt: skip
    tenant.reset({**declared, "users": [*declared["users"], reader], "credentials": {"principal": "7009"}})
    ended = told(sync())
    assert (ended.name, ended.code) == ("Refused by target", 7)
    assert "RUN_REPORTS" in ended.message
    assert tenant.writes() == []


@pytest.mark.prove
@pytest.mark.parametrize(
    "rights",
    sampled(
        [
            pytest.param({"adminRoles": ["ADD_USERS", "MANAGE_USERS"]}, id="two roles"),
            pytest.param({"roleSet": "4001"}, id="custom"),
        ],
        {"custom"},
    ),
)
def test_a_sync_of_a_fed_directory_is_not_stopped_by_what_it_cannot_know(
    tenant: Any, office: Any, declared: Any, feeding: None, switch: Callable[..., None],
    sync: Callable[..., Any], told: Callable[..., Any], rights: dict[str, Any],
) -> None:  # fmt: skip
    caller = {"key": "7009", "email": "manager@acme.example", "firstName": "M", "lastName": "A", **rights}
    tenant.reset({
        **declared, "users": [*declared["users"], caller], "credentials": {"principal": "7009"},
        "roleSets": [{"id": "4001", "name": "Help desk"}],
        "organisation": {"name": "Acme", "domains": [{"domain": "acme.example"}], "admins": [{"user": "7009"}]},
    })  # fmt: skip
    switch(domain_control=False)
    ended = told(sync())
    assert "Nobody in the account" not in ended.message
    assert "changes nobody" not in ended.message
    assert tenant.writes() != []


@pytest.mark.prove
def test_a_sync_goes_on_with_advice(tenant: Any, sync: Callable[..., Any], told: Callable[..., Any]) -> None:
    assert told(sync()).code == 0


@pytest.fixture
def fail(tenant: Any) -> Iterator[Callable[..., None]]:
    yield lambda **rule: tenant.control("PUT", "faults", {"rules": [rule]})
    tenant.control("DELETE", "faults")


ME, USERS = {"path": "/me"}, {"method": "GET", "path": "/accounts/*/users"}


@pytest.mark.prove
@pytest.mark.parametrize("answer", [(404, {"message": "no Route matched"}), (403, "<html>Blocked</html>"), (404, "")])
def test_a_gateway_that_does_not_find_the_organisation_says_nothing_of_it(
    tenant: Any,
    look: Callable[..., Any],
    feeding: None,
    nothing_published: None,
    monkeypatch: pytest.MonkeyPatch,
    answer: tuple[int, Any],
) -> None:
    verify(tenant)
    status, body = answer
    get = httpx.AsyncClient.get

    async def gateway(client: Any, url: str, **options: Any) -> httpx.Response:
        if url != ORGANISATION:
            return await get(client, url, **options)
        return httpx.Response(status, **({"text": body} if isinstance(body, str) else {"json": body}))

    monkeypatch.setattr(httpx.AsyncClient, "get", gateway)
    lines = look()
    assert {lines[name].standing for name in ("domain", "organisation admin")} == {Standing.UNKNOWN}


@pytest.mark.parametrize("fault", ["no_route", "blocked_page"])
@pytest.mark.parametrize(("on", "told_ok"), [(ME, {"token", "scopes"}), (USERS, {"token", "scopes", "account"})])
def test_what_answers_in_gotos_place_is_told_as_such(
    look: Callable[..., Any], fail: Callable[..., None], on: dict[str, Any], told_ok: set[str], fault: str
) -> None:
    fail(on=on, fault=fault)
    lines = look()
    assert {check for check in told_ok if lines[check].standing == Standing.OK} == told_ok
    assert "cannot be believed: the refusal is not of GoTo's form" in lines["reach"].finding
    assert "proxy or sign-in page" in lines["reach"].remedy
    assert exit_code(lines.values()) == 7


@pytest.mark.parametrize("fault", ["no_route", "blocked_page"])
def test_what_answers_in_the_token_services_place_says_nothing_of_the_credentials(
    look: Callable[..., Any], fail: Callable[..., None], fault: str
) -> None:
    fail(on={"path": "/oauth/token"}, fault=fault)
    [line] = look().values()
    assert (line.check, line.exit_code) == ("reach", 7)
    assert "urls.token" in line.remedy


@pytest.mark.prove
def test_a_page_in_the_place_of_the_person_behind_the_token_is_told_as_such(
    look: Callable[..., Any], fail: Callable[..., None]
) -> None:
    fail(on={"method": "GET", "path": "/accounts/*/users/*"}, fault="ok_page")
    reach = look()["reach"]
    assert (reach.standing, reach.exit_code) == (Standing.PROBLEM, 7)
    assert "cannot be believed" in reach.finding


def test_a_list_without_the_person_behind_the_token_is_no_reading() -> None:
    caller = AccountState("7001", "ada@acme.example", roles=("SUPER_USER",))
    found = Survey(caller_key="7001", admins=(caller,))
    found.require_caller_in({"7001", "7002"})
    with pytest.raises(TargetDown, match="lacks the person behind the token"):
        found.require_caller_in({"7002"})
    Survey(caller_key="7001").require_caller_in(set())
