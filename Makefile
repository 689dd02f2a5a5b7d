# Needs make and Python 3.11 or newer; everything else is installed into .venv by hash.
PYTHON ?= python3
BIN := .venv/bin
CODE := api commands models services integrations uploads miniapp_stub tests benchmarks $(wildcard *.py)
FILES = $$(git -c core.quotepath=off ls-files)
INSTALLED := .venv/installed
PIP := $(BIN)/python -m pip --disable-pip-version-check
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

.DEFAULT_GOAL := help
.PHONY: help serve demo test check format types lint secrets bench crash stateful setup lock upgrade clean-data

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' Makefile

serve: setup ## Start everything, print the addresses; PORT=8000 changes the port
	@$(BIN)/zhangban dev

demo: setup ## Play a whole case against the running server
	@$(BIN)/python -m miniapp_stub.demo

test: setup ## Run all tests
	@$(BIN)/python -m pytest

check: lint ## Format check, linter, types, secrets, tests
	@$(BIN)/python -m pytest

format: setup ## Format the code and repair what the linter can
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format .

types: setup ## Types only
	@$(BIN)/mypy $(CODE)

lint: setup ## Format check, linter, types, secrets
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy $(CODE)
	@cp .secrets.baseline .venv/secrets.baseline
	@# 3: a known finding has moved to another line, which is written to the copy.
	@$(BIN)/detect-secrets-hook --no-verify --baseline .venv/secrets.baseline $(FILES) || test $$? -eq 3

secrets: setup ## Accept the findings of the scan; look at the difference before you commit it
	@$(BIN)/detect-secrets scan --no-verify --exclude-files '^requirements.*\.lock$$' \
		--exclude-files '^\.secrets\.baseline$$' $(FILES) > .venv/secrets.baseline
	@mv .venv/secrets.baseline .secrets.baseline

bench: setup ## Measure the ratios
	@$(BIN)/python -m benchmarks

crash: setup ## Play many cases under kills: KILLS=500 CASES=50000 SEED=7
	@$(BIN)/python -m tests.crash.run --kills $(or $(KILLS),60) --cases $(or $(CASES),600) $(and $(SEED),--seed $(SEED))

stateful: setup ## Play payment and hand-off against the model: RUNS=2000, 50 steps each
	@STATEFUL_RUNS=$(or $(RUNS),2000) $(BIN)/python -m pytest -n0 tests/stateful

setup: $(INSTALLED)

# Done once, and again when a lock or the package's own description changes.
$(INSTALLED): requirements-dev.lock pyproject.toml tests/clients/package-lock.json
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("Python 3.11 or newer \
	is needed, this is %d.%d; try: make PYTHON=python3.12" % v[:2])'
	@echo "[1/3] a virtual environment in .venv"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "[2/3] $$(grep -c '==' requirements-dev.lock) pinned packages (about a minute)"
	@$(PIP) install --quiet --no-deps --require-hashes --requirement requirements-dev.lock
	@echo "[3/3] the application itself"
	@PYTHONWARNINGS=ignore $(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m tests.clients.installing
	@$(PIP) check > .venv/check || { cat .venv/check; echo "the lock is stale: make lock"; exit 1; }
	@touch $@

lock: setup ## Write the lock files anew, keeping the versions that still fit
	@$(COMPILE) --extra dev --output-file requirements-dev.lock pyproject.toml
	@$(COMPILE) --constraint requirements-dev.lock --output-file requirements.lock pyproject.toml

upgrade: setup ## The same, with the newest versions that fit
	@$(COMPILE) --upgrade --extra dev --output-file requirements-dev.lock pyproject.toml
	@$(COMPILE) --upgrade --constraint requirements-dev.lock --output-file requirements.lock pyproject.toml

# As root the data of PostgreSQL may stand elsewhere, with a link to it here.
clean-data: ## Remove all data (var/); the next start begins empty
	@if [ -L var/postgres ]; then rm -rf -- "$$(readlink var/postgres)"; fi
	@rm -rf var
