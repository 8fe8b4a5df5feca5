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
# Workers of the test run; two suit a laptop and the CI machine.
WORKERS ?= 2
# What is passed on to pytest: make test ARGS="-k merge"
ARGS   ?=

STAMP_VENV := $(VENV)/.stamp-venv
STAMP_BASE := $(VENV)/.stamp-base
STAMP_DEV  := $(VENV)/.stamp-dev

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
	@for name in bootstrap base test dev; do \
	  $(COMPILE) $(if $(UPGRADE),--upgrade) requirements/$$name.in -o requirements/$$name.txt; \
	done
