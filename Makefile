PYTHON ?= python3
VENV := .venv

.PHONY: venv
venv: $(VENV)/.made  ## make .venv with the tool (editable) and everything its development needs

$(VENV)/.made: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --editable '.[dev]'
	touch $@
