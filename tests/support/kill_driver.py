"""Applies a recorded plan in processes that can be killed: one a line on stdin, each a fork of this one.

Everything is imported once, so that a life begins in milliseconds. Each line is a run id. Written to stdout: the
process id, then, when it has ended, its exit status.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from tasks.connectors.goto import Credentials, open_goto
from tasks.journal import Journal, RunRecord
from tasks.model.pipeline import SANDBOX_AUTH, GotoTarget, Urls
from tasks.model.plan import Plan
from tasks.provision import Runtime, apply_plan


def utc_now() -> datetime:
    return datetime.now(UTC)


async def apply(url: str, journal: Journal, plan: Plan, run_id: str) -> int:
    urls = Urls(api=url, token=f"{url}/oauth/token")
    spec = GotoTarget(
        name="goto", kind="goto", account_key="3001", urls=urls, requests_per_second=1000, directory="feed"
    )
    secrets = {name: SecretStr(value) for name, value in SANDBOX_AUTH.items()}
    async with open_goto(spec, Credentials(**secrets)) as target:
        runtime = Runtime(journal, target, run_id, utc_now, settle_s=0.3, workers=4)
        return (await apply_plan(plan, runtime)).exit_code


def live(url: str, journal_path: Path, plan_path: Path, run_id: str) -> int:
    """Be one run of the command: record what is to be done, apply it, close the run."""
    data = plan_path.read_bytes()
    plan = Plan.from_bytes(data)
    with Journal.open(journal_path) as journal, journal.lock(plan.header.pipeline, utc_now()):
        journal.record_plan(plan.hash, data, plan.header.pipeline, plan.header.target, utc_now())
        journal.begin_run(RunRecord(run_id, plan.header.pipeline, "apply", utc_now()))
        exit_code = asyncio.run(apply(url, journal, plan, run_id))
        journal.finish_run(run_id, exit_code, "Completed", {}, utc_now())
        return exit_code


def main() -> None:
    url, plan_path = sys.argv[1], Path(sys.argv[2])
    for line in sys.stdin:
        journal_path, run_id = line.split()
        child = os.fork()
        if child == 0:
            os._exit(live(url, Path(journal_path), plan_path, run_id))
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
