# What can be done here: make help

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help run app findings calibrate docs test browser lint bench clean distclean

VENV     ?= .venv
PYTHON   ?= python3
SCENARIO ?= experiments/scenarios/noordoost.toml
OUT      ?= results
WORKERS  ?= 2
ARGS     ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check

help:
	@echo "make run    simulate $(SCENARIO); tables and figures go to $(OUT)/"
	@echo "make app    open a page to make plans on, in Dutch or English (stop with Ctrl+C)"
	@echo "make findings  run three plans under three effect sets, in calm and rough times; keep them in results/findings/"
	@echo "make calibrate  fit the model to Groningen, check it and report (under an hour; goes on where it was when stopped)"
	@echo "make docs   make the tables of ODD.md anew from the code and the data"
	@echo "make test   run the tests, $(WORKERS) at a time"
	@echo "make browser  test the page in Chromium (needs the browser: apt-get install chromium)"
	@echo "make lint   check style (ruff) and types (mypy)"
	@echo "make bench  measure how fast the simulation is"
	@echo "make clean  remove caches and build output (results stay)"
	@echo "make distclean  the same, and remove the environment $(VENV)"
	@echo
	@echo "Packages are installed in $(VENV) the first time, and again only when"
	@echo "pyproject.toml or constraints.txt changes. To choose otherwise:"
	@echo "  make run SCENARIO=my.toml OUT=my-results    make run PYTHON=python3.12 VENV=.venv312"
	@echo "  make test ARGS='-k ledger'"

# --- the environment: one stamp for each set of packages --------------------------------------

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "siexsim needs Python 3.11 or newer; say which with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "Making a Python environment in $(VENV)."
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "Could not make it; on Debian or Ubuntu, install the package python3-venv." >&2; exit 1; }
	@touch $@

$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/.made
	@echo "Installing siexsim and the packages it needs (a minute or two)."
	@$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(VENV)/.made
	@echo "Installing siexsim with what the tests need (a minute or two)."
	@$(PIP) install -c constraints.txt -e '.[test]'
	@touch $@ $(VENV)/.run

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/.made
	@echo "Installing siexsim with what the tests and checks need (a minute or two)."
	@$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.test $(VENV)/.run

$(VENV)/.browser: pyproject.toml constraints.txt | $(VENV)/.made
	@echo "Installing siexsim with what tests in a browser need (a minute or two)."
	@$(PIP) install -c constraints.txt -e '.[test,browser]'
	@touch $@ $(VENV)/.test $(VENV)/.run

# --- what can be done -------------------------------------------------------------------------

run: $(VENV)/.run
	@echo "Simulating $(SCENARIO); tables and figures go to $(OUT)/."
	@$(BIN)/siexsim run $(SCENARIO) --out $(OUT) $(ARGS)

app: $(VENV)/.run
	@$(BIN)/siexsim app $(ARGS)

findings: $(VENV)/.run
	@$(BIN)/python -m experiments.findings $(ARGS)

calibrate: $(VENV)/.run
	@echo "Fitting to Groningen; tables go to results/findings/calibration/."
	@$(BIN)/python -m calibration fit --workers $(WORKERS) $(ARGS)
	@$(BIN)/python -m calibration check --write --workers $(WORKERS)
	@$(BIN)/python -m calibration confirm --workers $(WORKERS)
	@$(BIN)/python -m calibration report

docs: $(VENV)/.run
	@$(BIN)/python -m calibration.odd $(ARGS)

test: $(VENV)/.test
	@echo "Running the tests, $(WORKERS) at a time."
	@$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

browser: $(VENV)/.browser
	@echo "Testing the page in a browser."
	@$(BIN)/python -m pytest -m browser tests/app $(ARGS)

lint: $(VENV)/.dev
	@echo "Checking style."
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "Checking types."
	@$(BIN)/mypy

bench: $(VENV)/.test
	@echo "Measuring speed."
	@$(BIN)/python -m tests.benchmarks.speed $(ARGS)

clean:
	@echo "Removing caches and build output."
	@rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -path "./.*" -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean
	@if [ -e $(VENV)/.made ]; then echo "Removing $(VENV)."; rm -rf $(VENV); fi
