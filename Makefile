# make app    set everything up and start the app at http://127.0.0.1:8501
# make test   set everything up and run the suite; test-full: with the full counts, for hours
PYTHON ?= python3
UV := 0.13.8
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest

.PHONY: app test test-full lint format bench clean

app: .venv/app
	@$(BIN)/python -m fer_core demo --if-missing
	@$(BIN)/streamlit run app.py

test: .venv/dev
	@tests/browser/install-chromium
	@tests/install-postgresql
	$(PYTEST) -n 3 --dist loadfile --no-loadscope-reorder -m "not slow"

test-full: .venv/dev
	@tests/browser/install-chromium
	@tests/install-postgresql
	$(if $(PART),$(BIN)/python -m benchmarks.reliability run $(PART),$(PYTEST) -n 3 --dist loadfile)

lint: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: .venv/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/dev
	@grep -m1 '"""' benchmarks/*.py | sed 's/"""//g'

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache

# The files .venv/app and .venv/dev say which requirements are installed, so that a second run installs nothing.
.venv/uv: Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "FERret needs Python 3.11 or later (here: $$($(PYTHON) --version)). Say which one: make app PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "On Debian: apt install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV)
	@touch $@

.venv/app: .venv/uv requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.txt
	@touch $@

.venv/dev: .venv/app requirements-dev.txt requirements-extras.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements-dev.txt
	@touch $@
