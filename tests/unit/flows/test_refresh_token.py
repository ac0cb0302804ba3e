"""A pipeline that signs in with a refresh token, at a service that replaces it each time."""

from typing import Any

import pytest


@pytest.fixture
def secret(tenant: Any, office: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The token that the pipeline names."""
    form = {"grant_type": "personal_access_token", "pat": "sandbox-pat"}
    answer = tenant.http.post(f"{tenant.url}/oauth/token", auth=("sandbox-client", "sandbox-secret"), data=form).json()
    given = {"client_id": "sandbox-client", "client_secret": "sandbox-secret", "refresh_token": answer["refresh_token"]}
    for name, value in given.items():
        monkeypatch.setenv(f"ACME_{name.upper()}", value)
    office.spec["targets"][0]["auth"] = {name: f"${{ACME_{name.upper()}}}" for name in given}
    office.save()
    before = tenant.control("GET", "switches")
    tenant.control("PUT", "switches", {"rotate_refresh_token": True})
    yield given["refresh_token"]
    tenant.control("PUT", "switches", before)


def test_the_second_run_gets_in_and_the_token_is_in_its_folder_alone(secret: str, office: Any, make_plan: Any) -> None:
    hashes = {make_plan().plan.hash for _ in range(2)}

    assert len(hashes) == 1
    [kept] = [path for path in (office.home / "tokens").iterdir() if path.suffix != ".lock"]
    token = kept.read_bytes()
    assert token != secret.encode()
    others = [path for path in office.home.rglob("*") if path.is_file() and path != kept]
    assert others
    assert not [path for path in others if token in path.read_bytes() or secret.encode() in path.read_bytes()]
