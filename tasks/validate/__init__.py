"""Say of each row of a roster whether it may be acted on. Importing this does not load Great Expectations."""

from tasks.validate.cache import cached_validate
from tasks.validate.rejects import write_rejects
from tasks.validate.suites import Suite, holds_people, load_suite, require_people
from tasks.validate.validation import validate

__all__ = ["Suite", "cached_validate", "holds_people", "load_suite", "require_people", "validate", "write_rejects"]
