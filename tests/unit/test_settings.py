"""Where things are kept, and how a secret is found."""

from pathlib import Path

import pytest

from tasks.model.errors import BadPipeline
from tasks.settings import Settings, resolve_secret


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch):
    for name in ("ROSTERFLOW_HOME", "ROSTERFLOW_JOURNAL_URL"):
        monkeypatch.delenv(name, raising=False)


def test_everything_is_below_home():
    settings = Settings()
    assert (settings.home, settings.journal_place.usual) == (Path("data"), Path("data/journal.db"))
    assert (settings.runs, settings.cache) == (Path("data/runs"), Path("data/cache"))
    assert settings.tokens == Path("data/tokens")
    assert settings.sandbox_store == Path("data/sandbox.db")


def test_environment_moves_home_and_an_empty_variable_does_not(monkeypatch):
    monkeypatch.setenv("ROSTERFLOW_HOME", "/srv/rosterflow")
    assert Settings().journal_place.usual == Path("/srv/rosterflow/journal.db")
    monkeypatch.setenv("ROSTERFLOW_HOME", "")
    assert Settings().home == Path("data")


def test_journal_url_may_hold_a_password_and_is_not_shown(monkeypatch):
    monkeypatch.setenv("ROSTERFLOW_JOURNAL_URL", "postgresql://rosterflow:hush@db.acme.example/journal")
    assert Settings().journal_url == "postgresql://rosterflow:hush@db.acme.example/journal"
    assert "hush" not in repr(Settings().journal_place)
    assert "hush" not in repr(Settings())


def test_secret_comes_from_the_environment_and_does_not_show(monkeypatch):
    monkeypatch.setenv("ACME_PAT", "hush")
    secret = resolve_secret("${ACME_PAT}")
    assert secret.get_secret_value() == "hush"
    assert "hush" not in repr(secret)


@pytest.mark.parametrize("value", [None, ""])
def test_missing_or_empty_variable_is_named(monkeypatch, value):
    monkeypatch.delenv("ACME_PAT", raising=False)
    if value is not None:
        monkeypatch.setenv("ACME_PAT", value)
    with pytest.raises(BadPipeline, match=r"no value for ACME_PAT.*Set ACME_PAT"):
        resolve_secret("${ACME_PAT}")


@pytest.mark.parametrize("text", ["hush", "$ACME_PAT", "${ACME_PAT}x", "${}", "${a b}"])
def test_what_is_not_a_reference_is_refused_and_not_shown(text):
    with pytest.raises(BadPipeline) as caught:
        resolve_secret(text)
    assert text not in str(caught.value).replace("${NAME}", "").replace("${block:NAME}", "")


@pytest.fixture
def blocks(monkeypatch):
    """Prefect's Secret blocks, without its server: name to value."""
    from prefect.blocks.system import Secret

    kept = {}

    def load(name, _sync=None):
        if name not in kept:
            raise ValueError(f"Unable to find block document named {name}")
        return Secret(value=kept[name])

    monkeypatch.setattr(Secret, "load", load)
    return kept


def test_secret_comes_from_a_prefect_block_as_text_even_if_all_digits(blocks):
    blocks["acme-pat"] = "0123"
    assert resolve_secret("${block:acme-pat}").get_secret_value() == "0123"


def test_missing_block_is_named(blocks):
    with pytest.raises(BadPipeline, match="no Secret block acme-pat"):
        resolve_secret("${block:acme-pat}")


@pytest.mark.parametrize("value", [{"a": "hush"}, "", 12])
def test_block_that_holds_no_text_is_refused(blocks, value):
    blocks["acme-pat"] = value
    with pytest.raises(BadPipeline, match="acme-pat holds no text"):
        resolve_secret("${block:acme-pat}")
