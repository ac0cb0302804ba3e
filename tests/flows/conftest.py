"""Flow runs against one Prefect test harness, and how each of them ended."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.flow_runs import Ending, PrefectServer, ending_of
from tests.support.ports import port_for_a_server


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[PrefectServer]:
    """Run flows against a temporary Prefect server, which tells nobody of it."""
    import prefect.settings
    from prefect.testing import utilities

    with pytest.MonkeyPatch.context() as patch, port_for_a_server() as port:
        patch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
        # Prefect lets go of the port that it finds; a neighbour who took it would be taken for our server.
        patch.setattr(utilities, "_find_available_port", lambda: port)
        with utilities.prefect_test_harness(server_startup_timeout=120):
            database = str(prefect.settings.PREFECT_SERVER_DATABASE_CONNECTION_URL.value())
            url = prefect.settings.PREFECT_API_URL.value()
            yield PrefectServer(str(url), Path(database.removeprefix("sqlite+aiosqlite:///")))


@pytest.fixture(scope="session")
def sync(prefect_server: PrefectServer) -> Callable[..., Ending]:
    """Sync an installation's pipeline as the flow does it, and return how that ended."""
    from flows import nightly

    def run(office: Any, **parameters: Any) -> Ending:
        return ending_of(office, nightly.sync(pipeline=office.save(), return_state=True, **parameters))

    return run


@pytest.fixture(scope="session")
def apply(prefect_server: PrefectServer) -> Callable[..., Ending]:
    """Apply a plan as the command does it, *override* being the reason for it, and return how that ended."""
    from flows import application
    from flows.overriding import decided
    from flows.planned import planned_run

    def run(office: Any, plan: str, override: str | None = None) -> Ending:
        office.save()
        number = decided(planned_run(plan).plan_hash, override) if override else None
        return ending_of(office, application.apply(plan=plan, override=number, return_state=True))

    return run
