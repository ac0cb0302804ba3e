# One target per habit. Everything needed is installed on first use; nothing but Python 3.11 to 3.13, venv and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WORKERS = $$($(BIN)/python -c 'import os; print((os.cpu_count() or 1) + 1)')# one more than cores: tests also wait

export PYTHONDONTWRITEBYTECODE :=  # tests start many processes: none is to compile anew what another has compiled

.DEFAULT_GOAL := help
.PHONY: help demo test prove test-real pictures check bench schema docs golden lock clean

help:  ## Say what each target does
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "Python 3.11, 3.12 or 3.13 is needed. Name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Setting up $(VENV), once; this takes about a minute." >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

demo: $(READY)  ## Run the whole job on the sample company, against a sandbox on this machine
	@$(BIN)/rosterflow demo

test: $(READY)  ## Pass the tests that need nothing but Python, one case of what is exhaustive (under 4 minutes)
	$(BIN)/python -m pytest --numprocesses=$(WORKERS) --maxprocesses=8 --dist=loadfile --no-loadscope-reorder

prove: $(READY)  ## Pass the exhaustive tests: every kill, switch and form, many examples (ROSTERFLOW_EFFORT for more)
	ROSTERFLOW_EFFORT=$${ROSTERFLOW_EFFORT:-7} $(BIN)/python -m pytest -m 'prove or examples' \
	  --numprocesses=auto --maxprocesses=8 --dist=loadfile --no-loadscope-reorder --timeout=1800

test-real: $(READY)  ## Pass the tests that need more: LibreOffice, Chromium, a Prefect server (installs them on Debian)
	@tests/real/install.sh
	$(BIN)/python -m pytest -m real tests/real --numprocesses=auto --maxprocesses=4 --dist=loadfile
	$(BIN)/python -m tests.contract

check: $(READY)  ## Lint, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/unit/test_imports.py

pictures: $(READY)  ## Take the pictures of the docs anew
	@tests/real/install.sh
	ROSTERFLOW_PICTURES=1 $(BIN)/python -m pytest -m real tests/real/test_pictures.py

bench: $(READY)  ## Measure, as ratios in one run
	$(BIN)/python -m tests.bench

schema: $(READY)  ## Write the JSON Schemas of the pipeline file and of inspect --json
	$(BIN)/python -m tasks.pipeline_file docs/pipeline.schema.json
	$(BIN)/python -m tasks.ingest.inspection docs/inspect.schema.json

docs: $(READY)  ## Write the pages of transforms and profiles anew, from the code
	$(BIN)/python -m tasks.ingest.pages docs

golden: $(READY)  ## Write the golden files anew; review the diff
	$(BIN)/python -m pytest tests/golden --update-golden

lock: $(READY)  ## Resolve requirements.lock anew: exact versions and hashes, no address
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --no-annotate --extra dev --quiet --output-file requirements.lock pyproject.toml

clean:  ## Remove what was made here, the journal and the runs in data/ excepted
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis dist
