"""An installation of Rosterflow in a folder of its own, with the pipeline and the roster of a small company."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
SANDBOX_URL = "http://127.0.0.1:8750"
"""Where the sample pipelines expect the sandbox."""

HEADINGS = ("Employee No", "Account", "First name", "Surname", "Department", "State")
STAFF = (
    ("00101", "ada.byrne", "Ada", "Byrne", "Sales", "Active"),
    ("00102", "bo.lind", "Bo", "Lind", "Sales", "Active"),
    ("00103", "cleo.ward", "Cleo", "Ward", "Support", "Active"),
    ("00104", "dag.orme", "Dag", "Orme", "Support", "Active"),
    ("00105", "eve.holt", "Eve", "Holt", "Support", "Active"),
    ("00106", "finn.rask", "Finn", "Rask", "Legal", "Active"),
)


@dataclass
class Office:
    """An installation: a folder with one pipeline file and its rosters. Its data are in ``home``."""

    folder: Path
    home: Path
    spec: dict[str, Any] = field(default_factory=dict)

    @property
    def pipeline(self) -> Path:
        return self.folder / "acme.yaml"

    def save(self) -> str:
        """Write the pipeline file, JSON being YAML too, and return its path."""
        if self.spec:
            self.pipeline.write_text(json.dumps(self.spec, indent=2), encoding="utf-8")
        return str(self.pipeline)

    def staff(self, rows: Sequence[Sequence[str]] = STAFF, headings: Sequence[str] = HEADINGS) -> None:
        """Write the roster."""
        lines = [",".join(row) for row in (headings, *rows)]
        (self.folder / "staff.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def run_folders(self) -> list[Path]:
        """Return the folders of all runs, oldest first."""
        runs = self.home / "runs"
        return sorted(runs.iterdir()) if runs.is_dir() else []


def pipeline_for(url: str) -> dict[str, Any]:
    """Return the pipeline of ``STAFF`` and ``TENANT``."""
    return {
        "version": "1",
        "name": "acme",
        "sources": [
            {
                "name": "hr",
                "path": "staff.csv",
                "snapshot": "full",
                "columns": {
                    "external_id": "Employee No",
                    "user_name": {"from": "Account", "template": "{value}@acme.example"},
                    "given_name": "First name",
                    "family_name": "Surname",
                    "department": "Department",
                    "status": {"from": "State", "map": {"Active": "active", "Inactive": "inactive"}},
                },
            }
        ],
        "rules": [
            {"name": "hosts", "when": {"department": ["Sales"]}, "grant": {"products": ["G2W"], "group": "Revenue"}},
            {"name": "meetings", "when": {"department": ["Support", "Legal"]}, "grant": {"products": ["G2M"]}},
        ],
        "lifecycle": {"grace": "0d"},
        "protect": ["role:SUPER_USER"],
        "targets": [
            {
                "name": "goto",
                "kind": "goto",
                "account_key": "3001",
                "urls": {"api": url, "token": f"{url}/oauth/token"},
                "requests_per_second": 1000,
            }
        ],
    }


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended; ``text`` and ``talk`` are one line each."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return " ".join(self.out.split())

    @property
    def talk(self) -> str:
        return " ".join(self.err.split())
