"""The validate stage as a Prefect task."""

import os
from datetime import date
from pathlib import Path

from prefect import get_run_logger, task

from tasks.faults import discreet
from tasks.journal import RunStore
from tasks.pipeline_file import load_pipeline
from tasks.settings import Settings
from tasks.validate.stage import validate_source


@task(name="validate", task_run_name="validate {source}")
@discreet
def validate(pipeline: str, run_id: str, source: str, rejects: str, as_of: date) -> int:
    """Judge one roster as of a day; return how many rows are held. Raises ``RejectedSource``."""
    loaded, settings = load_pipeline(Path(pipeline), os.environ), Settings()
    spec = next(item for item in loaded.pipeline.sources if item.name == source)
    folder = RunStore(settings.runs).open(run_id)
    rules = loaded.pipeline.rules
    counts = validate_source(spec, rules, as_of, loaded.folder, folder, settings.cache, rejects)
    get_run_logger().info("%s: %d rows clean, %d held", source, counts.clean, counts.held)
    return counts.held
