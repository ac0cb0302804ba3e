"""Control calls for the import from CSV: ours, not GoTo's, where this is in the portal only."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict

from tasks.sandbox import csv_import
from tasks.sandbox.routes.replies import platform_of

router = APIRouter(prefix="/sandbox")


class File(BaseModel):
    """The text of a file, and what all its users get."""

    model_config = ConfigDict(extra="forbid")

    csv: str
    settings: csv_import.Settings = csv_import.Settings()


@router.get("/import/template")
def show_template(request: Request) -> Response:
    headers = {"Content-Disposition": 'attachment; filename="users.csv"'}
    text = csv_import.template(platform_of(request).switches)
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/import")
def import_users(request: Request, body: File) -> dict[str, Any]:
    """Take a file; its users show about a day later."""
    with platform_of(request).call() as call:
        return csv_import.submit(call, body.csv, body.settings)


@router.get("/import")
def show_imports(request: Request) -> dict[str, Any]:
    """Return the files that were taken, with their results as far as their users are there."""
    with platform_of(request).call() as call:
        return {"imports": csv_import.imports(call)}
