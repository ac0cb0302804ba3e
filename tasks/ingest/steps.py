"""The ingest stage as a Prefect task. Its parameters are references: a pipeline's path, a run's id, a source's name."""

from prefect import get_run_logger, task

from tasks.faults import discreet
from tasks.ingest.stage import ingest_source
from tasks.journal import RunStore
from tasks.pipeline_file import pipeline_of_run
from tasks.settings import Settings, resolve_secret


@task(name="ingest", task_run_name="ingest {source}")
@discreet
def ingest(pipeline: str, run_id: str, source: str) -> int:
    """Read and map one source; return how many rows it has. Raises ``RejectedSource``."""
    loaded = pipeline_of_run(pipeline)
    spec = next(item for item in loaded.pipeline.sources if item.name == source)
    rows = ingest_source(spec, loaded.folder, RunStore(Settings().runs).open(run_id), resolve_secret)
    get_run_logger().info("%s: %d rows", source, rows)
    return rows
