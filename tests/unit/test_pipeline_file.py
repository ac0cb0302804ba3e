"""The pipeline file: text stays text, every error is named with its line, secrets stay out of messages."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from tasks.model.errors import BadPipeline
from tasks.model.tables import ACCOUNTS, LINKS, RESERVED_NAMES, RESERVED_PREFIXES, WORKER_ATTRIBUTES, WORKERS
from tasks.pipeline_file import LoadedPipeline, load_pipeline, schema
from tasks.plan.people import correlate, gather, live_links

ROOT = Path(__file__).parents[2]
GOOD = """\
version: 1
name: nightly
timezone: Europe/Paris
sources:
  - name: hr
    path: staff.xlsx
    snapshot: full
    columns:
      external_id: Employee No
      user_name: {from: Account, template: "{value}@acme.example"}
      department: Department
      status: {from: State, map: {Active: active, NO: inactive}}
      home_office: Home office
    dates: "%d/%m/%Y"
rules:
  - name: hosts
    when: {department: [Marketing, Sales], home_office: NO}
    grant: {products: G2W, group: Revenue}
exceptions:
  - {who: 0123, keep: [G2W], until: 2027-03-31, reason: Ticket 881}
lifecycle: {grace: 7d}
limits:
  suspend: {share: 5%, count: 50}
freeze: [2026-12-24..2027-01-02, 2027-05-01]
targets:
  - name: goto
    kind: goto
    account_key: 3001
    auth: {client_id: "${GOTO_CLIENT_ID}", client_secret: "${block:goto-secret}", pat: "${GOTO_PAT}"}
