"""Write the JSON Schema of ``inspect --json``: ``python -m tasks.ingest.inspection docs/inspect.schema.json``."""

import json
import sys
from pathlib import Path

from tasks.ingest.inspection.shape import schema

if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
