"""The plan stage: desired state from rules, correlation, changes, limits. Pure functions on values."""

from tasks.plan.composing import make_plan
from tasks.plan.limits import check_freeze, check_limits, describe, read_limits
from tasks.plan.world import Inputs

__all__ = ["Inputs", "check_freeze", "check_limits", "describe", "make_plan", "read_limits"]
