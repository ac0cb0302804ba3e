"""Write the JSON Schema of the pipeline file: ``python -m tasks.pipeline_file docs/pipeline.schema.json``."""

import json
import sys
from pathlib import Path

from tasks.pipeline_file.schema import schema

if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
