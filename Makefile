# The two commands that matter: `make demo` and `make run`. The rest is for developers.
.DEFAULT_GOAL := help
.PHONY: help demo run setup test lint types lock clean bench faults
SHELL := /bin/sh

VENV ?= .venv
PY := $(VENV)/bin/python
ENGINE ?= both
JOBS ?= 5
CODE := app processes config.py run.py
# Workers of the tests, and the processes that they start, share compiled bytecode whatever the caller's shell says.
export PYTHONDONTWRITEBYTECODE :=
PIP := $(PY) -m pip --disable-pip-version-check -q -q install --no-compile --no-deps
# uv brings the packages in a fifth of pip's time; where it cannot (an index that only pip's settings name), pip does
UV := uv==0.13.9
INSTALL = $(PY) -m uv pip install -q --python $(PY) --no-deps --no-build $(1) 2>/dev/null || $(PIP) $(1)
# bytecode of what is installed, but for what nobody imports: the classes of plotly, of which only the script is served,
# the packages' own tests, and what they bring along for others. Whoever does import it compiles it then.
UNUSED := plotly|_plotly_utils|narwhals|mypy|mypyc|pip|setuptools|pkg_resources|graphql|pyasn1_modules|sqlalchemy/testing
UNUSED := $(UNUSED)|pygments/(lexers|styles)|phonenumbers/(short)?data|.*/tests
COMPILE = $(PY) -m compileall -q -j 0 -x '/site-packages/($(UNUSED))/'

help:
	@echo "make demo    the panel with a demo shop in it"
	@echo "make run     the panel, empty; the terminal shows the address of the first page"
	@echo "make test    the whole suite, in its own environment, with a real browser"
	@echo "make lint    ruff      make types   mypy      make lock   pin the requirements anew"
	@echo "make bench   measure: B=imports, B=exports, B=bulk, B=records or B=live [QUICK=1] [N=postgresql]"
	@echo "make faults  kill, freeze and cut off what works: a hundred thousand rows, each once; half a minute without network [ENGINE=postgresql] [FAULT_SEED=7]"
	@echo "make clean   remove what make has made; the data in ./instance stay"

demo: $(VENV)/.ready
	@exec $(PY) run.py --demo

run: $(VENV)/.ready
	@exec $(PY) run.py

setup: $(VENV)/.ready
	@exec $(PY) run.py setup

# Bytecode is compiled at once and in parallel: the first start need not do it, and a read-only install never could.
$(VENV)/.ready: requirements.txt | $(PY)
	@echo "Installing the packages (once, a minute or two)."
	@$(call INSTALL,-r requirements.txt) || { echo "The packages could not be installed; pip's message is above." >&2; exit 1; }
	@$(COMPILE) $(VENV)/lib $(CODE) >/dev/null || true
	@touch $@

# The tools do not need the packages to be there: with `make -j` both come at once.
$(VENV)/.tools: requirements-dev.txt | $(PY)
	@echo "Installing what tests and checks need."
	@grep -v "^-r" requirements-dev.txt > $(VENV)/tools.txt
	@$(call INSTALL,-r $(VENV)/tools.txt)
	@touch $@

$(VENV)/.dev: $(VENV)/.ready $(VENV)/.tools
	@touch $@

$(PY):
	@found=; for candidate in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$candidate; break; fi; \
	done; \
	test -n "$$found" || { echo "Zhanggui needs Python 3.11 or newer; on Debian: apt-get install python3 python3-venv" >&2; exit 69; }; \
	"$$found" -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "Python's venv module is missing; on Debian: apt-get install python3-venv" >&2; exit 69; }; \
	"$$found" -m venv $(VENV) && { $(PIP) $(UV) 2>/dev/null || true; }

test: $(VENV)/.dev
	@command -v git >/dev/null || { echo "The tests need git; on Debian: apt-get install git" >&2; exit 69; }
	@CHROMIUM=$$($(PY) tests/chromium.py) && export CHROMIUM && \
	$(PY) -m pytest -q --workers $(JOBS) --engine $(ENGINE) $(ARGS)

lint: $(VENV)/.dev
	@$(PY) -m ruff check .

types: $(VENV)/.dev
	@$(PY) -m mypy

lock:
	@command -v uv >/dev/null || { echo "Pinning needs uv: https://docs.astral.sh/uv/" >&2; exit 69; }
	@uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header pyproject.toml -o requirements.txt
	@uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --extra dev pyproject.toml \
	  -c requirements.txt -o requirements-dev.txt
	@grep -vxFf requirements.txt requirements-dev.txt > requirements-dev.tmp
	@{ echo "-r requirements.txt"; cat requirements-dev.tmp; } > requirements-dev.txt && rm requirements-dev.tmp

bench: $(VENV)/.dev
	@$(PY) -m bench.$(or $(B),imports) $(N) $(if $(QUICK),quick)

# The long form of what make test does with some thousands of rows.
faults: $(VENV)/.dev
	@CHROMIUM=$$($(PY) tests/chromium.py) && export CHROMIUM && FAULT_ROWS=$(or $(FAULT_ROWS),100000) \
	$(PY) -m pytest -q -s --engine $(ENGINE) $(ARGS) tests/faults tests/journeys/test_live_session.py

clean:
	@rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache
	@find app processes tests -name __pycache__ -prune -exec rm -rf {} + -o -name '*.mo' -exec rm -f {} +
