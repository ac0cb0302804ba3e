"""Say of each row of a roster whether it may be acted on. Importing this does not load Great Expectations."""

from tasks.validate.cache import cached_validate
from tasks.validate.rejects import write_rejects
from tasks.validate.suites import Suite, load_suite
from tasks.validate.validation import validate

__all__ = ["Suite", "cached_validate", "load_suite", "validate", "write_rejects"]
