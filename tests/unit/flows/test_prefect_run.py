"""A run's end is told by the journal, whatever becomes of Prefect meanwhile."""

import pytest

from flows.cli import prefect_run
from tasks.model.errors import RosterflowError


@pytest.fixture
def flow(monkeypatch):
    """Let the commands run a function in the place of a flow, without Prefect's server."""

    def put(function):
        monkeypatch.setattr(prefect_run, "_load", lambda name: lambda **_: function())
        for name in ("_keep_server_port", "_keep_server_apart", "end_leftovers"):
            monkeypatch.setattr(prefect_run, name, lambda *_: None)

    return put


def test_a_run_that_came_to_its_end_is_told_as_it_ended_though_prefect_was_lost(flow, sync, tenant, office, capsys):
    def lost_after_it():
        sync()
        raise ConnectionError("All connection attempts failed")

    flow(lost_after_it)
    summary, folder, message, code = prefect_run.flow_outcome("sync")

    assert (code, message, summary["run"]["state"]) == (0, "", "done")
    assert (folder / "report.html").exists()
    said = capsys.readouterr().err
    assert "Prefect could not be told how the run ended (ConnectionError" in said
    assert tenant.writes()


def test_a_run_that_did_not_begin_is_an_error_as_it_was(flow):
    def lost():
        raise ConnectionError("All connection attempts failed")

    flow(lost)
    with pytest.raises(ConnectionError):
        prefect_run.flow_outcome("sync")


def test_a_server_that_does_not_answer_is_told_with_the_way_out(flow):
    def unreachable():
        raise RuntimeError("Failed to reach API at http://127.0.0.1:1/api/")

    flow(unreachable)
    with pytest.raises(RosterflowError, match=r"Prefect's server does not answer.*PREFECT_API_URL"):
        prefect_run.flow_outcome("sync")
