# Everything starts here. `make help` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PY     := $(BIN)/python
HOST   ?= 0.0.0.0
PORT   ?= 8000
# Workers of the test run; three suit two cores, for many tests wait for processes.
WORKERS ?= 3
# Workers of the pages' run: a browser and a server each, which keep a core busy.
PAGE_WORKERS ?= 2
# What is passed on to pytest: make test ARGS="-k merge"
ARGS   ?=

STAMP_VENV := $(VENV)/.stamp-venv
STAMP_BASE := $(VENV)/.stamp-base
STAMP_DEV  := $(VENV)/.stamp-dev

# A shell that forbids bytecode files makes every process compile OMS anew: three seconds of four.
unexport PYTHONDONTWRITEBYTECODE

# -- environment --------------------------------------------------------------------------------
# pip installs the hashed `uv`, uv installs the rest in seconds; where uv has no build, pip does it.
$(STAMP_VENV): requirements/bootstrap.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "OMS needs Python 3.11 or newer: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "This Python cannot make a venv. On Debian or Ubuntu: apt-get install python3-venv"; \
	       exit 1; }
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes \
	  -r requirements/bootstrap.txt || echo "uv is not available here: pip will install the rest"
	@touch $@

define install
	@echo "Installing $(1)"
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes \
	    $(addprefix -r ,$(1)) 2>/dev/null \
	  || $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes \
	    $(addprefix -r ,$(1))
endef

$(STAMP_BASE): $(STAMP_VENV) requirements/base.txt
	$(call install,requirements/base.txt)
	@touch $@

$(STAMP_DEV): $(STAMP_BASE) requirements/test.txt requirements/dev.txt
	$(call install,requirements/base.txt requirements/test.txt requirements/dev.txt)
	@touch $@

.PHONY: install install-dev requirements
install: $(STAMP_BASE) ## Make the virtual environment with what the product needs
install-dev: $(STAMP_DEV) ## The same, with what tests and checks need

COMPILE = $(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
  --no-emit-index-url --custom-compile-command "make requirements"
requirements: $(STAMP_VENV) ## Compile requirements/*.in into hashed *.txt (UPGRADE=1 for newer versions)
	@for name in bootstrap base terminusdb test dev; do \
	  $(COMPILE) $(if $(UPGRADE),--upgrade) requirements/$$name.in -o requirements/$$name.txt; \
	done

# -- running ------------------------------------------------------------------------------------
.PHONY: run setup
setup: $(STAMP_BASE) ## Migrate, make an administrator at first start, seed the demo
	@$(PY) manage.py setup

run: setup ## Serve the console, REST and GraphQL with Daphne (HOST=0.0.0.0 PORT=8000)
	@echo
	@echo "  Console   http://localhost:$(PORT)/console/"
	@echo "  REST      http://localhost:$(PORT)/api/v1/docs"
	@echo "  GraphQL   http://localhost:$(PORT)/graphql"
	@echo
	@echo "  Ctrl-C ends it."
	@DJANGO_SETTINGS_MODULE=$${DJANGO_SETTINGS_MODULE:-oms_project.settings.dev} DEBUG=$${DEBUG:-false} \
	  exec $(BIN)/daphne -v 0 -b $(HOST) -p $(PORT) oms_project.asgi:application

# -- quality ------------------------------------------------------------------------------------
.PHONY: check proto reference format test test-sqlite test-postgresql coverage bench faults
check: $(STAMP_DEV) ## Lint, types, import rules, templates, migrations, documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	@if [ -n "$$(find templates audit events ontology oms_project scheduling -name '*.html' -print -quit)" ]; then \
	  $(BIN)/djlint --quiet --lint templates audit events ontology oms_project scheduling; fi
	DJANGO_SETTINGS_MODULE=oms_project.settings.test $(PY) manage.py makemigrations --check --dry-run
	DJANGO_SETTINGS_MODULE=oms_project.settings.test $(PY) manage.py spectacular \
	  --validate --fail-on-warn --file /dev/null
	$(BIN)/pytest -q -p no:cacheprovider tests/reference

proto: $(STAMP_DEV) ## Make the Python of ontology/rpc/v1 from its proto file
	$(PY) -m grpc_tools.protoc -I. --python_out=. --pyi_out=. --grpc_python_out=. \
	  ontology/rpc/v1/kernel.proto

reference: $(STAMP_DEV) ## Write docs/reference from the code
	DJANGO_SETTINGS_MODULE=oms_project.settings.test $(PY) -m tests.reference.pages

format: $(STAMP_DEV) ## Format the code and mend what can be mended by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# In the order of the folders: the few slow files of contract and faults start first, and those that
# say that they are slow before them, so that no worker waits for them at the end.
SPREAD = --dist loadfile --no-loadscope-reorder
PYTEST = $(BIN)/pytest -n $(WORKERS) $(SPREAD)

# Everything on SQLite, then everything that touches the database once more on PostgreSQL. Pages
# have a run of their own: the browser's driver leaves an event loop in its process, and Django then
# refuses database calls there. Every run happens even when one before fails, and each failure
# counts; that ARGS select nothing in one of them (exit code 5) is no failure.
test: $(STAMP_DEV) ## The whole suite, on SQLite and on PostgreSQL (ARGS="-k merge")
	@status=0; \
	$(BIN)/pytest -n $(PAGE_WORKERS) $(SPREAD) -m e2e $(ARGS) || [ $$? = 5 ] || status=1; \
	$(PYTEST) -m "not e2e" $(ARGS) || status=$$?; \
	$(PY) -m tests.services postgresql -- $(PYTEST) -m "data and not e2e" $(ARGS) || status=$$?; \
	exit $$status

test-sqlite: $(STAMP_DEV) ## The suite on SQLite only, without pages
	$(PYTEST) -m "not e2e" $(ARGS)

test-postgresql: $(STAMP_DEV) ## What touches the database, on PostgreSQL
	$(PY) -m tests.services postgresql -- $(PYTEST) -m "data and not e2e" $(ARGS)

coverage: $(STAMP_DEV) ## The suite on SQLite with line and branch coverage
	$(PYTEST) -m "not e2e" --cov --cov-report=term-missing:skip-covered --cov-report=html $(ARGS)

bench: $(STAMP_DEV) ## OMS and its peers side by side, as ratios (DATABASE=postgresql ARGS="--row 2")
	$(PY) -m tests.benchmarks $(if $(DATABASE),--database $(DATABASE)) $(ARGS)

faults: $(STAMP_DEV) ## Kill, race and starve it in full length (the test suite has a short form)
	$(BIN)/pytest tests/faults --full $(ARGS)

# -- housekeeping -------------------------------------------------------------------------------
.PHONY: clean help
clean: ## Remove the virtual environment and caches; keeps var/, where the data is
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache htmlcov
	rm -f .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' \
	  $(MAKEFILE_LIST)
