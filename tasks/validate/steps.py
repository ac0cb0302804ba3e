"""The validate stage as a Prefect task."""

from datetime import date

from prefect import get_run_logger, task

from tasks.faults import discreet
from tasks.journal import Journal, RunStore
from tasks.pipeline_file import pipeline_of_run
from tasks.settings import Settings
from tasks.validate.stage import compare_sources, merge_sources, validate_source


@task(name="validate", task_run_name="validate {source}")
@discreet
def validate(pipeline: str, run_id: str, source: str, rejects: str, as_of: date) -> int:
    """Judge one roster as of a day; return how many rows are held. Raises ``RejectedSource``."""
    loaded, settings = pipeline_of_run(pipeline), Settings()
    spec = next(item for item in loaded.pipeline.sources if item.name == source)
    folder = RunStore(settings.runs).open(run_id)
    rules = loaded.pipeline.rules
    counts = validate_source(spec, rules, as_of, loaded.folder, folder, settings.cache, rejects)
    get_run_logger().info("%s: %d rows clean, %d held", source, counts.clean, counts.held)
    return counts.held


@task(name="compare with last accepted")
@discreet
def compare(pipeline: str, run_id: str, today: date) -> int:
    """Hold each file against the last accepted one; return how many were let pass. Raises ``RejectedSource``."""
    loaded, settings = pipeline_of_run(pipeline), Settings()
    folder = RunStore(settings.runs).open(run_id)
    with Journal.open(settings.journal_place) as journal:
        found = compare_sources(loaded.pipeline, journal, folder, today)
    passed = sum(comparison.permit is not None for comparison in found)
    get_run_logger().info("%d files compared, %d let pass", len(found), passed)
    return passed


@task(name="put together")
@discreet
def merge(pipeline: str, run_id: str, rejects: dict[str, str], as_of: date) -> int:
    """Put the sources of each namespace together as of a day; return how many people came of several sources."""
    loaded, folder = pipeline_of_run(pipeline), RunStore(Settings().runs).open(run_id)
    people = merge_sources(loaded.pipeline, as_of, folder, rejects)
    get_run_logger().info("%d people", people)
    return people