"""

Load = Callable[..., LoadedPipeline]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(text: str | bytes, **environ: str) -> LoadedPipeline:
        path = tmp_path / "nightly.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_pipeline(path, environ)

    return load


@pytest.fixture
def problems_of(load: Load) -> Callable[..., list[str]]:
    """Return what is said of a file, as ``line key: message``."""

    def problems_of(text: str | bytes, **environ: str) -> list[str]:
        with pytest.raises(BadPipeline) as caught:
            load(text, **environ)
        found = caught.value.facts["problems"]
        for item in found:
            assert f"nightly.yaml:{item['line']}: " in str(caught.value)
        return [f"{item['line']} {item['key']}: {item['message']}" for item in found]

    return problems_of


def test_every_scalar_is_text_until_its_field_types_it(load: Load) -> None:
    pipeline = load(GOOD).pipeline
    assert pipeline.exceptions[0].who == "0123"
    assert pipeline.exceptions[0].until == date(2027, 3, 31)
    assert pipeline.sources[0].columns["status"].map == {"Active": "active", "NO": "inactive"}
    assert pipeline.rules[0].when == {"department": ("Marketing", "Sales"), "home_office": ("NO",)}
    assert pipeline.rules[0].grant.products == ("G2W",)
    assert pipeline.target.account_key == "3001"
    assert pipeline.lifecycle.grace == timedelta(days=7)
    assert (pipeline.limits["suspend"].share, pipeline.limits["suspend"].count) == (0.05, 50)
    assert [(period.first, period.last) for period in pipeline.freeze] == [
        (date(2026, 12, 24), date(2027, 1, 2)),
        (date(2027, 5, 1), date(2027, 5, 1)),
    ]


def test_secret_fields_keep_their_reference(load: Load) -> None:
    auth = load(GOOD, GOTO_CLIENT_ID="hunter2", GOTO_PAT="hunter3").pipeline.target.auth
    assert auth is not None
    assert (auth.client_id, auth.client_secret, auth.pat) == (
        "${GOTO_CLIENT_ID}",
        "${block:goto-secret}",
        "${GOTO_PAT}",
    )


def test_only_the_path_of_a_url_can_be_a_pattern(load: Load, problems_of: Callable[..., list[str]]) -> None:
    url = "https://[2001:db8::1]:8443/staff.xlsx"
    assert load(GOOD.replace("path: staff.xlsx", f'path: "{url}"')).pipeline.sources[0].path == url
    (found,) = problems_of(GOOD.replace("path: staff.xlsx", "path: https://acme.example/hr_*.xlsx"))
    assert "is a pattern, and a web server cannot be asked for its files" in found


def test_variables_are_replaced_elsewhere(load: Load) -> None:
    text = GOOD.replace("path: staff.xlsx", "path: ${DROP}/${MONTH}.xlsx")
    assert load(text, DROP="/drop", MONTH="2026-09").pipeline.sources[0].path == "/drop/2026-09.xlsx"


def test_an_unset_variable_is_named_with_its_line(problems_of: Callable[..., list[str]]) -> None:
    found = problems_of(GOOD.replace("path: staff.xlsx", "path: ${DROP}/staff.xlsx"))
    assert found == ["6 sources[0].path: the environment variable DROP is not set"]


def test_a_block_is_for_secrets_alone(problems_of: Callable[..., list[str]]) -> None:
    found = problems_of(GOOD.replace("path: staff.xlsx", "path: ${block:drop}"))
    assert found[0].startswith("6 sources[0].path: is not a reference; write ${NAME}")


@pytest.mark.parametrize(
    "place",
    [
        "path: sftp://hr:hunter2@files.acme.example/staff.csv",
        "path: https://acme.example/report.csv?access_token=hunter2",
        "path: https://acme.example/a.csv?X-Amz-Signature=hunter2&v=1",
        "database: postgresql://hr:hunter2@db.acme.example/hr\n    query: SELECT 1",
        "database: postgresql://hr:p%40ss/hunter2:x@db.acme.example/hr\n    query: SELECT 1",
        "database: postgresql://hr:${PART}hunter2@db.acme.example/hr\n    query: SELECT 1",
        "database: mssql+pyodbc:///?odbc_connect=DRIVER%3DX%3BUID%3Dhr%3BPWD%3Dhunter2\n    query: SELECT 1",
        "database: mssql+pyodbc:///?odbc_connect=DRIVER=X;UID=hr;Password=hunter2\n    query: SELECT 1",
    ],
)
def test_a_password_in_a_place_is_refused_and_not_shown(load: Load, place: str) -> None:
    with pytest.raises(BadPipeline, match=r"holds a password in clear: write \$\{NAME\}") as caught:
        load(GOOD.replace("path: staff.xlsx", place), PART="x")
    assert "hunter" not in str(caught.value) + repr(caught.value.facts)


@pytest.mark.parametrize(
    ("place", "kept"),
    [
        ("sftp://hr:${PW}@${HOST}/staff.csv", "sftp://hr:${PW}@${HOST}/staff.csv"),
        ("sftp://hr:${block:hr-pw}@${HOST}/staff.csv", "sftp://hr:${block:hr-pw}@${HOST}/staff.csv"),
        ("https://${HOST}/report?sig=${PW}", "https://${HOST}/report?sig=${PW}"),
        ("${URL}", "${URL}"),
        ("https://${HOST}/staff.csv", "https://files.acme.example/staff.csv"),
    ],
)
def test_a_place_keeps_its_references_where_they_can_be_secret(load: Load, place: str, kept: str) -> None:
    environ = {"PW": "hunter2", "HOST": "files.acme.example", "URL": "sftp://hr:hunter2@files.acme.example/staff.csv"}
    source = load(GOOD.replace("path: staff.xlsx", f'path: "{place}"'), **environ).pipeline.sources[0]
    assert source.path == kept
    assert "hunter" not in repr(source) + source.place
    assert "block:" not in source.place


def test_the_mapping_keeps_its_hash_where_new_keys_are_not_used(load: Load) -> None:
    plain = load(GOOD).mapping_hash
    assert load(GOOD.replace("path: staff.xlsx", "path: other.xlsx")).mapping_hash == plain
    assert load(GOOD.replace("path: staff.xlsx", "path: staff.xlsx\n    skip: [totals]")).mapping_hash != plain


@pytest.mark.parametrize("secret", ["hunter2", "Bearer ${GOTO_PAT}"])
def test_a_literal_secret_is_refused_and_not_shown(load: Load, secret: str) -> None:
    with pytest.raises(BadPipeline, match=r"nightly.yaml:29: targets\[0\].auth.pat: must be a reference") as caught:
        load(GOOD.replace('"${GOTO_PAT}"', f'"{secret}"'), GOTO_PAT="hunter3")
    assert "hunter" not in str(caught.value)
    assert "hunter" not in repr(caught.value.facts)


def test_the_value_of_a_variable_is_not_shown(load: Load) -> None:
    with pytest.raises(BadPipeline) as caught:
        load(GOOD.replace("snapshot: full", "snapshot: ${KIND}"), KIND="hunter2")
    assert "snapshot: has a value that is not one of full, delta" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_the_message_says_what_happened_and_that_nothing_was_sent(load: Load, tmp_path: Path) -> None:
    with pytest.raises(BadPipeline) as caught:
        load(GOOD.replace("snapshot: full", "snapshot: fulll"))
    path = tmp_path / "nightly.yaml"
    assert str(caught.value) == (
        f"The pipeline file {path} has 1 error. Correct this and run the command again:\n"
        f"  {path}:7: sources[0].snapshot: 'fulll' is not valid; did you mean 'full'? Valid values: full, delta"
    )
    assert caught.value.exit_code == 2


def test_all_errors_are_named_at_once_in_the_order_of_lines(problems_of: Callable[..., list[str]]) -> None:
    text = GOOD
    for right, wrong in {
        "timezone: Europe/Paris": "timezone: Europe/Pariss",
        "snapshot: full": "snapsot: full",
        "external_id: Employee No": "exernal_id: Employee No",
        "{Active: active, NO: inactive}": "{Active: actif, NO: inactive}",
        '"%d/%m/%Y"': '"%d/%m"',
        "department: [Marketing, Sales]": "departement: [Marketing, Sales]",
        "products: G2W": "product: G2W",
        "until: 2027-03-31": "until: 20270331",
        "grace: 7d": "grace: 1w",
        "suspend: {share: 5%": "suspnd: {share: 5%",
        "2026-12-24..2027-01-02": "2026-12-24..2026-01-02",
        "kind: goto": "kind: gotoo",
    }.items():
        text = text.replace(right, wrong)
    found = problems_of(text)
    assert [item.split(";")[0] for item in found] == [
        "3 timezone: there is no such time zone",
        "5 sources[0].snapshot: is missing",
        "7 sources[0].snapsot: is no key that is known here",
        "9 sources[0].columns.exernal_id: is no standard attribute",
        "12 sources[0].columns.status.map.Active: a status means active or inactive",
        '14 sources[0].dates: write a format that says day, month and year, for example "%d/%m/%Y" or "%Y-%m-%d"',
        "17 rules[0].when.departement: is not mapped by any source",
        "18 rules[0].grant.product: is no key that is known here",
        "20 exceptions[0].until: write a day as YYYY-MM-DD, for example 2027-03-31",
        "21 lifecycle.grace: write a number of days, for example 14d",
        "23 limits.suspnd: is no key that is known here",
        "24 freeze[0]: the last day is before the first",
        "27 targets[0].kind: 'gotoo' is not valid",
    ]
    assert "did you mean 'Europe/Paris'?" in found[0]
    assert "valid values: full, delta" in found[1]
    assert "did you mean 'snapshot'? Valid keys: name, path, database" in found[2]
    assert "did you mean 'external_id'?" in found[3]
    assert "did you mean 'department'? Valid mapped attributes: department, exernal_id, home_office" in found[6]
    assert "did you mean 'suspend'? Valid keys: adopt, create" in found[10]


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("timezone: Europe/Paris", "timezone:", "3 timezone: is empty; give it a value or leave the key out"),
        ("rules:", "protect: none\nrules:", "15 protect: must be a list"),
        ("name: hosts", "name: [hosts]", "16 rules[0].name: must be text"),
        ("count: 50", "count: many", "23 limits.suspend.count: must be a whole number"),
        ("count: 50", "count: -1", "23 limits.suspend.count: must be greater than or equal to 0"),
        ("share: 5%", "share: 0.05", "23 limits.suspend.share: write a share as a percentage from 0% to 100%"),
        ("name: nightly", "name: Nightly run", "2 name: must be lower-case letters, digits, - and _"),
        ("version: 1", "version: 2", "1 version: '2' is not valid. Valid values: 1"),
        ("    snapshot: full\n", "", "5 sources[0].snapshot: is missing; valid values: full, delta"),
        ("account_key: 3001", "account_key: acme", "28 targets[0].account_key: must be digits"),
        ("    path: staff.xlsx\n", "", "5 sources[0]: has neither a path nor a database"),
        ("path: staff.xlsx", "path: staff.xlsx\n    format: excel", "7 sources[0].format: 'excel' is not valid"),
        ("path: staff.xlsx", "path: ftp://acme.example/staff.csv", "6 sources[0].path: begins with ftp://, which is"),
        ("path: staff.xlsx", 'path: "https://acme.example/*.csv"', "6 sources[0].path: is a pattern, and a web server"),
        ("path: staff.xlsx", 'path: staff.csv\n    quote: "<>"', "7 sources[0].quote: must be one character"),
        ("path: staff.xlsx", "path: staff.xlsx\n    records: Entry", "7 sources[0].records: is for JSON, XML and LDIF"),
        ("path: staff.xlsx", "path: a.ldif\n    header_row: 2", "7 sources[0].header_row: is for workbooks and text"),
        ("path: staff.xlsx", "path: a.csv\n    member: b.csv", "7 sources[0].member: is for zip files; .csv is a text"),
        ("path: staff.xlsx", "path: a.csv\n    password: hunter2", "7 sources[0].password: must be a reference"),
        ("path: staff.xlsx", 'path: a.csv\n    password: "${PW}"', "7 sources[0].password: is for workbooks and zip"),
        ("path: staff.xlsx", "path: a.csv\n    query: SELECT 1", "7 sources[0].query: is for databases"),
        (
            "path: staff.xlsx",
            "path: a.csv\n    header_rows: 11",
            "7 sources[0].header_rows: must be less than or equal",
        ),
        ("path: staff.xlsx", "path: a.csv\n    skip: [blank]", "7 sources[0].skip[0]: 'blank' is not valid"),
        ("path: staff.xlsx", 'database: "sqlite:///hr.db"', "5 sources[0]: needs a query"),
        (
            "path: staff.xlsx",
            "database: sqlite:///hr.db\n    query: SELECT 1\n    sheet: A",
            "8 sources[0].sheet: is for files, not for databases",
        ),
        ("path: staff.xlsx", "path: a.csv\n    database: sqlite://", "7 sources[0].database: stands beside a path"),
        ("path: staff.xlsx", "path: a.csv\n    sheet: A", "7 sources[0].sheet: is for workbooks"),
        ("path: staff.xlsx", "path: a.xlsx\n    encoding: cp1252", "7 sources[0].encoding: is for text files"),
        (
            "path: staff.xlsx",
            "path: a.csv\n    encoding: utf9",
            "7 sources[0].encoding: there is no such text encoding",
        ),
        (
            "path: staff.xlsx",
            "path: a.csv\n    encoding: unicode_escape",
            "7 sources[0].encoding: there is no such text encoding",
        ),
        (
            "path: staff.xlsx",
            "path: a.csv\n    delimiter: ';'\n    quote: ';'",
            "8 sources[0].quote: is the delimiter too",
        ),
        ("path: staff.xlsx", 'path: a.csv\n    delimiter: "\\n"', "7 sources[0].delimiter: is a line break"),
        (
            "path: staff.xlsx",
            "path: staff.xlsx\n    secret: [HOME OFFICE]",
            "14 sources[0].columns.home_office: is taken from 'Home office', which 'secret' of this source names",
        ),
        (
            "home_office: Home office",
            'seen: {from: Seen, dates: "%m/%d/%Y"}\n      start_date: Seen',
            "14 sources[0].columns.start_date: is taken from 'Seen', whose dates are written otherwise in column seen",
        ),
        ("path: staff.xlsx", "path: a.xlsx\n    suite: a b", "7 sources[0].suite: write the name of a suite"),
        ("      user_name: {", "      login: {", "8 sources[0].columns.user_name: is missing"),
        ('"{value}@acme.example"', '"@acme.example"', "10 sources[0].columns.user_name: a template needs {value}"),
        ("{from: State, map", "{map", "12 sources[0].columns.status.from: is missing"),
        ("home_office: Home office", "row: Row", "13 sources[0].columns.row: is a name that Rosterflow uses itself"),
        ("home_office: Home office", "Home office: x", "13 sources[0].columns.Home office: must be lower-case letters"),
        ("home_office: Home office", "famly_name: x", "13 sources[0].columns.famly_name: is no standard attribute"),
        ("home_office: Home office", "givenName: x", "13 sources[0].columns.givenName: is no standard attribute"),
        (
            "home_office: Home office",
            "pay: Gehalt",
            "13 sources[0].columns.pay: is taken from 'Gehalt', which seems to hold pay and is masked; if it does not,",
        ),
        (
            "path: staff.xlsx",
            "path: staff.xlsx\n    secret: [Home  office]",
            "14 sources[0].columns.home_office: is taken from 'Home office', which 'secret' of this source names",
        ),
        ("lifecycle: {grace: 7d}", "lifecycle: {delete: soon}", "21 lifecycle.delete: 'soon' is not valid"),
        (
            "  - name: hosts",
            "  - {name: hosts, grant: {}}\n  - name: hosts",
            "17 rules[1].name: rules[0] has this name",
        ),
        ("auth:", "# auth:", "26 targets[0]: auth is needed for a target that is not the sandbox"),
    ],
)
def test_an_error_names_line_key_and_what_is_right(
    problems_of: Callable[..., list[str]], right: str, wrong: str, said: str
) -> None:
    assert right in GOOD
    found = problems_of(GOOD.replace(right, wrong, 1))
    assert any(item.startswith(said) for item in found), found


def test_a_heading_that_only_sounds_secret_is_mapped_once_it_is_cleared(load: Load) -> None:
    text = GOOD.replace("home_office: Home office", "home_office: Token ring")
    cleared = text.replace("path: staff.xlsx", "path: staff.xlsx\n    not_secret: Token ring")
    assert load(cleared).pipeline.sources[0].not_secret == ("Token ring",)
    with pytest.raises(BadPipeline, match="passwords or keys"):
        load(text)


RULE = "grant: {products: G2W, group: Revenue}"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("grant: {products: G2W/}", "18 rules[0].grant.products: write a product as its code, or as code/edition"),
        ("grant: {products: [G2W/Pro, G2W/Standard]}", "18 rules[0].grant.products: names several editions of G2W"),
        ("grant: {manages: Sales}", "18 rules[0].grant: manages limits roles: give roles in the same rule"),
        ("grant: {roles: X, manages: []}", "18 rules[0].grant.manages: names no group, and a manager of no group"),
        ("grant: {roles: X, manages: }", "18 rules[0].grant.manages: names no group, and a manager of no group"),
        ("grant: {roles: SUPER_USER, manages: A}", "18 rules[0].grant.manages: cannot limit SUPER_USER"),
        ("grant: {roles: 'custom: '}", "18 rules[0].grant.roles: write the name of the tenant's own role behind"),
        ("grant: {group: ''}", "18 rules[0].grant.group: is empty; give it a value or leave the key out"),
        ("grant: {welcome_template: ' '}", "18 rules[0].grant.welcome_template: is empty"),
        ("grant: {locale: French}", "18 rules[0].grant.locale: write language and country, for example fr_FR"),
        ("grant: {directory_groups: Hosts}", "18 rules[0].grant.directory_groups: is for a target that is fed"),
        (
            "grant: {welcom_template: A}",
            "18 rules[0].grant.welcom_template: is no key that is known here; did you mean",
        ),
        (
            "grant: {products: G2W/Pro}\n    expect: {1042: G2W/Pr}",
            "19 rules[0].expect.1042: 'G2W/Pr' is no product that this rule gives; did you mean 'G2W/Pro'?",
        ),
        ("grant: {}\n    expect: {1042: G2W}", "19 rules[0].expect.1042: 'G2W' is no product that this rule gives"),
        (
            "grant: {}\n    expects: {1042: G2W}",
            "19 rules[0].expects: is no key that is known here; did you mean 'expect'",
        ),
    ],
)
def test_an_error_in_a_rule_names_line_key_and_what_is_right(
    problems_of: Callable[..., list[str]], wrong: str, said: str
) -> None:
    assert RULE in GOOD
    found = problems_of(GOOD.replace(RULE, wrong))
    assert any(item.startswith(said) for item in found), found


def test_a_rule_may_hold_all_that_it_knows(load: Load) -> None:
    everything = """grant:
      products: [G2W/Pro  Plus , G2M]
      roles: [MANAGE_USERS, custom:Auditor]
      manages: [Revenue]
      locale: fr_FR
      welcome_template: Bienvenue
      settings_template: 903
      directory_groups: Hosts
    expect: {1042: [G2M, g2w/x], ada@acme.example: []}"""
    text = (
        GOOD.replace(RULE, everything)
        .replace("g2w/x", "G2W/pro plus")
        .replace("kind: goto", "kind: goto\n    directory: feed")
    )
    rule = load(text).pipeline.rules[0]
    assert (rule.grant.manages, rule.grant.settings_template) == (("Revenue",), "903")
    assert rule.expect == {"1042": ("G2M", "G2W/pro plus"), "ada@acme.example": ()}
    assert Draft202012Validator(schema()).is_valid(as_editors_read(text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD, "17 rules[0].when.directory_groups: is not mapped by any source, and the tenant's own directory is not"),
        (
            GOOD.replace("kind: goto", "kind: goto\n    directory: rea"),
            "28 targets[0].directory: 'rea' is not valid; did",
        ),
    ],
)
def test_groups_are_tested_where_somebody_knows_them(
    load: Load, problems_of: Callable[..., list[str]], text: str, said: str
) -> None:
    def tested(text: str) -> str:
        return text.replace("home_office: NO}", "home_office: NO, directory_groups: Hosts}")

    assert any(item.startswith(said) for item in problems_of(tested(text)))
    for right in ("kind: goto\n    directory: read", "kind: goto\n    directory: feed"):
        assert load(tested(GOOD.replace("kind: goto", right))).pipeline.rules[0].when["directory_groups"] == ("Hosts",)
    mapped = tested(
        GOOD.replace("home_office: Home office", "home_office: Home office\n      directory_groups: Groups")
    )
    assert load(mapped).pipeline.target.directory == "none"


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (
            "Home office",
            "{from: Home office, split: ','}",
            "13 sources[0].columns.home_office.split: is for directory_gro",
        ),
        (
            "home_office: Home office",
            "directory_groups: {from: Groups, split: ',;/-.:'}",
            "13 sources[0].columns.directory_groups.split: must be at most 5 characters",
        ),
        ("keep: [G2W]", "keep: [G2W/Pro]", "20 exceptions[0].keep: write G2W alone: an exception keeps a product"),
    ],
)
def test_what_parts_values_and_what_is_kept_is_checked(
    problems_of: Callable[..., list[str]], right: str, wrong: str, said: str
) -> None:
    assert right in GOOD
    found = problems_of(GOOD.replace(right, wrong, 1))
    assert any(item.startswith(said) for item in found), found


DEPARTMENT = "department: Department\n"


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (
            "{from: D, do: [trimm]}",
            "do[0].trimm: is no key that is known here; did you mean 'trim'? Valid keys: trim, ca",
        ),
        (
            "{from: D, do: [{case: titel}]}",
            "do[0].case: 'titel' is not valid; did you mean 'title'? Valid values: lower",
        ),
        (
            "{from: D, do: [trim, {case: {too: title}}]}",
            "do[1].case.too: is no key that is known here; did you mean 'to'",
        ),
        ("{from: D, do: [case]}", "do[0]: case needs to be told more, for example {case: title}"),
        ("{from: D, do: [{split: {by: ','}}]}", "do[0].split.take: is missing"),
        ("{from: D, do: [{trim: {}, nfc: {}}]}", "do[0]: one transform is one entry of the list"),
        ("{from: D, do: [{template: x}]}", "do[0].template: a template needs {value}"),
        ("{from: [D, E], do: [{template: '{F}'}]}", ": a template knows {value} and the headings in from, and 'F' is"),
        ("{from: D, map: {a: b}, do: [trim]}", ": write map and template as entries of do"),
        ("{from: D, do: [{phone: UK}]}", "do[0].phone: write a country as two capital letters, for example FR, or GB"),
        ("{from: D, do: [{address: '@acme.example'}]}", "do[0].address: write a domain without @"),
        ("{from: D, do: [{pad: many}]}", "do[0].pad: must be a whole number"),
        ("{from: D, do: [{boolean: yes}]}", "do[0].boolean: write active or inactive (what a yes means)"),
        ("{from: D, do: [{lookup: {file: x.csv}}]}", "do[0].lookup: a file needs key and value"),
        ("{from: D, do: [{lookup: {}}]}", "do[0].lookup: give a table, or a file with key and value"),
        ("{from: D, dates: '%d.%m'}", "dates: write a format that says day, month and year"),
        ("{from: []}", "from: needs at least one entry"),
    ],
)
def test_an_error_in_a_transform_names_line_key_and_what_is_right(
    problems_of: Callable[..., list[str]], column: str, said: str
) -> None:
    found = problems_of(GOOD.replace(DEPARTMENT, f"department: {column}\n"))
    place = "11 sources[0].columns.department"
    assert any(item.startswith(place + ("" if said.startswith(":") else ".") + said) for item in found), found


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (
            "map: {Active: active, NO: inactive}",
            "do: [{map: {NO: left}}]",
            "12 sources[0].columns.status.do[0].map.NO: a st",
        ),
        (
            "map: {Active: active, NO: inactive}",
            "do: [{boolean: {yes: active, no: gone}}]",
            "12 sources[0].columns.status.do",
        ),
        (
            DEPARTMENT,
            "directory_groups: {from: [A, B]}\n",
            "11 sources[0].columns.directory_groups.from: takes one head",
        ),
        (
            DEPARTMENT,
            "directory_groups: {from: [A], do: [{template: '{A}'}]}\n",
            "11 sources[0].columns.directory_groups.do[0].template: 'A': the values",
        ),
    ],
)
def test_a_transform_must_fit_its_attribute(
    problems_of: Callable[..., list[str]], right: str, wrong: str, said: str
) -> None:
    assert right in GOOD
    assert any(item.startswith(said) for item in problems_of(GOOD.replace(right, wrong)))


def test_transforms_are_written_bare_short_or_whole(load: Load) -> None:
    column = (
        "{from: [D, E], join: '/', do: [trim, {case: lower}, {nfc: }, {pad: {to: 6}}, {map: {a: b}}, {default: x}]}"
    )
    text = GOOD.replace(DEPARTMENT, f"department: {column}\n")
    done = load(text).pipeline.sources[0].columns["department"].transforms
    assert [type(step).__name__ for step in done] == ["Trim", "Case", "Nfc", "Pad", "MapValues", "Default"]
    assert [error.message for error in Draft202012Validator(schema()).iter_errors(as_editors_read(text))] == []


LOOKUP = "department: {from: D, do: [{lookup: {file: teams.csv, key: Code, value: Team}}]}\n"


def test_a_table_beside_the_pipeline_is_part_of_it(load: Load, tmp_path: Path) -> None:
    table = tmp_path / "teams.csv"
    table.write_text("Code,Team\nS1,Sales\nS2, Support \n,\n", encoding="utf-8")
    before = load(GOOD.replace(DEPARTMENT, LOOKUP))
    (step,) = before.pipeline.sources[0].columns["department"].transforms
    assert step.model_dump()["table"] == {"S1": "Sales", "S2": "Support"}
    table.write_text("Code,Team\nS1,Marketing\n", encoding="utf-8")
    assert load(GOOD.replace(DEPARTMENT, LOOKUP)).mapping_hash != before.mapping_hash


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "file: there is no file"),
        (b"Code,Name\n", "value: 'Team' is no heading of the file. Valid headings: Code, Name"),
        (b"Code,Teams\n", "value: 'Team' is no heading of the file; did you mean 'Teams'?"),
        (b"Code,Team\nA,1\nA,2\n", "file: says two things of one key: row 3 and a row above it"),
        (b"Code,Team\n\xff,1\n", "file: cannot be read as text"),
        (b'Code,Team\n"A,1\n', "file: cannot be read as text"),
        (b"", "key: 'Code' is no heading of the file"),
        (b"Code,Team,Team\nA,1,2\n", "value: 'Team' is the heading of several columns of the file"),
        (b"Code,Team\nA,1\nB,Sales, EMEA\n", "file: row 3 has another length than the headings"),
        (b"Code,Team\nA,1\nB\n", "file: row 3 has another length than the headings"),
    ],
)
def test_a_table_that_cannot_be_used_is_named(
    problems_of: Callable[..., list[str]], tmp_path: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "teams.csv").write_bytes(content)
    (found,) = problems_of(GOOD.replace(DEPARTMENT, LOOKUP))
    assert found.startswith(f"11 sources[0].columns.department.do[0].lookup.{said}")


COLUMNS = GOOD[GOOD.index("    columns:\n") : GOOD.index("    dates:")]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (
            "columns: bambohr",
            "8 sources[0].columns: there is no profile 'bambohr'; did you mean 'bamboohr'? Valid prof",
        ),
        (
            "profile: Bamboo-HR\n    columns: {}",
            "8 sources[0].profile: there is no profile 'Bamboo-HR'; did you mean 'bam",
        ),
        ("profile: zoom\n    columns: okta", "9 sources[0].columns: profile says zoom already"),
        ("columns: entra_inbound", "8 sources[0].columns.user_name: is missing: accounts are addresses"),
        ("profile: zoom\n    columns: {badge: }", "9 sources[0].columns.badge: is empty, and the profile has no such"),
        ("profile: zoom\n    columns: {user_name: }", "9 sources[0].columns.user_name: is missing"),
        ("columns: {user_name: }", "8 sources[0].columns.user_name: is empty"),
        ("profile: zoom\n    columns: {departmen: X}", "9 sources[0].columns.departmen: is no standard attribute; did"),
    ],
)
def test_an_error_with_a_profile_names_line_key_and_what_is_right(
    problems_of: Callable[..., list[str]], columns: str, said: str
) -> None:
    text = GOOD.replace(COLUMNS, f"    {columns}\n").replace(", home_office: NO", "")
    found = problems_of(text)
    assert any(item.startswith(said) for item in found), found


@pytest.mark.parametrize(
    "columns",
    ["columns: bamboohr", "profile: bamboohr", "profile: bamboohr\n    columns: {department: Team, location: }"],
)
def test_a_profile_is_enough_and_what_rules_test_is_required_of_it(load: Load, columns: str) -> None:
    text = GOOD.replace(COLUMNS, f"    {columns}\n").replace(", home_office: NO", "")
    source = load(text).pipeline.sources[0]
    assert source.profile == "bamboohr"
    assert ("location" in source.columns) == ("location:" not in columns)
    assert "department" in source.found(["Employee #"])
    assert [error.message for error in Draft202012Validator(schema()).iter_errors(as_editors_read(text))] == []


def test_a_column_of_groups_says_what_parts_them(load: Load) -> None:
    text = GOOD.replace(
        "home_office: Home office", "home_office: H\n      directory_groups: {from: Groups, split: '|'}"
    )
    assert load(text).pipeline.sources[0].columns["directory_groups"].split == "|"


def test_a_name_of_ones_own_may_extend_a_standard_one(load: Load) -> None:
    pipeline = load(GOOD.replace("home_office", "department_code")).pipeline
    assert "department_code" in pipeline.sources[0].columns


def test_columns_of_the_plan_cannot_be_mapped_over(problems_of: Callable[..., list[str]]) -> None:
    plans_own = correlate(
        gather(WORKERS.empty(), date(2026, 3, 2)),
        ACCOUNTS.empty(),
        live_links(LINKS.empty(), ACCOUNTS.empty()),
        ("link", "external_id", "user_name"),
    ).columns.difference(list(WORKER_ATTRIBUTES))
    assert {"key", "match", "link_state", "current_roles", "claimed_from"} <= set(plans_own)
    for name in [*plans_own, *RESERVED_NAMES, *(f"{prefix}thing" for prefix in RESERVED_PREFIXES)]:
        found = problems_of(GOOD.replace("home_office", name))
        assert any(f"columns.{name}: is a name that Rosterflow uses itself; choose another" in item for item in found)


@pytest.mark.parametrize("name", sorted(RESERVED_NAMES))
def test_a_name_of_our_own_comes_with_one_that_can_be_used(
    load: Load, problems_of: Callable[..., list[str]], name: str
) -> None:
    (said,) = problems_of(GOOD.replace("home_office", name))
    proposed = said.partition("for example ")[2]
    assert proposed == {"address": "street_address"}.get(name, f"hr_{name}")
    assert proposed in load(GOOD.replace("home_office", proposed)).pipeline.sources[0].columns


@pytest.mark.parametrize("order", ["[]", "[user_name]", "[external_id, link]"])
def test_links_come_first_so_that_nobody_is_made_again(problems_of: Callable[..., list[str]], order: str) -> None:
    found = problems_of(GOOD.replace("rules:", f"correlate: {order}\nrules:", 1))
    assert [item for item in found if item.startswith("15 correlate: must begin with link")]
    read = as_editors_read(GOOD.replace("rules:", f"correlate: {order}\nrules:", 1))
    assert not Draft202012Validator(schema()).is_valid(read)


def test_headings_are_compared_without_their_layout(load: Load) -> None:
    pipeline = load(GOOD.replace("Home office", '" Pre\u0301nom\\n usuel "')).pipeline
    assert pipeline.sources[0].columns["home_office"].from_ == ("Pr\u00e9nom usuel",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x 1\n", "1 a: anchors (&name) are not allowed"),
        ("a: 1\nb: *x\n", "2 b: aliases (*name) are not allowed"),
        ("a: !!str 1\n", "1 a: tags (!name) are not allowed"),
        ("version: 1\nversion: 1\n", "2 version: this key stands here twice (first on line 1)"),
        ("version: 1\n---\nversion: 1\n", "2 : a second document begins here"),
        ("? [a]\n: 1\n", "1 : a key must be text"),
        ("a: [1,\nb: 2\n", "3 : this is not YAML: while parsing a flow sequence"),
        ("a:\n\tb: 1\n", "2 : this is not YAML"),
        ("a: \x07\n", "1 : a character that YAML does not allow (U+0007)"),
        ("[" * 30 + "]" * 30, "1 : this is nested more than 20 levels deep"),
        ("", "1 : the file is empty"),
        ("# nothing\n", "1 : the file is empty"),
        ("just text\n", "1 : a pipeline file is a mapping"),
        (b"version: 1\nname: caf\xe9\n", "2 : this is not UTF-8"),
    ],
)
def test_yaml_beyond_plain_text_is_refused(problems_of: Callable[..., list[str]], text: str | bytes, said: str) -> None:
    found = problems_of(text)
    assert any(item.startswith(said) for item in found), found


def test_aliases_cannot_blow_up(problems_of: Callable[..., list[str]]) -> None:
    text = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))
    assert any("aliases" in item for item in problems_of(text))


def test_a_byte_order_mark_is_tolerated(load: Load) -> None:
    assert load(b"\xef\xbb\xbf" + GOOD.encode()).pipeline.name == "nightly"


def test_a_huge_file_is_refused(load: Load) -> None:
    with pytest.raises(BadPipeline, match="larger than 1 MiB"):
        load("#" * (1 << 20) + "\n")


def test_a_missing_file_names_its_neighbours(load: Load, tmp_path: Path) -> None:
    load(GOOD)
    with pytest.raises(BadPipeline, match=r"Did you mean nightly.yaml\?"):
        load_pipeline(tmp_path / "nightli.yaml", {})
    with pytest.raises(BadPipeline, match=r"Pipeline files there: nightly.yaml\."):
        load_pipeline(tmp_path / "other", {})
    with pytest.raises(BadPipeline, match="There is no folder"):
        load_pipeline(tmp_path / "absent" / "x.yaml", {})
    with pytest.raises(BadPipeline, match="it is a folder"):
        load_pipeline(tmp_path, {})


def test_mapping_hash_follows_the_reading_of_sources_alone(load: Load) -> None:
    before = load(GOOD)
    for right, wrong in {
        "Department\n": "Dept\n",
        '"%d/%m/%Y"': '"%Y-%m-%d"',
        "snapshot: full": "snapshot: full\n    header_row: 3",
    }.items():
        after = load(GOOD.replace(right, wrong, 1))
        assert after.mapping_hash != before.mapping_hash
        assert after.rules_hash == before.rules_hash


def test_mapping_hash_follows_what_a_profile_and_its_transforms_say(load: Load) -> None:
    text = GOOD.replace(COLUMNS, "    profile: bamboohr\n").replace(", home_office: NO", "")
    before = load(text)
    for right, wrong in {
        "profile: bamboohr": "profile: bamboohr\n    columns: {title: {from: T, do: [trim]}}",
        "bamboohr": "hibob",
    }.items():
        assert load(text.replace(right, wrong)).mapping_hash != before.mapping_hash
    assert load(text.replace("    dates:", "    header_row: 1\n    dates:")).mapping_hash == before.mapping_hash


def test_rules_hash_follows_what_shapes_a_plan(load: Load) -> None:
    before = load(GOOD)
    for right, wrong in {
        "products: G2W": "products: G2M",
        "grace: 7d": "grace: 8d",
        "2027-03-31": "2027-04-01",
        "snapshot: full": "snapshot: delta",
        "Europe/Paris": "UTC",
        "rules:": "protect: ['role:SUPER_USER']\nrules:",
        "kind: goto": "kind: goto\n    managed: all",
        "goto\n    account": "goto\n    directory: read\n    account",
        "group: Revenue": "locale: fr_FR",
    }.items():
        after = load(GOOD.replace(right, wrong, 1))
        assert after.rules_hash != before.rules_hash, wrong
        assert after.mapping_hash == before.mapping_hash, wrong


def test_neither_hash_follows_secrets_limits_freezes_or_layout(load: Load) -> None:
    before = load(GOOD)
    for right, wrong in {
        "${GOTO_PAT}": "${OTHER_PAT}",
        "share: 5%": "share: 6%",
        "2027-05-01": "2027-05-02",
        "path: staff.xlsx": "path: 'other.xlsx'  # moved",
        "keep: [G2W]": "keep: G2W",
        "group: Revenue}": "group: Revenue}\n    expect: {1042: G2W}",
    }.items():
        after = load(GOOD.replace(right, wrong, 1))
        assert (after.rules_hash, after.mapping_hash) == (before.rules_hash, before.mapping_hash), wrong
        assert after.text_sha256 != before.text_sha256


def test_the_schema_is_the_one_in_the_docs() -> None:
    written = json.loads((ROOT / "docs" / "pipeline.schema.json").read_text(encoding="utf-8"))
    assert written == schema(), "run 'make schema'"


def as_editors_read(text: str) -> Any:
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text), default=str))


def test_the_schema_takes_what_the_program_takes() -> None:
    validator = Draft202012Validator(schema())
    Draft202012Validator.check_schema(schema())
    assert [error.message for error in validator.iter_errors(as_editors_read(GOOD))] == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("snapshot: full", "snapshot: all"),
        ("      user_name:", "      login:"),
        ("grant: {", "grant: {colour: red, "),
        ("home_office: Home", "link_state: Home"),
        ("home_office: Home", "address: Home"),
        (DEPARTMENT, "department: {from: D, do: [trimm]}\n"),
        (DEPARTMENT, "department: {from: D, do: [{case: titel}]}\n"),
        (DEPARTMENT, "department: {from: D, do: [{trim: {}, nfc: {}}]}\n"),
        ("    columns:\n", "    profile: bambohr\n    columns:\n"),
    ],
)
def test_the_schema_refuses_what_the_program_refuses(right: str, wrong: str) -> None:
    assert not Draft202012Validator(schema()).is_valid(as_editors_read(GOOD.replace(right, wrong, 1)))
