# Two commands do everything on a fresh machine: `make run` and `make test`.
PORT ?= 8000
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A demonstration: invented people, figures marked 演示数据, log-in without passwords.
DEMO_ENV := DEMO=1

.DEFAULT_GOAL := help
.PHONY: help run test lint soak handbook bench-browser

help: ## List the commands.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: $(VENV)/.runtime ## Serve the demonstration on PORT (8000): three campaigns, one of them running. Keeps its data; delete var/ for a fresh one.
	@mkdir -p var/static
	@$(DEMO_ENV) $(BIN)/python manage.py migrate --verbosity 0
	@$(DEMO_ENV) $(BIN)/python manage.py load_demo --unless-loaded
	@$(DEMO_ENV) $(BIN)/python manage.py demo_log_ins --port $(PORT)
	@$(DEMO_ENV) $(BIN)/python manage.py runserver --noreload --skip-checks 127.0.0.1:$(PORT)

test: $(VENV)/.development ## Run the whole suite; on PostgreSQL where DATABASE_URL names one. ARGS= goes to pytest.
	@mkdir -p var/static
	@DEBUG=1 $(BIN)/python -m pytest --numprocesses=auto $(ARGS)

soak: $(VENV)/.development ## Run the long fuzz, load and fault runs, their figures printed. ARGS= goes to pytest.
	@mkdir -p var/static
	@DEBUG=1 $(BIN)/python -m pytest -m soak --capture=no $(ARGS)

handbook: $(VENV)/.development ## Take the handbook's pictures from a fresh demonstration. ARGS= names chapters, or --url of a running one.
	@PYTHONPATH=docs/handbook $(BIN)/python -m screenshots $(ARGS)

bench-browser: $(VENV)/.development ## Measure the entry page in Chromium: keystroke to paint, first paint, paste to stored.
	@mkdir -p var/static
	@DEBUG=1 $(BIN)/python -m pytest -m soak --capture=no tests/soak/test_entry_speed.py $(ARGS)

lint: $(VENV)/.development ## Check style, templates and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --lint --quiet templates
	DEBUG=1 $(BIN)/mypy
	DEBUG=1 $(BIN)/python manage.py makemigrations --check --dry-run --verbosity 0

$(VENV)/.runtime: requirements.txt
	$(PYTHON) -m venv $(VENV) || { echo "缺少 venv 模块：请先安装 python3-venv。" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.development: requirements-dev.txt $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
