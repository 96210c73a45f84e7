# Two commands: `make run` shows skimitate at work, `make test` checks it.
# Each sets up its own virtual environment first, once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# cython-lint calls pycodestyle by name
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Python keeps what it compiles, whatever the shell says: tests start many processes.
export PYTHONDONTWRITEBYTECODE :=

IMITATION := .venv-imitation

.PHONY: run test test-slow coverage lint table bench check-kernels fuzz audit clean

run: $(VENV)/.installed
	$(BIN)/python -m skimitate run Hopper-v5 $(ARGS)

# The blog post's table, written into the pages; about half an hour. With the original
# experts as well: make table ARGS="--cs294 FOLDER"
table: $(VENV)/.installed
	$(BIN)/python benchmarks/make_table.py $(ARGS)

# What a change needs at once, in two processes; `test-slow` has the rest: whole fits,
# processes, films. Each process takes whole stretches of tests, and steals from the
# other in the end: what the tests of a module share is mostly made once.
test: $(VENV)/.installed
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist worksteal $(ARGS)

# With Dask and Ray, whose clusters are tested here.
test-slow: $(VENV)/.distributed
	$(BIN)/python -m pytest -m slow $(ARGS)

# All tests, fast and slow, and the lines and branches that they reach.
coverage: $(VENV)/.distributed
	$(BIN)/python -m coverage run -m pytest $(ARGS)
	$(BIN)/python -m coverage report

lint: $(VENV)/.linters
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/cython-lint skimitate
	$(BIN)/mypy

# The pinned versions are installed before the package, so that building it
# without isolation uses the pinned Cython and setuptools too.
$(VENV)/.installed: pyproject.toml setup.py constraints.txt \
		$(wildcard skimitate/kernels/*.pyx skimitate/kernels/*.pxd skimitate/kernels/*.h)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt \
		setuptools Cython scipy
	$(BIN)/python -m pip install --quiet --constraint constraints.txt \
		--no-build-isolation --editable '.[test]'
	touch $@

$(VENV)/.linters: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt \
		--no-build-isolation --editable '.[dev]'
	touch $@

$(VENV)/.distributed: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt \
		--no-build-isolation --editable '.[test,distributed]'
	touch $@

# Bounds checks and AddressSanitizer; takes a few minutes.
check-kernels: $(VENV)/.installed
	PYTHON=$(BIN)/python tests/check_kernels.sh

# Damaged and forged files before all that reads files: 100,000, which take half an hour.
fuzz: $(VENV)/.installed
	$(BIN)/python benchmarks/fuzz.py $(ARGS)

# Pinned versions that a database of vulnerabilities knows; SECURITY.md has the list that
# stands in where none can be reached.
audit: $(VENV)/.linters
	$(BIN)/python -m pip install --quiet pip-audit
	$(BIN)/pip-audit --requirement constraints.txt --no-deps --disable-pip --strict

# Peers and skimitate, interleaved; imitation pins old versions and has an environment
# of its own.
bench: $(VENV)/.peers $(IMITATION)/.installed
	$(BIN)/python benchmarks/run_all.py $(ARGS)

$(VENV)/.peers: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt \
		--no-build-isolation --editable '.[bench]'
	touch $@

$(IMITATION)/.installed: benchmarks/imitation-constraints.txt
	test -x $(IMITATION)/bin/python || $(PYTHON) -m venv $(IMITATION)
	$(IMITATION)/bin/python -m pip install --quiet \
		--constraint benchmarks/imitation-constraints.txt imitation mujoco imageio
	touch $@

clean:
	rm -rf $(VENV) $(IMITATION) build dist *.egg-info skimitate/kernels/*.so skimitate/kernels/*.c
