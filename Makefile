# make            what can be made
# make demo       from nothing to a finished report
# make test       every check that a change must pass

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
DEMO   := runs/demo
DATA   ?= ../shared/data
RIVAL  := .venv-rival
JOBS   ?= auto
# One thread a process: runs and tests use several processes, and small networks gain nothing from more threads.
export OMP_NUM_THREADS ?= 1

.PHONY: help demo test check laws bench docs clean
.DEFAULT_GOAL := help

help:  ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(READY): pyproject.toml constraints.txt setup.py $(wildcard src/spectune/training/core/*)
	@command -v $(PYTHON) >/dev/null || { echo "error: spectune needs Python 3.11 or newer, and there is no $(PYTHON); install it, or name another with: make PYTHON=/path/to/python"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: spectune needs Python 3.11 or newer, but $(PYTHON) is $$($(PYTHON) --version 2>&1); name another with: make PYTHON=/path/to/python"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing spectune and what it stands on into $(VENV) (about 2 GB, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(READY)  ## simulate fruit spectra, tune on them, write the report (under 4 minutes on 2 cores)
	@mkdir -p $(DEMO)-data
	@rm -rf $(DEMO)
	$(BIN)/spectune simulate $(DEMO)-data/fruit.csv --rows 400 --seed 1
	$(BIN)/spectune inspect $(DEMO)-data/fruit.csv --target dry_matter --picture $(DEMO)-data/fruit.svg
	$(BIN)/spectune tune $(DEMO)-data/fruit.csv --target dry_matter --split split --group fruit --trials 6 --top 2 --replicates 1 --seed 1 --out $(DEMO)
	$(BIN)/spectune report $(DEMO)
	@echo "open the report: $(CURDIR)/$(DEMO)/report.html"

check: $(READY)  ## formatting, lint, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: check  ## everything: check, then all tests and documentation examples
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

laws: $(READY)  ## hold every law against examples never seen before (half an hour)
	$(BIN)/python -m pytest -m hypothesis --hypothesis-profile=search tests

$(RIVAL)/.ready:
	@test -x $(RIVAL)/bin/python || $(PYTHON) -m venv $(RIVAL)
	@echo "installing the rival, Keras, into $(RIVAL) (about 2 GB, once)"
	@$(RIVAL)/bin/python -m pip install --quiet --disable-pip-version-check tensorflow-cpu
	@touch $@

bench: $(READY) $(RIVAL)/.ready  ## measure everything (four hours): the engine against Keras, and the real sets in DATA
	@test -d $(DATA) || { echo "error: there are no data sets in $(DATA); name their folder with: make bench DATA=/path"; exit 2; }
	$(BIN)/python benchmarks/engine/run.py --rival $(RIVAL)/bin/python
	$(BIN)/python benchmarks/engine/costs.py
	$(BIN)/python benchmarks/precision.py $(DATA)
	$(BIN)/python benchmarks/large_file.py runs/large
	$(BIN)/python benchmarks/synthesis.py
	$(BIN)/python benchmarks/storage.py
	$(BIN)/python benchmarks/measured_patterns.py $(DATA) --test
	$(BIN)/python benchmarks/schedules.py $(DATA) runs/schedules
	$(BIN)/python benchmarks/shen2021.py $(DATA) runs/shen2021
	$(BIN)/python benchmarks/intervals.py $(DATA)
	$(BIN)/python benchmarks/adapt.py $(DATA) runs/adapt
	$(BIN)/python benchmarks/real_sets.py $(DATA) runs/bench

docs: $(READY)  ## run every example of README.md and docs/
	$(BIN)/python -m pytest tests/test_docs.py

clean:  ## remove the environment, caches and demo runs
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache $(DEMO) $(DEMO)-data
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
