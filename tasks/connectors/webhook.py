"""Tell a web hook how a run ended. It gets the run's sentence and its references: no name, no address, no cell."""

from collections.abc import Mapping
from typing import Any

import httpx
from pydantic import SecretStr

from tasks.connectors.environment import UNUSABLE
from tasks.connectors.unlogged import unlogged
from tasks.model.errors import BadPipeline
from tasks.model.places import goes_in_clear

TIMEOUT_S = 10.0


def notice(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is sent: ``text``, which Slack, Teams and Mattermost show, and the run's references.

    >>> notice({"headline": "2 people were suspended.", "run": {"pipeline": "acme", "run_id": "r1", "state": "done",
    ...         "exit_code": 0, "message": "", "plan_hash": "ab"}})["text"]
    'acme: 2 people were suspended. (done, code 0, run r1)'
    """
    run = summary["run"]
    said = run["message"] or summary["headline"]
    facts = {name: run[name] for name in ("pipeline", "run_id", "state", "exit_code", "plan_hash")}
    text = f"{run['pipeline']}: {said} ({run['state']}, code {run['exit_code']}, run {run['run_id']})"
    return {"text": text, **facts}


def post_notice(url: SecretStr, summary: Mapping[str, Any], transport: httpx.BaseTransport | None = None) -> bool:
    """Post the notice once; return whether it was seen to be taken. None that is lost changes how a run ended.

    Hooks answer with anything but a page, if often under its type: Slack says ``ok`` as text/html. A page comes from a
    sign-in page or a proxy, which passed nothing on. Raises
    ``BadPipeline`` before anything is sent if the hook, whose address is a secret, is at plain http elsewhere.
    """
    if goes_in_clear(url.get_secret_value().strip()):
        raise BadPipeline(
            "A web hook of notify sends a secret to another machine over plain http: it was not called.",
            remedy="Let its address begin with https://.",
        )
    try:
        with unlogged("httpx"), httpx.Client(timeout=TIMEOUT_S, transport=transport) as client:
            answer = client.post(url.get_secret_value(), json=notice(summary))
            is_page = answer.content.lstrip().startswith(b"<")
            return answer.is_success and answer.status_code != httpx.codes.NON_AUTHORITATIVE_INFORMATION and not is_page
    except (httpx.HTTPError, *UNUSABLE):
        return False
