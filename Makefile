# The five verbs. Python 3.11 or newer and make are all that they need.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo up test lock

setup: .venv/.ready

.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; say which: make setup PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	@if command -v uv >/dev/null; then uv pip install -q -p $(BIN)/python --require-hashes -r requirements.lock; \
	else $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements.lock; fi
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup
	$(BIN)/deckport demo

up: setup
	$(BIN)/deckport up

test: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

lock:
	uv pip compile -q --universal --generate-hashes --no-strip-extras --no-emit-index-url --python-version 3.11 \
		pyproject.toml --extra test -o requirements.lock
