"""The page: whole in one file, for everybody, and showing no more than it may."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources
from itertools import pairwise
from typing import Any

import pytest

from tasks.model.operations import Outcome, OutcomeStatus
from tasks.model.plan import Action, Cause, LimitReading, Plan, WithheldReason
from tasks.model.sent import NOTHING, Sent
from tasks.report import render_html
from tasks.report.facts import RosterFacts
from tasks.report.summary import summarise

STATES = ("done", "nothing_to_do", "pending", "partial", "blocked", "failed")


class Page(HTMLParser):
    """The elements of a page, its text, and the text of its style and script."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inline: dict[str, str] = {}
        self._text: list[str] = []
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag if tag in ("style", "script") else ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.inline[self._inside] = self.inline.get(self._inside, "") + data
        else:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._text).split()).replace(" ,", ",")

    def all(self, *tags: str) -> list[tuple[str, dict[str, str | None]]]:
        return [element for element in self.elements if element[0] in tags]

    def values(self, attribute: str) -> list[str]:
        return [attrs[attribute] or "" for _, attrs in self.elements if attribute in attrs]


@pytest.fixture
def render(run: Any) -> Callable[..., Page]:
    """Render the run, with other facts or parts where they are given."""

    def build(
        *, redacted: bool = False, state: str = "done", message: str = "", sent: Sent = run.facts.sent, **parts: Any
    ) -> Page:
        shown = replace(run, facts=replace(run.facts, state=state, message=message, sent=sent), **parts)
        return Page(render_html(*shown.parts, redacted=redacted))

    return build


def test_page_begins_with_what_happened(render):
    page = render()
    assert page.text.startswith("Done: acme-nightly · Rosterflow")
    assert "1 person was given access, 2 updated, 1 suspended" in page.text
    assert len(page.all("h1")) == 1


def test_page_tells_each_person_what_why_and_from_where(render):
    text = render().text
    assert "Ada Byron ada.byron@acme.example No. 1042 acme_staff.xlsx, sheet Staff, row 42" in text
    assert "GoTo Webinar (G2W): granted rule “webinar hosts”" in text
    assert "Surname: Meyer → Meyer-Roth" in text
    assert "Admin role: none → Manage users (MANAGE_USERS) The rules of the pipeline changed rule “managers”" in text
    assert "otto.kern@acme.example No. 1009 Account: suspended, loses GoTo Meeting (G2M) and Super admin" in text


def test_people_stand_under_why_they_changed(render):
    assert [attrs["id"] for _, attrs in render().all("h3")] == [
        "h-joiners", "h-movers", "h-leavers", "h-others", "h-recognised", "h-groups",
    ]  # fmt: skip


def test_page_shows_what_was_held_withheld_and_is_leaving(render):
    text = render().text
    assert "E-mail: eve.quill(at)acme This is not an e-mail address. address_malformed Write the address" in text
    assert "Ines Roca ines.roca@acme.example No. 1050 acme_staff.xlsx, sheet Staff, row 50" in text
    assert "Grant product: GoTo Training (G2T) No free seat Buy seats or free some" in text
    assert "rosa.lind@acme.example No. 1070 hr 24 March 2026 7 April 2026" in text
    assert "Welcome 1" in text


def test_small_print_names_the_run_and_what_it_was_made_from(render, run):
    text = render().text
    for fact in (run.facts.run_id, run.plan.hash, "5e" * 32, "31 March 2026, 02:00 UTC+02:00", "sync, exit code 0"):
        assert fact in text


def test_failures_come_before_everything_else(render, run):
    (suspend,) = (change for change in run.plan.changes if change.action is Action.SUSPEND)
    failed = Outcome(suspend.change_id, OutcomeStatus.FAILED, "The target refused it.", "user.locked", "inc-5512")
    page = render(state="partial", outcomes={**run.outcomes, suspend.change_id: failed})
    sections = [attrs["id"] for _, attrs in page.all("section") if "id" in attrs]
    assert sections[0] == "failures"
    assert "Account: to be suspended, loses GoTo Meeting (G2M)" in page.text
    assert "The target refused it. · user.locked · inc-5512" in page.text


