# What one does with the program, each with one word. `make` alone lists them.
JOBS ?= 2
PY := .venv/bin/python
# No trace of the machine that made the lock: neither its mirror nor its folders.
LOCK_OPTIONS := --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --strip-extras

.DEFAULT_GOAL := help
.PHONY: help setup python ready ready-for-tests run init test test-pure validation lint screenshots lock

help:  ## list these words
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

ready: python
	@python3 scripts/prepare.py run

ready-for-tests: python
	@python3 scripts/prepare.py test

python:  # a bare Debian has none
	@command -v python3 >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -q && apt-get install -y python3 python3-venv; } \
		|| { echo "Please install Python 3.11 or newer."; exit 1; }

setup: ready-for-tests  ## install everything that running and testing need

run: ready  ## start the program, with the demonstration company at first
	@$(PY) app.py

init: ready  ## start with an empty company instead
	@$(PY) -m flask --app app init

test: ready-for-tests  ## run all tests, on SQLite and PostgreSQL and in the browser
	@$(PY) -m pytest -n $(JOBS)

test-pure: ready-for-tests  ## run the tests that need neither database nor browser
	@$(PY) -m pytest tests/pure

validation: ready-for-tests  ## run all tests and print the validation report (docs/validation)
	@rm -f instance/validation/tests.xml  # else a run that never came to its end would be reported by the results of another
	-@$(PY) -m pytest -n $(JOBS) --junitxml=instance/validation/tests.xml
	@$(PY) scripts/validation.py instance/validation/tests.xml

lint: ready-for-tests  ## check the style
	@$(PY) -m ruff check .

screenshots: ready-for-tests  ## photograph the main pages of the running demonstration for docs/user.md
	@$(PY) scripts/screenshots.py $(ADDRESS)

lock: ready-for-tests  ## choose the newest permitted versions and write them down
	@$(PY) -m piptools compile -q --upgrade $(LOCK_OPTIONS) -o requirements.txt requirements.in
	@$(PY) -m piptools compile -q --upgrade $(LOCK_OPTIONS) -o requirements-dev.txt requirements-dev.in
