"""The validate stage as a Prefect task."""

import os
from pathlib import Path

from prefect import get_run_logger, task

from tasks.journal import RunStore
from tasks.pipeline_file import load_pipeline
from tasks.settings import Settings
from tasks.validate.stage import validate_source


@task(name="validate", task_run_name="validate {source}")
def validate(pipeline: str, run_id: str, source: str, rejects: str) -> int:
    """Judge one roster; return how many rows are held. Raises ``RejectedSource``."""
    loaded, settings = load_pipeline(Path(pipeline), os.environ), Settings()
    spec = next(item for item in loaded.pipeline.sources if item.name == source)
    folder = RunStore(settings.runs).open(run_id)
    counts = validate_source(spec, loaded.folder, folder, settings.cache, rejects)
    get_run_logger().info("%s: %d rows clean, %d held", source, counts.clean, counts.held)
    return counts.held