def test_blocked_plan_says_that_nothing_was_sent_and_what_to_do(render, run):
    broken = [LimitReading("suspend", "", 112, 240, 50, 0.05)]
    message = "The plan would suspend 112 of 240 accounts. Nothing was sent. Check that the export is complete."
    page = render(state="blocked", message=message, outcomes={}, limits=broken, sent=NOTHING)
    assert "Blocked, nothing sent" in page.text
    assert message in page.text
    assert "What to do next Mend the 2 held rows" in page.text
    assert "112, 47% of 240 managed accounts at most 50 and 5% Over the limit" in page.text
    assert "GoTo Webinar (G2W): to be granted" in page.text
    assert "GoTo Webinar (G2W): granted" not in page.text


def test_broken_limit_fills_its_bar_and_marks_where_the_limit_is(render):
    page = render(
        limits=[LimitReading("suspend", "", 24, 240, None, 0.05), LimitReading("delete", "", 1, 240, 0, None)]
    )
    bars = [(a.get("width"), a.get("x")) for _, a in page.all("rect") if a["class"] != "track"]
    assert bars == [("100%", None), ("2", "0.0%"), ("100%", None), ("2", "50.0%")]


def test_run_without_a_plan_has_a_page(render):
    page = render(
        state="failed", message="The file is empty.", plan=None, limits=[], outcomes={}, verdicts={}, sent=NOTHING
    )
    assert "The run could not go on, and nothing was changed." in page.text
    assert "The file is empty." in page.text


def test_nothing_to_do_has_a_page(render, run):
    page = render(state="nothing_to_do", plan=Plan(run.plan.header), outcomes={}, sent=NOTHING)
    assert "Nothing needed to be changed, and nothing was sent." in page.text
    assert not [attrs for _, attrs in page.all("section") if attrs.get("id") == "people"]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("redacted", [False, True])
def test_page_loads_nothing_from_anywhere(render, state, redacted):
    page = render(state=state, redacted=redacted)
    assert page.values("src") == []
    assert all(link.startswith(("#", "data:")) for link in page.values("href"))
    assert "url(" not in page.inline["style"]
    assert "@import" not in page.inline["style"]
    assert not page.values("style")  # an inline style would be refused by the content policy


