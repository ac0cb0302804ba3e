"""The client of a GoTo account: Admin API over HTTP, behind the ``Target`` protocol."""

from tasks.connectors.goto.opening import open_goto
from tasks.connectors.goto.retries import Retries
from tasks.connectors.goto.roles import SUPER_ADMIN
from tasks.connectors.goto.survey import Survey, survey
from tasks.connectors.goto.target import GotoConnector
from tasks.connectors.goto.tokens import Credentials

__all__ = ["SUPER_ADMIN", "Credentials", "GotoConnector", "Retries", "Survey", "open_goto", "survey"]
