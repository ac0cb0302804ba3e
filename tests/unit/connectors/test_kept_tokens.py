"""A refresh token that was replaced is there for the next run, for this user alone, and shows nowhere."""

import asyncio
import logging
import threading
from pathlib import Path

import pytest
from pydantic import SecretStr

from tasks.connectors.kept_tokens import KeptTokens
from tasks.model.errors import CredentialsRefused

CLIENT, FIRST = SecretStr("client-1"), SecretStr("hush-rt-1")
USER = {"key": "7001", "email": "ada@acme.example"}


@pytest.fixture
def kept(tmp_path):
    return KeptTokens(tmp_path / "home" / "tokens")


@pytest.fixture
def rotating(goto):
    """A token service that takes each refresh token once."""
    good = ["hush-rt-1"]
    lock = threading.Lock()

    def replace(request):
        with lock:
            if f"refresh_token={good[-1]}" not in request.body.decode():
                return 400, {"error": "invalid_grant"}
            good.append(f"hush-rt-{len(good) + 1}")
            return 200, {"access_token": "hush-at", "expires_in": 3600, "refresh_token": good[-1]}

    goto.on("POST", "^/oauth/token$", replace)
    goto.on("GET", "/users/7001", (200, USER))
    return goto


async def read_one(target):
    return await target.read_accounts(["7001"], [])


def test_the_next_run_goes_on_with_the_token_that_came_in_the_place_of_the_pipelines(rotating, kept):
    for _ in range(3):
        assert len(rotating.run(read_one, refresh_token="hush-rt-1", kept=kept)) == 1
    assert kept.slot(CLIENT, FIRST).read().get_secret_value() == "hush-rt-4"


def test_runs_that_ask_at_the_same_time_take_turns(rotating, kept):
    async def ask():
        async with rotating.open(refresh_token="hush-rt-1", kept=kept) as target:
            return await read_one(target)

    async def together():
        return await asyncio.gather(*(ask() for _ in range(5)))

    assert [len(found) for found in asyncio.run(together())] == [1] * 5
    assert len(rotating.token_calls) == 5


def test_a_token_that_nobody_replaces_is_not_written(goto, kept):
    goto.on("GET", "/users/7001", (200, USER))
    goto.run(read_one, refresh_token="hush-rt-1", kept=kept)
    assert kept.slot(CLIENT, FIRST).read() is None


def test_a_new_token_in_the_pipeline_is_asked_with_as_it_stands(kept):
    kept_for_another = kept.slot(CLIENT, FIRST)
    with_folder(kept_for_another)
    kept_for_another.write(SecretStr("hush-rt-2"))
    assert kept.slot(CLIENT, SecretStr("hush-rt-9")).read() is None
    assert kept.slot(SecretStr("client-2"), FIRST).read() is None


def with_folder(slot):
    slot.path.parent.mkdir(parents=True)


def test_only_the_owner_can_read_what_is_kept_and_its_name_tells_nothing(rotating, kept):
    rotating.run(read_one, refresh_token="hush-rt-1", kept=kept)
    assert kept.folder.stat().st_mode & 0o777 == 0o700
    files = sorted(kept.folder.iterdir())
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert not [file for file in files if "hush" in file.name or "client" in file.name]


def test_nothing_of_it_shows_in_logs_and_reprs(rotating, kept, caplog):
    caplog.set_level(logging.DEBUG)
    rotating.run(read_one, refresh_token="hush-rt-1", kept=kept)
    slot = kept.slot(CLIENT, FIRST)
    assert "hush" not in caplog.text + repr(slot) + repr(kept) + repr(slot.read())


def test_where_nothing_can_be_kept_the_token_is_not_used_up(rotating, kept):
    kept.folder.parent.mkdir()
    kept.folder.write_text("a file where the folder should be")
    with pytest.raises(CredentialsRefused, match="can be kept on this machine") as caught:
        rotating.run(read_one, refresh_token="hush-rt-1", kept=kept)
    assert rotating.token_calls == []
    assert str(kept.folder) in caught.value.remedy
    assert "hush" not in str(caught.value)


def test_a_replaced_token_that_cannot_be_written_stops_the_run(rotating, kept, monkeypatch):
    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(CredentialsRefused, match=r"No space left on device.*make a new refresh token") as caught:
        rotating.run(read_one, refresh_token="hush-rt-1", kept=kept)
    assert "hush" not in str(caught.value)
    assert rotating.calls("GET") == []


@pytest.mark.parametrize("left", [b"", b"\xff\xfe", b"hush\x00rt", b"  \n"])
def test_a_broken_file_of_a_kept_token_is_named_and_the_used_up_one_is_not_asked_with(rotating, kept, left):
    rotating.run(read_one, refresh_token="hush-rt-1", kept=kept)
    asked = len(rotating.token_calls)
    path = kept.slot(CLIENT, FIRST).path
    path.write_bytes(left)

    with pytest.raises(CredentialsRefused, match="that file is broken") as caught:
        rotating.run(read_one, refresh_token="hush-rt-1", kept=kept)

    assert str(path) in str(caught.value)
    assert len(rotating.token_calls) == asked


def test_a_line_break_after_a_kept_token_is_no_part_of_it(rotating, kept):
    rotating.run(read_one, refresh_token="hush-rt-1", kept=kept)
    path = kept.slot(CLIENT, FIRST).path
    path.write_bytes(path.read_bytes() + b"\n")
    assert len(rotating.run(read_one, refresh_token="hush-rt-1", kept=kept)) == 1
