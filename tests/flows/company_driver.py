"""Runs commands in processes that can be killed, several at once: each a fork of this one, which has imported all.

A line on stdin is JSON: ``{"start": [words], "home": folder, "says": file}`` answers with the process id,
``{"wait": id}`` with the exit status. The commands are the real ones. Only Prefect's engine is left out of ``sync``,
since it would start a server: the steps are called as the functions that they are.
"""

import json
import logging
import os
import sys
import traceback
from typing import Any

from prefect.tasks import Task

import tasks.doctor.steps
import tasks.ingest.steps
import tasks.plan.steps
import tasks.provision.steps
import tasks.validate.steps
from flows import application, ending, nightly, provisioning
from flows.cli import accepting, doctor, history, outcome, planning, prefect_run, sending  # noqa: F401 - so that all is imported
from flows.cli.main import app


def leave_prefect_out() -> None:
    for module in (application, nightly, provisioning):
        for name, value in list(vars(module).items()):
            if isinstance(value, Task):
                setattr(module, name, value.fn)
    for stage in (tasks.doctor, tasks.ingest, tasks.plan, tasks.provision, tasks.validate):
        stage.steps.get_run_logger = logging.getLogger
    ending.publish = lambda *_: None
    prefect_run.flow_outcome = flow_outcome


def flow_outcome(name: str, *, pipeline: str, as_of: Any, override: str | None) -> Any:
    assert name == "sync"
    state = ending.ended(name, pipeline, lambda run: nightly._sync(run, pipeline, override), as_of=as_of)
    return prefect_run._told(state)


def live(words: list[str], home: str, says: str) -> int:
    os.environ["ROSTERFLOW_HOME"] = home
    said = os.open(says, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(said, 1)
    os.dup2(said, 2)
    try:
        app(words, standalone_mode=True)
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException:  # noqa: BLE001 - whatever it is, the test is to read it
        traceback.print_exc()
        return 99
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def main() -> None:
    leave_prefect_out()
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            reply = os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1])
        else:
            reply = os.fork()
            if reply == 0:
                os._exit(live(order["start"], order["home"], order["says"]))
        sys.stdout.write(f"{reply}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
