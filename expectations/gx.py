"""Great Expectations, loaded quietly. Only this module imports it; that takes seconds, so import it where it is used.

It sends nothing (``GX_ANALYTICS_ENABLED`` is false before the import), draws no progress bars, writes no files
(contexts are ephemeral), and keeps its log to itself: its tracebacks can hold cells.
"""

import logging
import os
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import pandas as pd

os.environ["GX_ANALYTICS_ENABLED"] = "false"
_log = logging.getLogger("great_expectations")
_log.addHandler(logging.NullHandler())
_log.propagate = False

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # deprecations inside GX and below it are not ours to mend
    from great_expectations import get_context
    from great_expectations.core.expectation_suite import ExpectationSuite
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )
    from great_expectations.datasource.fluent.interfaces import Batch
    from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
    from great_expectations.expectations.expectation import (
        ColumnMapExpectation,
        Expectation,
        MulticolumnMapExpectation,
    )
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.metadata_types import FailureSeverity
    from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
        column_condition_partial,
    )
    from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
        ColumnMapMetricProvider,
    )
    from great_expectations.expectations.metrics.map_metric_provider.multicolumn_condition_partial import (
        multicolumn_condition_partial,
    )
    from great_expectations.expectations.metrics.map_metric_provider.multicolumn_map_metric_provider import (
        MulticolumnMapMetricProvider,
    )
    from great_expectations.expectations.registry import list_registered_expectation_implementations

__all__ = [
    "Batch",
    "ColumnMapExpectation",
    "ColumnMapMetricProvider",
    "Expectation",
    "ExpectationConfiguration",
    "ExpectationSuite",
    "ExpectationValidationResult",
    "FailureSeverity",
    "MulticolumnMapExpectation",
    "MulticolumnMapMetricProvider",
    "column_condition",
    "list_registered_expectation_implementations",
    "new_batch",
    "rows_condition",
]


def new_batch(table: pd.DataFrame) -> Batch:
    """Return *table* as GX takes it, in a context of its own that lives in memory only."""
    config = DataContextConfig(
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
        store_backend_defaults=InMemoryStoreBackendDefaults(),
    )
    context = get_context(mode="ephemeral", project_config=config)
    asset = context.data_sources.add_pandas("roster").add_dataframe_asset("workers")
    batch: Batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": table})
    return batch


Condition = TypeVar("Condition", bound=Callable[..., Any])

column_condition: Callable[[Condition], Condition] = column_condition_partial(engine=PandasExecutionEngine)
"""Marks a metric's method that says for each value of a column whether it is as expected."""

rows_condition: Callable[[Condition], Condition] = multicolumn_condition_partial(engine=PandasExecutionEngine)
"""Marks a metric's method that says for each row of some columns whether it is as expected."""
