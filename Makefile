# Two commands do everything: `make demo` and `make test`. Each installs what it needs into .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
DEMO ?= demo-workspace

PARITY ?= .venv-parity
PARITY_FLAX ?= .venv-parity-flax

LOWEST ?= .venv-lowest

# Tests start some hundred processes. With this variable set, each of them would compile cxrtui's sources anew.
export PYTHONDONTWRITEBYTECODE :=

# A worker runs all tests of a file, so that what they compile and train is compiled and trained in one worker alone.
BY_FILE := --dist loadfile --no-loadscope-reorder

.PHONY: help demo test check lowest docs parity format clean

help:
	@echo "make demo    train on synthetic phantoms on the CPU and classify some (under 5 minutes)"
	@echo "make test    everything that CI runs"
	@echo "make check   the fast part: ruff, mypy, import contracts, unit tests"
	@echo "make lowest  the unit tests with the lowest versions that pyproject.toml allows; an environment of its own"
	@echo "make docs    write the pages and the pictures of docs/ that are made from the code"
	@echo "make parity  ported weights against the code that wrote them; installs torch, keras, transformers and more"
	@echo "make format  let ruff rewrite the sources"
	@echo "make clean   remove the virtual environment and caches"

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || (echo "cxrtui needs Python 3.11 or newer: make PYTHON=python3.11 ..."; exit 1)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(INSTALLED): $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(INSTALLED_DEV): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

demo: $(INSTALLED)
	$(BIN)/cxrtui --workspace $(DEMO) demo

check: $(INSTALLED_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -m "not slow" -n 2 $(BY_FILE)

test: $(INSTALLED_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
# Three on two cores: a third of the time the tests wait for processes that they started.
	$(BIN)/pytest -n 3 $(BY_FILE)

# pip has no way to ask for the lowest versions; constraints from the lower bounds do it.
lowest:
	test -x $(LOWEST)/bin/python || $(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --upgrade pip
	$(LOWEST)/bin/python .ci/lowest.py > $(LOWEST)/constraints.txt
	$(LOWEST)/bin/python -m pip install --quiet --constraint $(LOWEST)/constraints.txt --editable . --group test
	$(LOWEST)/bin/python -m pytest -m "not slow" -n 2

docs: $(INSTALLED_DEV)
	$(BIN)/python docs/generate.py
	$(BIN)/python -m tests.tui.pictures

# Two environments of their own, 3.4 GB in all with a torch for the CPU: transformers' Flax classes run with no JAX of today.
parity:
	test -x $(PARITY)/bin/python || $(PYTHON) -m venv $(PARITY)
	$(PARITY)/bin/python -m pip install --quiet --upgrade pip
	$(PARITY)/bin/python -m pip install --quiet --editable '.[keras]' --group dev --group parity
	test -x $(PARITY_FLAX)/bin/python || $(PYTHON) -m venv $(PARITY_FLAX)
	$(PARITY_FLAX)/bin/python -m pip install --quiet --upgrade pip
	$(PARITY_FLAX)/bin/python -m pip install --quiet --group parity-flax
	CXRTUI_PARITY_FLAX=$(PARITY_FLAX)/bin/python $(PARITY)/bin/python -m pytest -m parity tests/parity

format: $(INSTALLED_DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) $(LOWEST) .pytest_cache .mypy_cache .ruff_cache build dist *.egg-info
