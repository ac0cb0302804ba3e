from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.model.state import AccountState
from tests.unit.provision.world import MemoryTarget, World


@pytest.fixture
def make_world(tmp_path: Path) -> Callable[..., World]:
    """A world with these accounts, all of them linked."""

    def make(*accounts: AccountState, **settings: object) -> World:
        world = World(tmp_path, MemoryTarget(*accounts, **settings))
        if accounts:
            world.adopt(*(account.account_key for account in accounts))
            world.target.calls.clear()
        return world

    return make
