"""The check-up of a pipeline, as a plain function over the stages. Sends nothing, leaves no run. No Prefect."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from flows.planning import Saying, quietly
from flows.scratch import scratch
from tasks.connectors.goto import Survey, survey
from tasks.connectors.kept_tokens import KeptTokens
from tasks.connectors.registry import open_target
from tasks.doctor import proofs
from tasks.doctor.checkup import check_up
from tasks.doctor.facts import Facts
from tasks.doctor.lines import Line
from tasks.doctor.stage import count_domains, facts_of, with_proofs, with_state
from tasks.ingest.stage import ingest_source
from tasks.journal import Journal, RunFolder
from tasks.journal.products import load_people, load_verdict
from tasks.model.errors import BadPipeline, RejectedSource, TargetError
from tasks.model.pipeline import Pipeline
from tasks.model.rosters import Verdict
from tasks.model.state import TargetState
from tasks.pipeline_file import LoadedPipeline, load_pipeline
from tasks.plan import demand
from tasks.plan.world import Inputs
from tasks.settings import Settings, resolve_secret
from tasks.validate.stage import merge_sources, validate_source


def examine(pipeline: Path, *, lookups: bool = True, saying: Saying = quietly) -> list[Line]:
    """Return the lines of a check-up. Raises ``BadPipeline`` if there is no pipeline to look at."""
    loaded = load_pipeline(pipeline, os.environ)
    with scratch() as path:
        folder = RunFolder(path)
        verdicts, refused = _rosters(loaded, folder, saying)
        people = {} if refused else _people(loaded, folder)
    facts, state = _target(loaded.pipeline, count_domains((people or verdicts).values()), saying)
    facts = replace(facts, roster_problem=refused)
    if state is not None:
        facts = _counted(with_state(facts, state, loaded.pipeline.target), loaded, verdicts, people, state)
    if lookups and facts.organisation is None and facts.has_organisation and facts.credentials.account_reached:
        with saying("Looking verification records up"):
            facts = with_proofs(facts, asyncio.run(proofs.look_up(facts.addresses)))
    return check_up(facts)


def _rosters(loaded: LoadedPipeline, folder: RunFolder, saying: Saying) -> tuple[dict[str, Verdict], str]:
    """Return the verdicts by source, and what refused a source; a refused one is left out."""
    verdicts: dict[str, Verdict] = {}
    refused = []
    today = datetime.now(ZoneInfo(loaded.pipeline.timezone)).date()
    for source in loaded.pipeline.sources:
        try:
            with saying(f"Reading {source.place}"):
                ingest_source(source, loaded.folder, folder, resolve_secret)
            with saying(f"Validating {source.name}"):
                validate_source(
                    source, loaded.pipeline.rules, today, loaded.folder, folder, Settings().cache, "rejects.xlsx"
                )
        except RejectedSource as error:
            refused.append(error.what)
        else:
            verdicts[source.name] = load_verdict(folder, source.name)
    return verdicts, " ".join(refused)


def _target(pipeline: Pipeline, addresses: Mapping[str, int], saying: Saying) -> tuple[Facts, TargetState | None]:
    """Ask the target, and read it where that is allowed."""

    async def ask() -> tuple[Survey, TargetState | None]:
        async with open_target(pipeline.target, resolve_secret, KeptTokens(Settings().tokens)) as target:
            found = await survey(target, pipeline.target, lambda: datetime.now(UTC))
            if pipeline.target.account_key not in found.reachable:
                return found, None
            try:
                state = await (target.read() if found.directory == "read" else target.read_tenant())
                found.require_caller_in(set(state.accounts["account_key"]))
            except TargetError as refusal:
                return replace(found, unread=refusal), None
            return found, state

    with saying(f"Asking {pipeline.target.name}"):
        found, state = asyncio.run(ask())
    return facts_of(found, pipeline, addresses), state


def _people(loaded: LoadedPipeline, folder: RunFolder) -> dict[str, Verdict]:
    """Return the verdicts by namespace."""
    today = datetime.now(ZoneInfo(loaded.pipeline.timezone)).date()
    names = {source.name: f"rejects-{source.name}.xlsx" for source in loaded.pipeline.sources}
    merge_sources(loaded.pipeline, today, folder, names)
    return load_people(folder, loaded.pipeline)


def _counted(
    facts: Facts,
    loaded: LoadedPipeline,
    verdicts: Mapping[str, Verdict],
    people: Mapping[str, Verdict],
    state: TargetState,
) -> Facts:
    """Add what the rules would give and for whom there is no seat."""
    if facts.roster_problem:
        return facts
    settings, pipeline = Settings(), loaded.pipeline
    with Journal.open(settings.journal_place) as journal:
        inputs = Inputs(
            pipeline=pipeline,
            mapping_hash=loaded.mapping_hash,
            rules_hash=loaded.rules_hash,
            verdicts=verdicts,
            people=people,
            files={source.name: Path(source.place).name for source in pipeline.sources},
            state=state,
            links=journal.links(pipeline.name, pipeline.target.tenant),
            generation=journal.generation(pipeline.name),
            as_of=datetime.now(ZoneInfo(pipeline.timezone)).date(),
            elsewhere=journal.linked_elsewhere(pipeline.name, pipeline.target.tenant),
        )
    try:
        wanted, short = demand.count(inputs)
    except (BadPipeline, RejectedSource) as error:
        return replace(facts, rules_problem=error.what, rules_remedy=error.remedy)
    return replace(facts, wanted=wanted, shortages=short)
