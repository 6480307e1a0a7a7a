# Two commands serve a newcomer: `make demo` and `make test`. Each does all of its own set-up.

PYTHON ?= $(shell sh infra/find-python.sh)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOCK := env -u PIP_FIND_LINKS -u PIP_EXTRA_INDEX_URL PIP_CONFIG_FILE=/dev/null CUSTOM_COMPILE_COMMAND="make lock" \
	$(BIN)/pip-compile -q --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-find-links \
	--no-emit-trusted-host --strip-extras

.PHONY: demo test lint audit package bench soak lock clean setup

demo: $(READY)
	$(BIN)/tradewind demo $(ARGS)

test: $(READY)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

package: $(READY)
	$(BIN)/python -m chalicelib.web.catalogues compile
	$(BIN)/python -m infra.package $(ARGS)

bench: $(READY)
	$(BIN)/python -m bench $(ARGS)

audit: $(READY)
	npm install --no-audit --no-fund --silent --no-package-lock --prefix tests/web/lighthouse
	$(BIN)/python -m pytest -m audit -s $(ARGS)

soak: $(READY)
	$(BIN)/python -m pytest -n 2 -m soak $(ARGS)

setup: $(READY)

$(READY): requirements.txt requirements-dev.txt pyproject.toml infra/find-python.sh package.json
	@test -n "$(PYTHON)" || { echo "Tradewind needs Python 3.12 or newer (python3.13, python3.12, python3, or one of pyenv's)."; exit 1; }
	@command -v node >/dev/null || { echo "Tradewind needs Node.js 20 or newer, with npm, for the pages' script."; exit 1; }
	@echo "Setting up in $(VENV) with $(PYTHON) (a few minutes the first time) …"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	npm install --no-audit --no-fund --silent --no-package-lock
	npm install --no-audit --no-fund --silent --no-package-lock --prefix tests/web
	$(BIN)/python -m chalicelib.web.assets
	$(BIN)/python -m chalicelib.web.catalogues compile
	$(BIN)/python -m model_artifacts.text_encoder.build
	@touch $(READY)

lock:
	$(LOCK) -o requirements.txt pyproject.toml
	$(LOCK) --extra local --extra dev -c requirements.txt -o requirements-dev.txt pyproject.toml

clean:
	rm -rf $(VENV) build node_modules .mypy_cache .ruff_cache .pytest_cache
