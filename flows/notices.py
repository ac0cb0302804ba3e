"""Tell those whom the pipeline names how a run ended."""

import logging

from flows.run import Run
from tasks.connectors.webhook import post_notice
from tasks.model.errors import BadPipeline
from tasks.settings import resolve_secret

log = logging.getLogger(__name__)


def send_notices(run: Run) -> None:
    """Post a notice for each ``notify`` entry that is for this end. One that was not seen to be taken is logged."""
    if not run.sends or not run.summary:
        return
    state = run.summary["run"]["state"]
    ended = "done" if state == "nothing_to_do" else state
    for entry in run.loaded.pipeline.notify:
        if ended in entry.when and not _posted(entry.to, run):
            log.warning("Of a notice of how the run ended nothing shows that it was delivered.")


def _posted(reference: str, run: Run) -> bool:
    try:
        return post_notice(resolve_secret(reference), run.summary)
    except BadPipeline as error:
        log.warning("%s", error)
        return False
