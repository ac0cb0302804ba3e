from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tasks.model.state import AccountState
from tests.support.target import MemoryTarget
from tests.support.world import World


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """A world with these accounts, all of them linked."""
    made: list[World] = []

    def make(*accounts: AccountState, **settings: object) -> World:
        world = World(tmp_path, MemoryTarget(*accounts, **settings))
        made.append(world)
        if accounts:
            world.adopt(*(account.account_key for account in accounts))
            world.target.calls.clear()
        return world

    yield make
    for world in made:
        world.journal.close()
