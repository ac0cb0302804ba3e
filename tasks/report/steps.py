"""The report stage as Prefect artifacts: the run's figures as a table, and a link to its page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect.artifacts import create_link_artifact, create_table_artifact

from tasks.report.summary import artifact_table


def publish(summary: Mapping[str, Any], page: Path) -> None:
    """Show a run in its Prefect page. The figures hold no personal data; the page stays where it is."""
    create_table_artifact(key="rosterflow-summary", table=artifact_table(summary), description=summary["headline"])
    create_link_artifact(key="rosterflow-report", link=page.absolute().as_uri(), link_text="The run's report")
