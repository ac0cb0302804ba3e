"""Keep what a client library logs of its requests out of the log, where the address itself is a secret."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unlogged(name: str) -> Iterator[None]:
    """Let the logger *name* say nothing meanwhile: it would quote whole URLs, at a level that somebody may turn on."""
    logger = logging.getLogger(name)
    was = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = was
