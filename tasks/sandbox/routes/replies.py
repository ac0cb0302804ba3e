"""Replies, and how a route gets at the platform."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from tasks.sandbox.platform import Platform
from tasks.sandbox.switches import Switches
from tasks.sandbox.tokens import require_caller
from tasks.sandbox.traffic import BASIS_HEADER
from tasks.sandbox.wire import Basis, Call, GotoRefusal, Problem


def platform_of(request: Request) -> Platform:
    platform = request.app.state.platform
    assert isinstance(platform, Platform)  # noqa: S101 (narrows the type; build_app has set it)
    return platform


@contextmanager
def admin_call(request: Request, account_key: str | None = None) -> Iterator[tuple[Call, str]]:
    """Give one call of the Admin API and the caller's key: authorised, for the account in the path, a transaction.

    The block must end before the route returns: what it did is on disk before the reply goes out.
    """
    with platform_of(request).call() as call:
        caller = require_caller(call, request.headers.get("Authorization"))
        if account_key is not None:
            held = call.db.execute("SELECT key FROM account").fetchone()["key"]
            if account_key != held:
                raise GotoRefusal(404, Problem("account.not.found", account_key))
        yield call, caller


def replied(basis: Basis, body: Any, status: int = 200) -> Response:
    return JSONResponse(body, status_code=status, headers={BASIS_HEADER: basis})


def done(basis: Basis, switches: Switches) -> Response:
    """Return the reply without a body. That its code is 204 is assumed, and a switch."""
    return Response(status_code=switches.empty_status, headers={BASIS_HEADER: basis})


def refused(status: int, problems: tuple[Problem, ...], basis: Basis) -> Response:
    errors = [
        {"code": problem.code} if problem.value is None else {"code": problem.code, "value": problem.value}
        for problem in problems
    ]
    return replied(basis, {"incidentId": uuid.uuid4().hex, "errors": errors}, status)
