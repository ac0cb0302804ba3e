"""The pipeline file: read, checked line by line, as values; and its JSON Schema for editors."""

from tasks.pipeline_file.at_work import at_work, pipeline_of_run
from tasks.pipeline_file.reader import LoadedPipeline, load_pipeline
from tasks.pipeline_file.schema import schema

__all__ = ["LoadedPipeline", "at_work", "load_pipeline", "pipeline_of_run", "schema"]
