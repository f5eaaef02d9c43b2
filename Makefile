# `make demo` and `make test` set up what they need; nothing has to be prepared.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# As pip does with what it installs, but not with what it leaves in place; some environments forbid
# Python to do so by itself, and then each start would compile anew.
COMPILE = $(BIN)/python -m compileall -q src
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# What stands for python:* in the demo: a base built here (full, slim, official), or an image of
# your own as oci:DIR, docker-archive:FILE or docker:NAME.
BASE ?=
PYTEST_ARGS ?=
# Tests of one file share images and containers, so a file is never split between the workers. The
# files with the most tests are not the longest: real engines come first, units fill what is left.
PYTEST := $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

DEMO_PACKAGES := python3 python3-venv runc mmdebstrap uidmap
TEST_PACKAGES := $(DEMO_PACKAGES) apparmor buildah chromium docker-compose docker-registry docker.io \
	git iproute2 jq nginx openssl podman procps skopeo strace zstd

.PHONY: help venv demo test lint bench constraints clean
.NOTPARALLEL:

help:
	@echo 'make demo    slim a sample without any engine (BASE=docker:NAME for a base of your own)'
	@echo 'make test    lint, types and all tests, real engines included (PYTEST_ARGS=...)'
	@echo 'make lint    ruff and mypy'
	@echo 'make bench   figures: times by stage, sizes, ratios'
	@echo 'make venv    the virtual environment alone'
	@echo 'make constraints   renew the versions that the others install'

venv: $(VENV)/.dev

# Both stamps are older than these two after a change of the dependencies.
$(VENV)/.runtime: pyproject.toml constraints.txt
	@scripts/install-packages python3 python3-venv
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP_INSTALL) --constraint constraints.txt --editable .
	@$(COMPILE)
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	@$(PIP_INSTALL) --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo:
	@scripts/install-packages $(DEMO_PACKAGES)
	@$(MAKE) --silent $(VENV)/.runtime
	@scripts/demo '$(BASE)'

test:
	@scripts/install-packages $(TEST_PACKAGES)
	@$(MAKE) --silent lint
	@$(PYTHON) scripts/with_docker.py $(PYTEST) $(PYTEST_ARGS)

lint: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy

bench:
	@scripts/install-packages $(DEMO_PACKAGES)
	@$(MAKE) --silent $(VENV)/.dev
	@$(COMPILE)
	@$(PYTHON) scripts/with_docker.py $(BIN)/python benchmarks/run.py
	@$(BIN)/python benchmarks/feed.py
	@$(BIN)/python benchmarks/lint.py

# The newest versions, in a fresh environment; what they are is written down.
constraints:
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@$(PIP_INSTALL) --editable '.[dev]'
	@head -n 2 constraints.txt > $(VENV)/constraints.txt
	@$(BIN)/python -m pip freeze --exclude-editable >> $(VENV)/constraints.txt
	@mv $(VENV)/constraints.txt constraints.txt

clean:
	rm -rf $(VENV) .demo jettison-report .mypy_cache .pytest_cache .ruff_cache
