"""A variable that stands for a secret stands nowhere else: its value would get into plans, reports and logs."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tasks.model.errors import BadPipeline
from tasks.pipeline_file import LoadedPipeline, load_pipeline, schema
from tasks.pipeline_file.plain_yaml import write_path

MARKER = "s3cr3t-m4rk3r-9f2c"
FULL: dict[str, Any] = {
    "version": "1",
    "name": "acme",
    "timezone": "Europe/Paris",
    "sources": [
        {
            "name": "hr",
            "namespace": "staff",
            "path": "staff.csv",
            "format": "delimited",
            "header_row": "1",
            "header_rows": "1",
            "delimiter": ";",
            "quote": "'",
            "encoding": "cp1252",
            "skip": ["totals"],
            "snapshot": "full",
            "dates": "%d/%m/%Y",
            "blanks": "keep",
            "suite": "staff",
            "secret": ["Remarks"],
            "not_secret": ["Bonus programme"],
            "whole": {
                "rows": {"fewer": "20%", "more": "50%"}, "filled": "20%", "departments": "30%", "moved": "20%",
                "identity": "5%", "held": "20%", "columns": "stop",
            },
            "columns": {
                "external_id": "No",
                "user_name": {"from": ["First", "Last"], "join": ".", "template": "{value}@acme.example"},
                "status": {"from": "State", "map": {"Here": "active", "Gone": "inactive"}},
                "department": {
                    "from": "Team", "do": ["trim", {"replace": {"text": "a", "by": "b"}}, {"map": {"x": "y"}}],
                },
                "start_date": {"from": "From", "dates": "%Y-%m-%d"},
                "directory_groups": {"from": "Groups", "split": "|"},
                "badge": "Badge",
            },
        },
        {
            "name": "agency", "path": "agency.zip", "member": "a.xlsx", "sheet": "Staff", "password": "${ZIP_PASSWORD}",
            "snapshot": "delta", "profile": "bamboohr", "columns": {"title": "Role"},
        },
        {
            "name": "tree", "path": "a.json", "records": "people", "snapshot": "delta", "lacks": ["external_id"],
            "columns": {"user_name": "mail"},
        },
        {
            "name": "remote", "path": "sftp://hr:${SFTP_PASSWORD}@files.acme.example/out/a.csv", "snapshot": "delta",
            "columns": {"user_name": "mail"},
        },
        {
            "name": "base", "database": "postgresql://hr:${DB_PASSWORD}@db.acme.example/hr", "query": "SELECT mail",
            "snapshot": "delta", "columns": {"user_name": "mail"},
        },
    ],
    "precedence": {"department": ["hr"]},
    "correlate": ["link", "external_id", "user_name"],
    "adopt": "matched",
    "attributes": {"given_name": "always"},
    "rules": [
        {
            "name": "hosts", "when": {"department": ["Sales"]}, "enabled": "true", "expect": {"1": ["G2W"]},
            "grant": {
                "products": ["G2W"], "group": "Revenue", "roles": ["MANAGE_USERS"], "manages": ["Revenue"],
                "locale": "fr_FR", "welcome_template": "Hello", "settings_template": "77",
                "directory_groups": ["Hosts"],
            },
        },
    ],
    "exceptions": [{"who": "1", "keep": ["G2W"], "until": "2027-03-31", "reason": "Ticket 881"}],
    "lifecycle": {
        "leavers": "suspend", "grace": "7d", "delete": "never", "webinars": "hand_over", "orphans": "report",
    },
    "protect": ["user:boss@acme.example"],
    "limits": {"suspend": {"share": "5%", "count": "50"}},
    "freeze": ["2026-12-24..2027-01-02", {"first": "2027-05-01", "last": "2027-05-01"}],
    "targets": [
        {
            "name": "goto", "kind": "goto", "account_key": "3001", "managed": "rule_given", "notify_users": "true",
            "directory": "feed", "directory_patch": "unknown", "requests_per_second": "9",
            "urls": {"api": "https://api.acme.example", "token": "https://api.acme.example/token"},
            "auth": {"client_id": "${CLIENT_ID}", "client_secret": "${CLIENT_SECRET}", "pat": "${PAT}"},
        },
    ],
    "notify": [{"when": ["blocked"], "to": "${OPS_WEBHOOK}"}],
}  # fmt: skip
"""A file in which every key of the schema stands."""
PARTS = (
    "Source", "Whole", "RowBounds", "Column", "Rule", "Entitlements", "KeepException", "Lifecycle", "Limit", "Period",
    "GotoTarget", "Auth", "Urls", "Notice",
)  # fmt: skip
FOR_SECRETS = {
    "sources[1].password", "sources[3].path", "sources[4].database", "notify[0].to",
    *(f"targets[0].auth.{name}" for name in ("client_id", "client_secret", "pat")),
}  # fmt: skip
SECRETS = {
    "PAT": MARKER, "CLIENT_ID": "the-client", "CLIENT_SECRET": "other-secret", "ZIP_PASSWORD": "zip-password",
    "SFTP_PASSWORD": "sftp-password", "DB_PASSWORD": "base-password",
    "OPS_WEBHOOK": "https://hooks.acme.example/T0/B0/hook-token",
}  # fmt: skip

Spot = tuple[str | int, ...]
Load = Callable[..., LoadedPipeline]


def leaves(value: Any, path: Spot = ()) -> Iterator[Spot]:
    if isinstance(value, dict | list):
        for step, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(child, (*path, step))
    else:
        yield path


def put(spec: Any, path: Spot, text: str) -> dict[str, Any]:
    """Return *spec* with *text* at one leaf."""
    made = deepcopy(spec)
    place = made
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = text
    return made


OPEN = [path for path in leaves(FULL) if write_path(path) not in FOR_SECRETS]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(spec: Any, **environ: str) -> LoadedPipeline:
        path = tmp_path / "acme.yaml"
        path.write_text(json.dumps(spec, indent=1), encoding="utf-8")
        return load_pipeline(path, SECRETS | environ)

    return load


@pytest.fixture
def refused(load: Load) -> Callable[..., dict[str, str]]:
    """Return what is said of a file, by key; no message has the value of a secret."""

    def refused(spec: Any, **environ: str) -> dict[str, str]:
        with pytest.raises(BadPipeline) as caught:
            load(spec, **environ)
        told = str(caught.value) + repr(caught.value.facts)
        assert not [value for value in (MARKER, *SECRETS.values(), *environ.values()) if value in told]
        assert all(item["line"] > 1 for item in caught.value.facts["problems"])
        return {item["key"]: item["message"] for item in caught.value.facts["problems"]}

    return refused


def told(load: Load, spec: Any, **environ: str) -> str:
    """Return what is said of a file, nothing if it is right."""
    try:
        load(spec, **environ)
    except BadPipeline as error:
        return str(error) + repr(error.facts)
    return ""


def test_the_full_file_has_every_key_of_the_schema_and_is_right(load: Load) -> None:
    whole = schema()
    spec = {name for part in PARTS for name in whole["$defs"][part]["properties"]}
    written = {step for path in leaves(FULL) for step in path if isinstance(step, str)}
    assert {*spec, *whole["properties"]} - written == {"refresh_token"}  # pat stands in its place
    assert load(FULL).pipeline.name == "acme"


def test_a_secrets_variable_is_refused_at_every_place_where_no_secret_may_stand(refused) -> None:
    spec = FULL
    for path in OPEN:
        spec = put(spec, path, "${PAT}")
    said = refused(spec)
    assert set(said) == {write_path(path) for path in OPEN}
    line = said["name"].partition("used as a secret on line ")[2].partition(",")[0]
    assert json.dumps(spec, indent=1).splitlines()[int(line) - 1].strip() == '"pat": "${PAT}"'


def test_the_same_value_under_another_name_is_refused_at_every_such_place(refused) -> None:
    spec = FULL
    for path in OPEN:
        spec = put(spec, path, "team ${TEAM} of ${PLACE}")
    said = refused(spec, TEAM=f"Bearer {MARKER}", PLACE="Paris")
    assert set(said) == {write_path(path) for path in OPEN}
    assert said["rules[0].grant.group"].startswith("the variable TEAM has the value of PAT, which is used as a secret")


def test_a_secret_in_clear_is_refused_at_every_such_place(refused) -> None:
    spec = FULL
    for path in OPEN:
        spec = put(spec, path, f"x {MARKER} y")
    assert set(refused(spec)) == {write_path(path) for path in OPEN}


def test_a_block_is_refused_at_every_place_where_no_secret_may_stand(refused) -> None:
    spec = FULL
    for path in OPEN:
        spec = put(spec, path, "${block:goto-pat}")
    assert {write_path(path) for path in OPEN} <= set(refused(spec))


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_every_secret_counts_wherever_it_is_used(refused, name) -> None:
    said = refused(put(FULL, ("rules", 0, "grant", "group"), f"team ${{{name}}}"))
    assert said["rules[0].grant.group"].startswith(f"the variable {name} is used as a secret on line ")


@pytest.mark.parametrize(
    ("place", "is_refused"),
    [
        ("https://hr:${PAT}@files.acme.example/a.csv", False),
        ("https://${PAT}@files.acme.example/a.csv", False),
        ("https://files.acme.example/a.csv?sig=${PAT}", False),
        ("https://${PAT}.acme.example/a.csv", True),
        ("https://hr:${SFTP_PASSWORD}@files.acme.example/${PAT}.csv", True),
        ("https://hr:${SFTP_PASSWORD}@files.acme.example/${block:goto-pat}/a.csv", True),
        ("https://hr:${block:goto-pat}@files.acme.example/a.csv", False),
        ("out/${PAT}.csv", True),
    ],
)
def test_in_a_url_a_secret_is_a_password_or_in_the_query(load, refused, place, is_refused) -> None:
    spec = put(FULL, ("sources", 3, "path"), place)
    if is_refused:
        assert set(refused(spec)) == {"sources[3].path"}
    else:
        source = load(spec).pipeline.sources[3]
        assert MARKER not in repr(source) + source.place


def test_the_password_of_a_url_that_a_variable_holds_is_a_secret_too(refused, load) -> None:
    url = "sftp://hr:geheim-4711-geheim@files.acme.example/a.csv"
    spec = put(FULL, ("sources", 3, "path"), "${EXPORT}")
    assert load(spec, EXPORT=url).pipeline.sources[3].path == "${EXPORT}"
    group = ("rules", 0, "grant", "group")
    assert set(refused(put(spec, group, "${EXPORT}"), EXPORT=url)) == {"rules[0].grant.group"}
    assert set(refused(put(spec, group, "${WORD}"), EXPORT=url, WORD="geheim-4711-geheim")) == {"rules[0].grant.group"}


@pytest.mark.parametrize(
    "place",
    [
        "http://hr:${PAT}@files.acme.example/a.csv",
        "HTTP://${PAT}@files.acme.example/a.csv",
        "http://files.acme.example/a.csv?sig=${PAT}",
        "http://files.acme.example/a.csv?v=1&X-Amz-Signature=${block:goto-pat}",
        "http://files.acme.example/a.csv?at=${block:goto-pat}",
        "${EXPORT}",
    ],
)
def test_a_secret_of_a_list_goes_to_https_or_to_this_machine(refused, load, place) -> None:
    spot, url = ("sources", 3, "path"), "http://files.acme.example/a.csv?token=geheim-4711"
    assert refused(put(FULL, spot, place), EXPORT=url) == {
        "sources[3].path": "sends a secret to another machine over plain http; write https://"
    }
    for host in ("127.0.0.1:8080", "localhost", "[::1]:80"):
        here = place.replace("files.acme.example", host)
        assert load(put(FULL, spot, here), EXPORT=url.replace("files.acme.example", host))
    safe = place.replace("http", "https").replace("HTTP", "https")
    assert load(put(FULL, spot, safe), EXPORT=url.replace("http", "https"))


@pytest.mark.parametrize("password", ["aB3/xyz9+Qw==", "p#ss-word-1", "what?ever12", "p@ss-word-1", "a@b/c#d?e:f%41 g"])
def test_the_signs_of_a_password_do_not_hide_where_it_goes(refused, load, password) -> None:
    spot = ("sources", 3, "path")
    assert refused(put(FULL, spot, "http://hr:${PAT}@files.acme.example/a.csv"), PAT=password) == {
        "sources[3].path": "sends a secret to another machine over plain http; write https://"
    }
    assert load(put(FULL, spot, "http://hr:${PAT}@127.0.0.1:8080/a.csv"), PAT=password)
    assert load(put(FULL, spot, "https://hr:${PAT}@files.acme.example/a.csv"), PAT=password)


def test_a_variable_that_is_the_host_or_the_beginning_of_a_url_is_judged_as_what_it_says(refused, load) -> None:
    spot = ("sources", 3, "path")
    for place in ("${AT}/a.csv?token=${PAT}", "${AT}?token=${PAT}", "http://${AT}/a.csv?token=${PAT}"):
        begin = "" if place.startswith("http") else "http://"
        assert load(put(FULL, spot, place), AT=f"{begin}127.0.0.1:8080")
        assert refused(put(FULL, spot, place), AT=f"{begin}files.acme.example:8080") == {
            "sources[3].path": "sends a secret to another machine over plain http; write https://"
        }


@pytest.mark.parametrize(
    "place", ["//files.acme.example/a.csv?token=${EXTRA}", "http:/acme.example/a.csv?v=1&of=${EXTRA}"]
)
def test_a_url_whose_scheme_was_forgotten_is_no_path_with_a_secret(refused, place) -> None:
    said = refused(put(FULL, ("sources", 3, "path"), place), EXTRA="geheim-4711-geheim")
    assert "is no URL: write it with its scheme" in said["sources[3].path"]
    assert "geheim" not in str(said)


@pytest.mark.parametrize("place", ["https://a.example/a.csv;token=${EXTRA}", "https://a.example/a.csv#sig=${EXTRA}"])
def test_a_parameter_in_the_path_or_the_fragment_of_a_url_holds_no_secret(refused, load, place) -> None:
    said = refused(put(FULL, ("sources", 3, "path"), place), EXTRA="geheim-4711-geheim")
    assert "a parameter in the path or the fragment of a URL is no place for a secret" in said["sources[3].path"]
    assert "geheim" not in str(said)
    assert load(put(FULL, ("sources", 3, "path"), "https://a.example/a.csv;v=${EXTRA}"), EXTRA="3")


def test_a_list_without_a_secret_may_come_over_plain_http(load) -> None:
    for place in ("http://files.acme.example/a.csv", "http://files.acme.example/a.csv?team=${TEAM}"):
        assert load(put(FULL, ("sources", 3, "path"), place), TEAM="Sales")


def test_a_web_hook_is_at_https_or_on_this_machine(refused, load) -> None:
    assert refused(FULL, OPS_WEBHOOK="http://hooks.acme.example/hook-token") == {
        "notify[0].to": "sends a secret to another machine over plain http; write https://"
    }
    assert load(FULL, OPS_WEBHOOK="http://127.0.0.1:8080/hook-token")


def test_a_user_who_logs_in_by_key_is_no_secret(load) -> None:
    spec = put(FULL, ("sources", 3, "path"), "sftp://${U}@acme-hr-export.files.example/home/${SAME}/a.csv")
    spec = put(spec, ("rules", 0, "grant", "group"), "acme-hr-export ${U}")
    assert load(spec, U="acme-hr-export", SAME="acme-hr-export")
    whole = put(FULL, ("sources", 3, "path"), "${URL}")
    url = "sftp://acme-hr-export@files.example/a.csv"
    assert load(put(whole, ("rules", 0, "grant", "group"), "acme-hr-export"), URL=url)


@pytest.mark.parametrize(
    ("parameter", "is_telling"),
    [
        *((name, False) for name in ("designation", "authority", "sitecode", "site_code", "compass", "monkey", "team")),
        *(
            (name, True)
            for name in ("sig", "X-Amz-Signature", "access_token", "authToken", "apikey", "api_key", "code")
        ),
        *((name, True) for name in ("sslpassword", "PWD", "client_secret", "AWSAccessKeyId", "odbc_connect", "auth")),
    ],
)
def test_the_words_of_its_name_tell_whether_a_parameter_is_a_secret(load, refused, parameter, is_telling) -> None:
    spec = put(FULL, ("sources", 3, "path"), f"https://files.acme.example/a.csv?v=1&{parameter}=${{WORD}}")
    spec = put(spec, ("rules", 0, "when", "department", 0), "Marketing")
    if is_telling:
        assert set(refused(spec, WORD="Marketing")) == {"rules[0].when.department[0]"}
    else:
        assert load(spec, WORD="Marketing")


def test_a_clients_id_is_not_looked_for_in_other_texts(load, refused) -> None:
    spec = put(FULL, ("rules", 0, "name"), "rosterflow night")
    assert load(spec, CLIENT_ID="rosterflow")
    assert refused(put(FULL, ("rules", 0, "name"), "${CLIENT_ID}"))


@pytest.mark.parametrize("value", [f"{MARKER}\n", f" {MARKER}", f"{MARKER}\r\n"])
def test_a_secret_that_ends_in_a_line_break_is_known_by_what_it_is_without(refused, value) -> None:
    group = ("rules", 0, "grant", "group")
    assert set(refused(put(FULL, group, MARKER), PAT=value)) == {"rules[0].grant.group"}
    assert set(refused(put(FULL, group, "${TEAM}"), PAT=value, TEAM=MARKER)) == {"rules[0].grant.group"}


def test_a_token_is_known_by_its_shape_with_a_line_break_too(refused) -> None:
    group = ("rules", 0, "grant", "group")
    assert refused(put(FULL, group, "${TEAM}"), TEAM="ghp_" + "a1B2" * 10 + "\n")


def test_a_target_takes_no_credentials_in_its_urls(refused) -> None:
    said = refused(put(FULL, ("targets", 0, "urls", "api"), "https://${WHO}@api.acme.example"), WHO="admin:hunter2")
    assert said == {"targets[0].urls.api": "takes no user and no password: credentials of a target stand under auth"}


def test_other_variables_stand_anywhere_beside_secrets(load) -> None:
    """A folder in two places, a user beside a password, a team in a query, a short word that is a password as well."""
    spec = put(FULL, ("sources", 0, "path"), "${DIR}/${STAGE}.csv")
    spec = put(spec, ("sources", 4, "database"), "sqlite:///${DIR}/${STAGE}.db?mode=${MODE}")
    spec = put(spec, ("sources", 3, "path"), "sftp://${STAGE}:${SFTP_PASSWORD}@${HOST}/a.csv?team=${DEPARTMENT}")
    spec = put(spec, ("rules", 0, "when", "department", 0), "Marketing ${STAGE}")
    spec = put(spec, ("rules", 0, "grant", "group"), "Webinars")
    named = {"DIR": "/drop", "STAGE": "test", "MODE": "ro", "HOST": "files.acme.example", "DEPARTMENT": "Webinars"}
    pipeline = load(spec, **named, SFTP_PASSWORD="test").pipeline
    assert pipeline.sources[0].path == "/drop/test.csv"
    assert pipeline.rules[0].when["department"] == ("Marketing test",)


def test_a_variable_that_holds_a_token_by_its_shape_is_refused_though_the_file_uses_it_nowhere_else(refused) -> None:
    token = "ghp_" + "a1B2" * 10
    said = refused(put(FULL, ("rules", 0, "grant", "group"), "${TEAM}"), TEAM=token)
    assert said["rules[0].grant.group"].startswith("the variable TEAM holds what looks like a key or a token")


@pytest.mark.parametrize(
    "path",
    [("sources", 1, "profile"), ("rules", 0, "expect", "1", 0), ("sources", 0, "columns", "department", "do", 0)],
)
def test_messages_quote_the_reference_and_not_the_value_of_a_variable(refused, path) -> None:
    refused(put(FULL, path, "${WORD}"), WORD="any-text-at-all")


@pytest.mark.prove
@pytest.mark.parametrize("path", OPEN, ids=write_path)
def test_each_place_by_itself(load, refused, path) -> None:
    for text in ("${PAT}", "a ${PAT} b", "${TEAM}", "x${TEAM}y", MARKER, "${block:goto-pat}"):
        assert write_path(path) in refused(put(FULL, path, text), TEAM=MARKER)
    assert "any text" not in told(load, put(FULL, path, "${WORD}"), WORD="any text at all")
