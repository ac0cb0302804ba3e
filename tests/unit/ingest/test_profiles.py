"""Profiles: a made sample of each form, of invented people, becomes the workers that it says."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.ingest import read_roster
from tasks.model.errors import RejectedSource
from tasks.model.profiles import matching_profiles, profile_names, read_profile
from tasks.model.rosters import Roster
from tasks.model.sources import Source
from tasks.pipeline_file.columns import wrong_name

Read = Callable[..., Roster]

ADA = {
    "external_id": "00142",
    "user_name": "ada@acme.example",
    "given_name": "Ada",
    "family_name": "Byron",
    "status": "active",
    "department": "Sales",
}
BEN = ADA | {
    "external_id": "00143",
    "user_name": "ben@acme.example",
    "given_name": "Ben",
    "family_name": "Öde",
    "status": "inactive",
}
NO_ID = {"external_id": None}
ADDRESS = {"user_name": {"from": "UserID", "template": "{value}@acme.example"}}

SAMPLES: dict[str, tuple[str, list[dict[str, str | None]], dict[str, Any]]] = {
    "workday": (
        (
            "Employee ID,Worker,Legal Name - First Name,Legal Name - Last Name,Email - Primary Work,Worker Status,"
            "Hire Date,Termination Date,Supervisory Organization,Business Title,Manager ID\n"
            "00142,Ada Byron,Ada,Byron,ada@acme.example,On Leave,2020-02-01,,Sales,Engineer,00143\n"
            "00143,Ben Öde,Ben,Öde,ben@acme.example,Terminated,2019-02-01,2026-01-31,Sales,Lead,\n"
        ),
        [
            ADA | {"manager_id": "00143", "title": "Engineer", "start_date": "2020-02-01", "display_name": "Ada Byron"},
            BEN | {"end_date": "2026-01-31", "manager_id": None},
        ],
        {},
    ),
    "bamboohr": (
        (
            "Employee #,Last Name,First Name,Work Email,Status,Department,Hire Date,Supervisor EID\n"
            "00142,Byron,Ada,ada@acme.example,Active,Sales,02/28/2020,00143\n"
            "00143,Öde,Ben,ben@acme.example,Inactive,Sales,12/01/2019,\n"
        ),
        [ADA | {"start_date": "2020-02-28", "manager_id": "00143"}, BEN | {"start_date": "2019-12-01"}],
        {"dates": "%m/%d/%Y"},
    ),
    "personio": (
        (
            "Personalnummer;Vorname;Nachname;E-Mail;Status;Abteilung;Letzter Arbeitstag\n"
            "00142;Ada;Byron;ada@acme.example;Abwesend;Sales;\n"
            "00143;Ben;Öde;ben@acme.example;Inaktiv;Sales;31.01.2026\n"
        ),
        [ADA, BEN | {"end_date": "2026-01-31"}],
        {"delimiter": ";", "dates": "%d.%m.%Y"},
    ),
    "successfactors": (
        (
            "STATUS,USERID,USERNAME,FIRSTNAME,LASTNAME,EMAIL,MANAGER,DEPARTMENT,HIREDATE,DEFAULT_LOCALE\n"
            "STATUS,USERID,Username,First Name,Last Name,Email,Supervisor,Department,Hire Date,Default Locale\n"
            "active,00142,abyron,Ada,Byron,ada@acme.example,00143,Sales,02/28/2020,en_US\n"
            "Inactive,00143,bode,Ben,Öde,ben@acme.example,NO_MANAGER,Sales,12/01/2019,en_US\n"
        ),
        [ADA | {"manager_id": "00143", "locale": "en_US", "sign_in": "abyron", "row": "3"}, BEN | {"manager_id": None}],
        {"dates": "%m/%d/%Y"},
    ),
    "hibob": (
        (
            "Display name,Employee ID,Email,First name,Last name,Department,Site,Status,Start date\n"
            "Ada B.,00142,ada@acme.example,Ada,Byron,Sales,Paris,Employed,28/02/2020\n"
            "Ben Ö.,00143,ben@acme.example,Ben,Öde,Sales,Paris,Terminated,01/12/2019\n"
        ),
        [ADA | {"display_name": "Ada B.", "location": "Paris", "start_date": "2020-02-28"}, BEN],
        {"dates": "%d/%m/%Y"},
    ),
    "adp": (
        (
            "Associate ID,Legal First Name,Legal Last Name,Work Contact: Work Email,Position Status,"
            "Home Department Description,Job Title Description,Hire Date,Termination Date\n"
            "00142,Ada,Byron,ada@acme.example,Leave,Sales,Engineer,02/28/2020,\n"
            "00143,Ben,Öde,ben@acme.example,Terminated,Sales,Lead,12/01/2019,01/31/2026\n"
        ),
        [ADA | {"title": "Engineer", "start_date": "2020-02-28"}, BEN | {"end_date": "2026-01-31"}],
        {"dates": "%m/%d/%Y"},
    ),
    "entra_inbound": (
        (
            "WorkerID,WorkerStatus,WorkerType,UserID,FirstName,LastName,FullName,ManagerID,HireDate,Department,CountryCode\n"
            "00142,Active,Employee,ada,Ada,Byron,Ada Byron,00143,2020-02-28,Sales,FR\n"
            "00143,Inactive,Contractor,ben,Ben,Öde,Ben Öde,,2019-12-01,Sales,FR\n"
        ),
        [
            ADA | {"employee_type": "Employee", "country": "FR", "manager_id": "00143"},
            BEN | {"start_date": "2019-12-01"},
        ],
        {"columns": ADDRESS},
    ),
    "okta": (
        (
            "login,firstName,lastName,email,department,title,status,employeeNumber\n"
            "ada@acme.example,Ada,Byron,ada@acme.example,Sales,Engineer,PASSWORD_EXPIRED,00142\n"
            "ben@acme.example,Ben,Öde,ben@acme.example,Sales,Lead,DEPROVISIONED,00143\n"
        ),
        [ADA | {"title": "Engineer"}, BEN],
        {"columns": {"external_id": "employeeNumber"}},
    ),
    "google_workspace": (
        (
            "First Name [Required],Last Name [Required],Email Address [Required],Password [Required],"
            "Org Unit Path [Required],Status [READ ONLY],Last Sign In [READ ONLY],Employee ID,Employee Title,"
            "Department\n"
            "Ada,Byron,ada@acme.example,,/Sales,Active,2026/02/01 09:00:00,,Engineer,Sales\n"
            "Ben,Öde,ben@acme.example,,/Sales,Suspended,Never logged in,,Lead,Sales\n"
        ),
        [ADA | NO_ID | {"org_unit": "/Sales", "title": "Engineer"}, BEN | NO_ID],
        {},
    ),
    "zoom": (
        (
            "Email,First Name,Last Name,Department,Manager,User Group,Job Title,Location,Status\n"
            "ada@acme.example,Ada,Byron,Sales,,Hosts,Engineer,Paris,Pending\n"
            "ben@acme.example,Ben,Öde,Sales,,,Lead,Paris,Inactive\n"
        ),
        [ADA | NO_ID | {"user_group": "Hosts", "location": "Paris"}, BEN | NO_ID | {"user_group": None}],
        {},
    ),
    "jumpcloud": (
        (
            "firstname,lastname,username,email,department,jobTitle,employeeIdentifier,state\n"
            "Ada,Byron,abyron,ada@acme.example,Sales,Engineer,00142,ACTIVATED\n"
            "Ben,Öde,bode,ben@acme.example,Sales,Lead,00143,SUSPENDED\n"
        ),
        [ADA | {"sign_in": "abyron", "title": "Engineer"}, BEN],
        {"columns": {"external_id": "employeeIdentifier"}},
    ),
    "adobe_user_sync": (
        (
            "firstname,lastname,email,country,groups,type,username,domain\n"
            'Ada,Byron,ada@acme.example,FR,"Hosts,Speakers",federatedID,ada,acme.example\n'
            "Ben,Öde,ben@acme.example,FR,,enterpriseID,,\n"
        ),
        [
            ADA | NO_ID | {"directory_groups": "Hosts\nSpeakers", "department": None, "employee_type": "federatedID"},
            BEN | NO_ID | {"status": "active", "department": None, "directory_groups": None},
        ],
        {},
    ),
    "goto_users": (
        (
            "Name,First name,Last name,Email,Status,Role,User group,Products\n"
            "Ada Byron,Ada,Byron,ada@acme.example,Invited,Member,Revenue,GoTo Webinar\n"
            "Ben Öde,Ben,Öde,ben@acme.example,Suspended,Member,,\n"
        ),
        [ADA | NO_ID | {"department": None, "user_group": "Revenue"}, BEN | NO_ID | {"department": None}],
        {},
    ),
    "goto_import": (
        "First name,Last name,Email,Locale\nAda,Byron,ada@acme.example,en_US\nBen,Öde,ben@acme.example,fr_FR\n",
        [
            ADA | NO_ID | {"department": None, "locale": "en_US"},
            BEN | NO_ID | {"department": None, "status": "active", "locale": "fr_FR"},
        ],
        {},
    ),
}


def source(name: str, **fields: Any) -> Source:
    whole = {"name": "hr", "path": "list.csv", "snapshot": "full"}
    return Source.model_validate(whole | ({"profile": name} if "columns" in fields else {"columns": name}) | fields)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read(text: str, name: str, **fields: Any) -> Roster:
        (tmp_path / "list.csv").write_text(text, encoding="utf-8")
        return read_roster(source(name, **fields), tmp_path)

    return read


def test_there_is_a_sample_of_every_profile() -> None:
    assert tuple(sorted(SAMPLES)) == profile_names()


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_sample_of_each_form_becomes_its_workers(read: Read, name: str) -> None:
    text, people, fields = SAMPLES[name]
    roster = read(text, name, **fields)
    assert roster.findings.empty
    assert roster.rows == len(people)
    for worker, wanted in zip(roster.workers.to_dict("records"), people, strict=True):
        for attribute, value in wanted.items():
            found = worker[attribute]
            assert (str(found) if found == found else None) == value, attribute


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_every_form_is_recognised_by_its_headings(name: str) -> None:
    first = next(iter(SAMPLES[name][0].splitlines()))
    headings = first.split(";" if ";" in first else ",")
    assert name in [found for found, _ in matching_profiles(headings)[:2]]


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_profile_names_columns_as_a_pipeline_may(name: str) -> None:
    profile = read_profile(name)
    assert [attribute for attribute in profile.columns if wrong_name(attribute)] == []
    assert {"given_name", "family_name"} <= {key for key, column in profile.columns.items() if column.required}
    assert profile.facts
    words = profile.columns["status"].map if "status" in profile.columns else {}
    assert set((words or {}).values()) <= {"active", "inactive"}


def test_headings_are_found_whatever_their_case_and_the_first_name_counts(read: Read) -> None:
    text = "EMAIL,email address,first name,LAST NAME,status\nada@acme.example,no@acme.example,Ada,Byron,active\n"
    roster = read(text, "goto_users")
    assert roster.workers.at[0, "user_name"] == "ada@acme.example"
    assert roster.mapped == ("user_name", "given_name", "family_name", "status")


def test_optional_columns_that_are_not_there_are_not_mapped(read: Read) -> None:
    roster = read("Email,First Name,Last Name,Status\nada@acme.example,Ada,Byron,Active\n", "zoom")
    assert roster.mapped == ("user_name", "given_name", "family_name", "status")


TELLING_WHO_LEFT = [name for name in sorted(SAMPLES) if "status" in read_profile(name).columns]


@pytest.mark.parametrize("name", TELLING_WHO_LEFT)
def test_a_list_that_lost_its_status_is_refused_on_the_first_run_too(read: Read, name: str) -> None:
    text, _, fields = SAMPLES[name]
    status = read_profile(name).columns["status"]
    [lost] = [heading for heading in re.split("[;,]", text.splitlines()[0]) if heading in (*status.from_, *status.also)]
    with pytest.raises(RejectedSource, match=f"has no column '{re.escape(status.heading)}'"):
        read(
            re.sub(rf"(?<=[;,]){re.escape(lost)}(?=[;,\n])|^{re.escape(lost)}(?=,)", "Other", text, count=1),
            name,
            **fields,
        )


@pytest.mark.parametrize("name", ["okta", "zoom", "jumpcloud"])
def test_who_has_a_list_without_status_says_so_and_everybody_is_active(read: Read, name: str) -> None:
    text, _, fields = SAMPLES[name]
    roster = read(text, name, **{"columns": {}, **fields} | {"columns": {**fields.get("columns", {}), "status": None}})
    assert roster.workers["status"].tolist() == ["active", "active"]


def test_required_columns_that_are_not_there_are_named_with_the_profile(read: Read) -> None:
    with pytest.raises(
        RejectedSource, match=r"has no column 'Work Email', 'Status' \(nor workEmail\), which the profile "
    ):
        read("Employee #,First Name,Last Name\n1,Ada,Byron\n", "bamboohr")


def test_what_a_rule_tests_is_required_even_of_a_profile() -> None:
    spec = source("zoom").needing({"department"})
    assert spec.found(["Email"])["department"].heading == "Department"
    assert "department" not in source("zoom").found(["Email"])


def test_columns_of_the_pipeline_take_the_place_of_the_profiles_and_a_blank_one_leaves_it_out() -> None:
    spec = source("bamboohr", columns={"department": "Team", "status": None, "badge": "Badge"})
    assert spec.columns["department"].from_ == ("Team",)
    assert spec.columns["badge"].from_ == ("Badge",)
    assert "status" not in spec.columns
    assert "title" in spec.columns


def test_the_source_says_how_days_are_written_before_the_profile() -> None:
    assert source("entra_inbound", columns=ADDRESS).dates == "%Y-%m-%d"
    assert source("entra_inbound", columns=ADDRESS, dates="%d.%m.%Y").dates == "%d.%m.%Y"


def test_the_row_of_labels_is_known_by_what_nobody_may_change(read: Read) -> None:
    text = "STATUS,USERID,FIRSTNAME,LASTNAME,EMAIL\nSTATUS,7,Ada,Byron,ada@acme.example\n"
    roster = read(text, "successfactors")
    assert roster.findings["code"].tolist() == ["value_not_mapped"]


def test_the_row_of_labels_is_no_blank_one(read: Read) -> None:
    text = "STATUS,USERID,FIRSTNAME,LASTNAME,EMAIL\nSTATUS,USERID,First,Last,Mail\n\nt,7,Ada,Byron,ada@acme.example\n"
    assert read(text, "successfactors").blank == 1


def test_headings_of_nobody_match_no_profile() -> None:
    assert matching_profiles(["a", "b"]) == []


def test_two_headings_that_a_profile_cannot_tell_apart_are_refused(read: Read) -> None:
    text = SAMPLES["bamboohr"][0].replace("Hire Date", "WORK EMAIL")
    with pytest.raises(RejectedSource, match=r"has the mapped column 'Work Email' 2 times \(columns D, G\)"):
        read(text, "bamboohr")
