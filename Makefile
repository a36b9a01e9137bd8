# Tenure needs Python 3.11 or newer, git and make; everything else is installed into .venv.
#
#   make demo     install, import a sample, print its revenue tables, serve it on 127.0.0.1:8000
#   make test     install, run every test this machine can run, say what was skipped and how to get it
#   make lint     ruff, mypy, import-linter, migrations, translations, documentation
#   make format   put every file into the house's format
#   make docs     write the reference pages that are made from the code
#   make pictures take the pictures of the documentation anew, by the tests that walk the demo
#   make bench    run every benchmark and print its figures
#   make lock     choose today's versions of every dependency and write constraints.txt
#   make clean    remove what was built, and .venv

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
STAMP := .venv/.installed
ARGS ?=

# What the installed package is built from: a change of any of these installs again.
INPUTS := pyproject.toml constraints.txt $(wildcard hatch_build.py) \
	$(shell find frontend src/tenure/locale -type f -not -path '*/node_modules/*' -not -name '*.mo' 2>/dev/null)

.PHONY: demo test lint format docs pictures bench lock clean
.DEFAULT_GOAL := demo

demo: $(STAMP)
	$(BIN)/tenure demo $(ARGS)

test: $(STAMP)
	$(BIN)/python scripts/run_tests.py $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m django makemigrations --check --dry-run --settings tenure.config.settings
	$(BIN)/python scripts/check_translations.py
	$(BIN)/python scripts/check_docs.py

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP)
	$(BIN)/python scripts/make_reference.py

pictures: $(STAMP)
	mkdir -p docs/images
	TENURE_TEST_PICTURES=docs/images $(BIN)/python -m pytest -q tests/web/browser/test_walk.py

bench: $(STAMP)
	@set -e; for figure in $$(grep -l '__main__' bench/*.py); do echo "== $$figure"; $(BIN)/python $$figure; done

lock: $(STAMP)
	$(BIN)/python scripts/lock.py

clean:
	rm -rf .venv dist build frontend/node_modules src/tenure/web/static/build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find src -name '*.mo' -delete

$(STAMP): $(INPUTS)
	@test -n "$(PYTHON)" || { echo "Tenure needs Python 3.11 or newer, and none was found on the PATH." \
		"Install one, or name it: make demo PYTHON=PATH_TO_PYTHON"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) cannot make a virtual environment:" \
		"its modules venv and ensurepip are missing. On Debian and Ubuntu install the package python3-venv," \
		"or name another Python: make demo PYTHON=PATH_TO_PYTHON"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt pip
	@echo "Installing Tenure into .venv (about a minute the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--build-constraint constraints.txt --group dev --editable .
	@touch $(STAMP)