def test_content_policy_allows_only_the_pages_own_style_and_script(render):
    page = render()
    (policy,) = (a["content"] for _, a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    for name in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(page.inline[name].encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")


def test_values_are_escaped(run):
    html = render_html(*run.parts)
    assert "Tom &lt;b&gt;Ash&lt;/b&gt;" in html
    assert "<b>Ash" not in html


@pytest.mark.parametrize("state", STATES)
def test_page_is_sound_for_those_who_do_not_see_it(render, state):
    page = render(state=state)
    levels = [int(tag[1]) for tag, _ in page.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert len(page.all("table")) == len(page.all("caption"))
    assert all(attrs.get("scope") in ("col", "row") for _, attrs in page.all("th"))
    assert page.all("html")[0][1]["lang"] == "en"
    assert len(page.all("main")) == len(page.all("header")) == 1
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in page.values("href") if link.startswith("#")} <= set(ids)
    assert set(page.values("aria-labelledby")) <= set(ids)


def test_colours_have_contrast_enough_for_wcag_aa():
    css = resources.files("tasks.report").joinpath("report.css").read_text(encoding="utf-8")
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#\w+);", block)) for block in re.findall(r":root \{([^}]+)\}", css)[:2]
    )
    for theme in (light, dark):
        for ink in ("ink", "muted", "link", "good", "warn", "bad"):
            for ground in ("page", "card"):
                assert contrast(theme[ink], theme[ground]) >= 4.5, (ink, ground)
        for tone in ("good", "warn", "bad", "calm"):
            assert contrast(theme[tone], theme[f"{tone}-bg"]) >= 4.5, tone
        assert contrast(theme["muted"], theme["calm-bg"]) >= 4.5


def contrast(one: str, other: str) -> float:
    """WCAG 2.2: relative luminance and contrast ratio."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_redacted_page_has_no_name_address_id_or_cell(run):
    html = render_html(*run.parts, redacted=True)
    hidden = (
        "Ada", "Byron", "Meyer", "Otto", "kern", "Haddad", "Roca", "rosa", "lind", "Quill", "Ash", "acme.example",
        "eve.quill(at)acme", "Slaes", "1042", "1009", "1080", "701050", "fr_FR", run.plan.hash, "5e" * 32,
    )  # fmt: skip
    assert [word for word in hidden if word in html] == []


def test_redacted_page_keeps_rows_codes_and_what_was_done(render):
    text = render(redacted=True).text
    assert "acme_staff.xlsx, sheet Staff, row 42" in text
    assert "E-mail: not shown This is not an e-mail address. address_malformed" in text
    assert "Surname: changed" in text
    assert "GoTo Webinar (G2W): granted" in text


def test_redacted_page_leaves_out_a_sentence_that_repeats_the_cell(render, make_verdict):
    found = {
        "source": "hr", "file": "a.csv", "row": 2, "column": "State", "code": "value_unknown", "severity": "critical",
        "value": "Gone fishing", "message": "Not a known value.", "remedy": "Map 'Gone fishing' to a status.",
    }  # fmt: skip
    text = render(redacted=True, verdicts={"hr": make_verdict([], [], [found])}).text
    assert "Not a known value." in text
    assert "fishing" not in text


def test_alias_of_a_person_is_one_within_a_page_and_another_in_the_next_plan(run):
    first = re.findall(r"worker [0-9a-f]{4}", render_html(*run.parts, redacted=True))
    later = replace(run, plan=replace(run.plan, header=replace(run.plan.header, generation=4)))
    second = re.findall(r"worker [0-9a-f]{4}", render_html(*later.parts, redacted=True))
    assert len(set(first)) == len(set(second))
    assert not set(first) & set(second)


def test_aliases_are_keyed_with_the_whole_plan(run):
    shown = set(re.findall(r"worker ([0-9a-f]{4,})", render_html(*run.parts, redacted=True)))
    named = [item.external_id for item in (*run.plan.changes, *run.plan.withheld, *run.plan.leaving)]
    numbers = {*filter(None, named), *run.verdicts["hr"].held["external_id"]}
    key = run.plan.to_bytes()
    digests = [hmac.new(key, f"hr\0{number}".encode(), hashlib.sha256).hexdigest() for number in numbers]
    assert {alias for alias in shown if any(digest.startswith(alias) for digest in digests)} == shown
    assert len(shown) == len(numbers)


def test_page_is_the_same_whatever_the_order_of_its_inputs(run):
    plan = replace(run.plan, changes=run.plan.changes[::-1], withheld=run.plan.withheld[::-1])
    assert render_html(run.facts, plan, run.limits[::-1], run.outcomes, run.verdicts) == render_html(*run.parts)


def test_large_plan_stays_a_page_that_opens(run, make_change):
    rules = ("everybody", "webinar hosts")
    changes = tuple(
        make_change(
            action, Cause.JOINER, f"{number} ada.byron{number}", rules=rules, after={"product": "G2W"}, row=number
        )
        for number in range(1000, 3500)
        for action in (Action.CREATE, Action.GRANT)
    )
    outcomes = {c.change_id: Outcome(c.change_id, OutcomeStatus.FAILED, "The target refused it.") for c in changes}
    plan = replace(run.plan, changes=changes)
    html = render_html(run.facts, plan, run.limits, outcomes, run.verdicts)
    assert len(html.encode()) < 5_000_000
    assert "500 more people are not on this page: see review.xlsx in the run's folder." in html
    assert "4,500 more are with their people below" in html


# Directory groups, webinars, people who have yet to move here, mails foreseen -----------------------------------------


@pytest.fixture
def further(run, make_change):
    """A plan with a directory group of the roster's, one of a rule's, and a delete that takes a webinar along."""
    who, lost = "1042 ada.byron", {"licences": [], "products": [], "roles": []}
    changes = (
        make_change(Action.CREATE_DIRECTORY_GROUP, Cause.JOINER, name="Friends of Ada",
                    before={"directory_group": None}, after={"directory_group": "Friends of Ada"}),
        make_change(Action.ADD_DIRECTORY_MEMBER, Cause.JOINER, who, tag="-roster", account_key=None,
                    before={"directory_group": None}, after={"directory_group": "Friends of Ada", "group_key": None}),
        make_change(Action.ADD_DIRECTORY_MEMBER, Cause.JOINER, who, tag="-rule", account_key=None, rules=("hosts",),
                    before={"directory_group": None}, after={"directory_group": "GoTo Hosts", "group_key": "6001"}),
        make_change(Action.REMOVE_DIRECTORY_MEMBER, Cause.LEAVER, "1009 otto.kern",
                    before={"directory_group": "Friends of Ada", "group_key": "6002"}, after={"directory_group": None}),
        make_change(Action.DELETE, Cause.LEAVER, "1009 otto.kern",
                    before={**lost, "webinars": ["Otto on stage (2026-05-04)"]},
                    after=lost),
    )  # fmt: skip
    withheld = (
        replace(run.plan.withheld[0], action=Action.DELETE, reason=WithheldReason.WEBINARS,
                detail="Sales, part 1 (2026-05-04); Sales, part 2 (2026-05-11)"),
        replace(run.plan.withheld[1], action=Action.REMOVE_DIRECTORY_MEMBER, reason=WithheldReason.BLANK,
                detail="Friends, old and new"),
    )  # fmt: skip
    header = replace(run.plan.header, mails={"welcome": {"en_US": 11, "fr_FR": 30}})
    return replace(run.plan, header=header, changes=changes, withheld=withheld)


def test_directory_groups_are_told_with_the_people_and_as_groups(render, further):
    text = render(state="pending", plan=further, outcomes={}).text
    assert "Directory group: to be put into Friends of Ada" in text
    assert "Directory group: to be put into GoTo Hosts rule “hosts”" in text
    assert "Directory group: to be taken out of Friends of Ada" in text
    assert "Friends of Ada Directory group Friends of Ada: to be created" in text
    assert "Take out of directory group: Friends, old and new A cell that the rules look at is blank" in text


def test_webinars_that_are_lost_and_those_that_keep_somebody_are_named(render, further):
    text = render(state="pending", plan=further, outcomes={}).text
    assert "Account: to be deleted, loses 1 scheduled webinar: Otto on stage (2026-05-04)" in text
    assert "Delete account: Sales, part 1 (2026-05-04); Sales, part 2 (2026-05-11) Scheduled webinars would" in text


def test_redacted_page_has_no_webinars_and_no_groups_of_the_roster_but_those_of_rules(render, further):
    text = render(state="pending", plan=further, outcomes={}, redacted=True).text
    assert [word for word in ("Friends", "Otto", "stage", "part 1") if word in text] == []
    assert "Directory group: to be put into (name not shown)" in text
    assert "Directory group: to be put into GoTo Hosts" in text
    assert "loses 1 scheduled webinar" in text


def test_page_foretells_mails_in_people_by_language_until_they_are_sent(render, further):
    told = "41 people will get a welcome mail (30 in French, 11 in English)."
    assert told in render(state="pending", plan=further, outcomes={}).text
    assert told not in render(state="done", plan=further).text


def test_people_who_have_yet_to_move_here_have_a_part_of_their_own(render, run):
    create = next(change for change in run.plan.changes if change.action is Action.CREATE)
    asked = {**run.outcomes, create.change_id: Outcome(create.change_id, OutcomeStatus.PENDING_TRANSFER)}
    page = render(plan=replace(run.plan, header=replace(run.plan.header, moving=2)), outcomes=asked)
    assert "moving" in [attrs.get("id") for _, attrs in page.all("section")]
    assert "failures" not in [attrs.get("id") for _, attrs in page.all("section")]
    told = page.text.partition(
        "3 people are asked to move here from another account; they have access once they accept. A"
    )
    assert "Asked by this plan: Ada Byron ada.byron@acme.example No. 1042" in told[2]
    assert "rule “everybody” mail: Move from another account Made; the person is asked to move" in page.text


def test_redacted_page_names_nobody_who_has_yet_to_move_here(run):
    create = next(change for change in run.plan.changes if change.action is Action.CREATE)
    asked = {**run.outcomes, create.change_id: Outcome(create.change_id, OutcomeStatus.PENDING_TRANSFER)}
    html = render_html(*replace(run, outcomes=asked).parts, redacted=True)
    assert "1 person is asked to move here" in html
    assert "Byron" not in html


def alike(run: Any, number: int) -> Any:
    """The run, with a plan that has no seat for so many."""
    first = run.plan.withheld[0]
    short = tuple(replace(first, external_id=f"20{n}", user_name=f"p{n}@acme.example") for n in range(number))
    return replace(run, plan=replace(run.plan, withheld=short))


def test_people_who_go_without_alike_share_a_row_that_names_them_all(run):
    page = render_html(*alike(run, 7).parts)
    part = page[page.index('<section id="withheld"') :].partition("</section>")[0]
    assert "No seat of GoTo Training (G2T) is left for 7 people." in part
    assert part.count("Buy seats or free some") == 1
    assert all(f"p{n}@acme.example" in part for n in range(7))
    few = render_html(*alike(run, 2).parts)
    assert few[few.index('<section id="withheld"') :].count("Buy seats or free some") == 2


def test_limits_are_folded_while_all_hold(run):
    page = render_html(*run.parts)
    assert "All 4 hold</summary>" in page
    broken = replace(run, limits=[*run.limits, replace(run.limits[0], name="create", count=90, base=100)])
    assert "hold</summary>" not in render_html(*broken.parts)


def test_a_long_headline_is_set_smaller(run):
    assert '<h1 class="long">' in render_html(*run.parts)
    short = replace(run, facts=replace(run.facts, state="failed"), outcomes={}, plan=None, verdicts={})
    assert "<h1>" in render_html(*short.parts)


def test_rows_left_out_are_told_beside_those_read(run):
    rosters = RosterFacts(skipped={"hr": {"repeated_headings": 3, "totals": 0}})
    assert "304, left out: 3 rows of headings" in Page(render_html(*run.parts, rosters)).text
    assert "left out" not in Page(render_html(*run.parts)).text


def test_times_name_the_time_zone_of_the_pipeline(run):
    assert "(Europe/Paris)" in render_html(*replace(run, facts=replace(run.facts, timezone="Europe/Paris")).parts)


def test_held_rows_are_said_to_be_in_the_workbooks_that_are_there(run):
    for names, said in ((("rejects-de.xlsx", "rejects-fr.xlsx"), "rejects-de.xlsx and rejects-fr.xlsx too"), ((), "")):
        page = Page(render_html(*run.parts[:5], RosterFacts(rejects=names))).text
        assert said in page
        assert ("They are in" in page) == bool(names)


def test_what_was_never_tried_is_not_said_to_be_done(render):
    page = render(state="failed", outcomes={})
    assert "The plan, person by person" in page.text
    assert "What was done" not in page.text


def test_a_redacted_page_leaves_addresses_out_of_names_of_files(run):
    file = "people_of_cio@acme.example.csv"
    header = replace(run.plan.header, sources=tuple(replace(one, file=file) for one in run.plan.header.sources))
    shown = replace(
        run, plan=replace(run.plan, header=header), facts=replace(run.facts, message=f"{file} was refused.")
    )
    redacted = render_html(*shown.parts, redacted=True)
    assert file in render_html(*shown.parts)
    assert "cio@acme.example" not in redacted
    assert "(address not shown)" in redacted
    assert "cio@acme.example" not in json.dumps(summarise(*shown.parts[:5]))


def test_a_blocked_plan_that_had_been_begun_does_not_say_in_short_that_nothing_was_sent(render):
    page = render(state="blocked", outcomes={}, sent=Sent(counted=0, recorded=0, earlier=3, earlier_plans=1))
    assert "nothing sent" not in page.text
    assert "Nothing was sent by this run." in page.text
