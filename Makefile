# Two commands: `make run` shows skimitate at work, `make test` checks it.
# Each sets up its own virtual environment first, once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# cython-lint calls pycodestyle by name
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: run test lint clean

run: $(VENV)/.installed
	$(BIN)/python -m skimitate run Hopper-v5 $(ARGS)

test: $(VENV)/.installed
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.linters
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/cython-lint skimitate
	$(BIN)/mypy

# The pinned versions are installed before the package, so that building it
# without isolation uses the pinned Cython and setuptools too.
$(VENV)/.installed: pyproject.toml setup.py constraints.txt $(wildcard skimitate/*.pyx)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt setuptools Cython
	$(BIN)/python -m pip install --quiet --constraint constraints.txt \
		--no-build-isolation --editable '.[test]'
	touch $@

$(VENV)/.linters: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt \
		--no-build-isolation --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info skimitate/*.so skimitate/*.c
