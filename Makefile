# Everything a newcomer needs. `make help` lists the targets.
PYTHON ?= $(firstword $(foreach name,python3.13 python3.12 python3.11 python3,$(if $(shell $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo yes),$(name))))
VENV := .venv
BIN := $(VENV)/bin
NODE := $(shell command -v npm 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help setup node-setup demo test test-fast docs docs-links dist lint types bench bench-scale fmt clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

setup: links $(VENV)/.ready ## the virtual environment with everything in it

.PHONY: links
links:
	@test -d core/watchword/adapters || ln -sfn ../../adapters core/watchword/adapters
	@test -d core/watchword/storage || ln -sfn ../../storage core/watchword/storage

# Without build isolation, and without --upgrade: when all is there, it takes no network.
$(VENV)/.ready: pyproject.toml
	@test -n "$(PYTHON)" || { echo "watchword needs Python 3.11 or newer; name one: make PYTHON=/path/to/python"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet "pip>=25.1" "hatchling>=1.27" "editables>=0.5"
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable ".[all]" --group dev
	@touch $@

node-setup: ## the official JavaScript client and the reference server, for the tests (needs Node)
ifeq ($(NODE),)
node-setup:
	@echo "Node is missing: tests with the official client are skipped (install Node 20 or newer with npm)"
	@test "$$CI" != true || { echo "CI=true: Node is required"; exit 1; }
else
node-setup: tests/client/node_modules/.ready tests/reference/node_modules/.ready
endif

# better-sqlite3 is compiled by its install script; a npm that does not run it with `npm ci` is asked to.
ADDON := node_modules/better-sqlite3/build/Release/better_sqlite3.node
%/node_modules/.ready: %/package-lock.json
	cd $* && npm ci --silent --no-audit --no-fund --legacy-peer-deps
	@cd $* && { test ! -d node_modules/better-sqlite3 || test -e $(ADDON) \
	  || npm rebuild better-sqlite3 >node_modules/.rebuild.log 2>&1 \
	  || { cat node_modules/.rebuild.log; exit 1; }; }
	@touch $@

demo: setup ## an application with a page in the browser; prints its address
	$(BIN)/python -m examples.demo

test: setup node-setup ## all tests; what needs a missing service is skipped and says so
	$(BIN)/python -m pytest -n 2 --dist worksteal --timeout 300 -q

# One part of the suite, on SQLite alone: services count as missing, nothing is served or browsed.
# tests/support/fast.py says what of it is left out: what was measured as slow, and the second of two worlds.
FAST := architecture core importing plugins storage typing

test-fast: setup ## unit tests and contracts on SQLite, in less than two minutes; no services, no servers
	WATCHWORD_TEST_SERVICES=none $(BIN)/python -m pytest -p tests.support.fast -n 2 --dist worksteal --timeout 60 -q $(FAST:%=tests/%)

docs: setup $(VENV)/.docs-ready ## the documentation site, into build/site; fails for a broken link
	$(BIN)/python -m docs.site

docs-links: setup ## ask every address that the documentation links; needs a network
	$(BIN)/python -m docs.site.outside

$(VENV)/.docs-ready: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --group docs
	@touch $@

dist: setup ## wheel and sdist into dist/, tried in an empty environment; needs a network
	rm -rf dist
	$(BIN)/python -m hatchling build
	@! $(BIN)/python -c 'import twine' 2>/dev/null || $(BIN)/python -m twine check --strict dist/*
	$(PYTHON) tests/distribution/fresh.py dist/*.whl

lint: setup ## ruff: rules and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup ## pyright: strict on core/, adapters/ and storage/, basic on the rest
	$(BIN)/python -m pyright

bench: setup ## measure beside the reference; prints ratios
	$(BIN)/python tests/benchmarks/run.py

bench-scale: setup ## session checks on PostgreSQL with a million users; needs the server
	$(BIN)/python tests/benchmarks/scale.py

fmt: setup ## format, and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove what was made
	rm -rf $(VENV) dist build .pytest_cache .ruff_cache .hypothesis tests/client/node_modules tests/reference/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
