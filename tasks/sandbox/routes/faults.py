"""The control calls of the fault plan: show it with its counts, give another, withdraw it."""

from typing import Any

from fastapi import APIRouter, Request

from tasks.sandbox.fault_plan import FaultPlan, read_fault_plan
from tasks.sandbox.routes.replies import platform_of

router = APIRouter(prefix="/sandbox/faults")


@router.get("")
def show_faults(request: Request) -> dict[str, Any]:
    """Return the plan, each rule with how many calls it ``matched`` and ``struck``."""
    return platform_of(request).faults.read()


@router.put("")
def set_faults(request: Request, plan: dict[str, Any] | list[Any]) -> dict[str, Any]:
    """Let calls go wrong by the plan in the body, counted from now on."""
    platform_of(request).set_faults(read_fault_plan(plan))
    return show_faults(request)


@router.delete("")
def withdraw_faults(request: Request) -> dict[str, Any]:
    """Let nothing go wrong any more, and give back what the plan took. Return it with its last counts."""
    last = show_faults(request)
    platform_of(request).set_faults(FaultPlan())
    return last
