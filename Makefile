# Everything runs in .venv, which is made on first use and refreshed when pyproject.toml changes.

PYTHON  ?= python3
BIN     := .venv/bin
WEDSYNC := $(BIN)/wedsync-realtime
BASE    := .venv/.base-stamp
TOOLS   := .venv/.tools-stamp
RELAY   := .venv/.relay-stamp
NODE    := .venv/.node-stamp
PAGE    := .venv/.page-stamp
TEST    := .venv/.test-stamp
# Shells too have a variable BROWSER.
ifneq ($(origin BROWSER),command line)
BROWSER :=
endif
# Finds, installs or fetches the server of the tests; with DOCKER=1 they bring their own.
SERVER   = $(if $(DOCKER),export DOCKER=$(DOCKER),server=$$($(WEDSYNC) test-server) && eval "$$server")

# Where it is set, as in many an image, every start of Python would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help migrate plan verify baseline rollback uninstall status bundle psql stop clean maintain \
        metrics dashboard top relay demo listen client bench wheel test test-all lint fmt

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-11s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

migrate: $(BASE) ## deploy to DATABASE_URL, or to an embedded PostgreSQL that is installed and started; NO_CRON=1 without pg_cron
	@$(WEDSYNC) migrate $(if $(NO_CRON),--no-cron)

plan: $(BASE) ## what migrate would run; SQL=1 prints the SQL
	@$(WEDSYNC) plan $(if $(SQL),--sql)

verify: $(BASE) ## compare the objects in the database with what was deployed; DIFF=1 shows both sides
	@$(WEDSYNC) verify $(if $(DIFF),--diff)

baseline: $(BASE) ## adopt a database that has the objects but no record of a deployment
	@$(WEDSYNC) baseline

rollback: $(BASE) ## for development: undo migrations down to TO=0008; tells what is lost, asks, unless YES=1
	@$(WEDSYNC) rollback $(if $(TO),--to $(TO)) $(if $(YES),--yes)

uninstall: $(BASE) ## take the package away, the application stays as it was found; asks, unless YES=1
	@$(WEDSYNC) uninstall $(if $(YES),--yes)

status: $(BASE) ## what is applied, pending and changed, and what the server has
	@$(WEDSYNC) status

bundle: $(BASE) ## write INTO=supabase/migrations/<time>_realtime_system.sql for `supabase db push`
	@$(WEDSYNC) bundle $(if $(INTO),--into "$(INTO)") $(if $(NO_CRON),--no-cron)

psql: $(BASE) ## open psql on the database, with a menu of what can be looked at
	@$(WEDSYNC) psql

stop: $(BASE) ## stop the embedded PostgreSQL; its data stays
	@$(WEDSYNC) stop

clean: $(BASE) ## delete the embedded PostgreSQL with its data; asks first, unless YES=1
	@$(WEDSYNC) clean $(if $(YES),--yes)

maintain: $(BASE) ## do the work of the cron jobs once, or every EVERY=60 seconds
	@$(WEDSYNC) maintain $(if $(EVERY),--every $(EVERY))

metrics: $(BASE) ## print the figures for Prometheus, or serve them at LISTEN=127.0.0.1:9187
	@$(WEDSYNC) metrics $(if $(LISTEN),--listen $(LISTEN))

dashboard: $(TOOLS) ## serve a page on this machine: who listens, what is refused, what is wrong (PORT=7400)
	@$(WEDSYNC) dashboard $(if $(PORT),--port $(PORT))

top: $(TOOLS) ## the same in the terminal, every EVERY=2 seconds
	@$(WEDSYNC) top $(if $(EVERY),--every $(EVERY))

relay: $(RELAY) ## push the events to clients through NATS_URL, or through a NATS server that is started
	@$(WEDSYNC) relay $(if $(LISTEN),--listen $(LISTEN)) $(if $(WEBSOCKET),--websocket $(WEBSOCKET))

demo: $(if $(BROWSER),$(PAGE),$(BASE)) ## play a scene with suppliers and couples, in a database of its own, which KEEP=1 keeps; BROWSER=1: on a page (PORT=7410)
	@$(WEDSYNC) demo $(if $(BROWSER),--browser $(if $(PORT),--port $(PORT))) $(if $(KEEP),--keep)

listen: $(BASE) ## print the events of CHANNEL=form-responses as USER=<uuid> receives them
	@$(WEDSYNC) listen "$(CHANNEL)" "$(if $(filter command,$(origin USER)),$(USER))"

client: $(BASE) ## print the TypeScript client, typed for the database's channels: make client > realtime.ts
	@$(WEDSYNC) client

bench: $(RELAY) ## measure throughput and latency
	@$(WEDSYNC) bench $(ARGS)

wheel: $(BASE) ## build dist/*.whl, which carries the command and the SQL
	@$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .

test: $(TEST) $(NODE) lint ## lint, pgTAP and pytest against a throwaway PostgreSQL (PG=17: of that major; DOCKER=1: in a container)
	@$(SERVER) && $(BIN)/python -m tests.support.tools && $(BIN)/pytest $(ARGS)

test-all: ## the same on every major: PostgreSQL 15, 16, 17 and 18
	@for major in 15 16 17 18; do $(MAKE) --no-print-directory test PG=$$major || exit; done

lint: $(TEST) $(if $(PG),$(NODE)) ## sqlfluff, ruff, mypy, and plpgsql_check over every function
	@$(SERVER) && $(BIN)/python -m tests.support.lint

fmt: $(TEST) ## format the Python files
	@$(BIN)/ruff check --quiet --fix-only scripts tests && $(BIN)/ruff format --quiet scripts tests

# One run of pip brings all that a target needs.
EXTRAS :=
$(TOOLS): EXTRAS := tools
$(RELAY): EXTRAS := relay
$(PAGE): EXTRAS = relay tools $(if $(shell command -v npm 2>/dev/null),,node)
$(TEST): EXTRAS := test

$(BASE) $(TOOLS) $(RELAY) $(PAGE) $(TEST): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { \
		echo 'error: there is no $(PYTHON) on this machine; 3.11 or newer is needed.' >&2; \
		echo 'fix: install it, then run make again, or make PYTHON=/path/to/python3.11.' >&2; exit 1; }
	@echo 'Preparing .venv$(if $(EXTRAS), with what it needs for: $(EXTRAS)) …' >&2
	@$(PYTHON) scripts/make_venv.py .venv $(EXTRAS)
	@touch $@ $(BASE)

$(NODE): $(BASE)
	@command -v npm >/dev/null || { echo 'Adding npm to .venv …' >&2; $(PYTHON) scripts/make_venv.py .venv node || exit 0; }; \
	touch $@
