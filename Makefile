# make demo    install into .venv and ask the sample corpus four questions
# make test    run every test
# make check   lint, format, types, import layers, documentation
# make models DATA=… BASE=… OUT=…   train the models that ship, from public data (see docs/how-to/train-models.md)
# make bench   the quick benchmarks that need no data set (see benchmarks/README.md for the rest)

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test check bench size models clean

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(PIP) --editable '.[dev,eval,code]'
	@touch $@

$(VENV)/installed-bench: $(VENV)/installed-dev
	$(PIP) --editable '.[bench]'
	@touch $@

demo: $(VENV)/installed
	$(BIN)/citewell demo

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest

check: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/test_docs.py

bench: $(VENV)/installed-bench
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/trace.py
	$(BIN)/python benchmarks/sync.py
	$(BIN)/python benchmarks/size.py

$(VENV)/installed-train: $(VENV)/installed
	$(PIP) --editable '.[train]'
	@touch $@

models: $(VENV)/installed-train
	$(BIN)/python -m scripts.make_models --data $(DATA) --base $(BASE) --output $(OUT)

size: $(VENV)/installed
	$(BIN)/python benchmarks/size.py

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
