# `make` alone lists the targets. ARGS is handed on: make test ARGS="-k silence -x"
# WORKERS is how many tests run beside each other, 0 for none: one more than there are cores,
# because two fifths of a test's time is waiting for servers.

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
SITE := $(VENV)/site
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet --require-hashes
PROJECT := $(PIP) install --quiet --no-deps --no-build-isolation --editable .
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(min(4, (os.cpu_count() or 1) + 1))')
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist loadgroup --durations 20
COMPILE := uv pip compile --universal --generate-hashes --no-emit-index-url --no-header \
	--no-annotate --python-version 3.11 --no-config --quiet

# Thousands of tests start savctl, and each worker reads all of them: compiled once is enough.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-fast test-deep test-mysql test-cluster test-servers chaos lint reference fmt check \
	bench scale docs lock release clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r name text; do printf '%-17s %s\n' "$$name" "$$text"; done

demo: $(VENV)/runtime.done ## install, and play some months of a shop's support tickets
	@$(BIN)/python -m compileall -q savctl jobs migrations
	@$(BIN)/savctl demo $(ARGS)

test: $(VENV)/dev.done test-servers ## all tests, on SQLite and private MariaDB, RabbitMQ and S3 servers
	$(PYTEST) $(ARGS)

test-fast: $(VENV)/dev.done ## what needs no server, on SQLite and a folder: in a minute or so
	SAVCTL_TEST_DATABASES=sqlite SAVCTL_TEST_STORES=directory SAVCTL_TEST_BROKER=0 \
		$(PYTEST) -m "not slow and not outside" $(ARGS)

test-deep: $(VENV)/dev.done test-servers ## every repetition and full size, on a real MySQL too
	@$(BIN)/python -m tests.servers.databases.mysql_unpack
	SAVCTL_TEST_DEEP=1 SAVCTL_TEST_DATABASES=sqlite,mariadb,mysql $(PYTEST) $(ARGS)

test-mysql: $(VENV)/dev.done ## the database tests on a real MySQL, unpacked into .cache/
	@$(BIN)/python -m tests.servers.databases.mysql_unpack
	@$(BIN)/python -m tests.servers.clamav_unpack
	SAVCTL_TEST_DATABASES=mysql SAVCTL_TEST_STORES=directory SAVCTL_TEST_BROKER=0 \
		SAVCTL_TEST_REQUIRE_SERVERS=1 $(PYTEST) $(ARGS)

test-cluster: $(VENV)/dev.done test-servers ## three nodes of Galera and of RabbitMQ, killed and cut off (root)
	@$(BIN)/python -m tests.servers.galera.unpack
	SAVCTL_TEST_CLUSTER=1 SAVCTL_TEST_DATABASES=mariadb $(BIN)/pytest -n 0 -rP \
		-W ignore::pytest.PytestUnraisableExceptionWarning tests/cluster $(ARGS)

test-servers: $(VENV)/dev.done
	@$(BIN)/python -m tests.servers.databases.install_mariadb
	@$(BIN)/python -m tests.servers.brokers.rabbitmq_unpack
	@$(BIN)/python -m tests.servers.clamav_unpack
	@$(BIN)/python -m tests.servers.redis_unpack
	@$(BIN)/python -m tests.servers.stores.ministack_install
	@$(BIN)/python -m tests.servers.install.prometheus_unpack
	@$(BIN)/python -m tests.servers.install.manifest_tools_install

chaos: $(VENV)/dev.done test-servers ## days full of faults on real servers; ARGS="--minutes 60 --seed 1 2 3"
	$(BIN)/python -m tests.chaos $(ARGS)

lint: $(VENV)/dev.done ## format, style, types and the floors of the design
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/names.py
	$(BIN)/python .ci/words.py
	$(BIN)/python .ci/reference.py
	$(BIN)/python .ci/manual.py

reference: $(VENV)/dev.done ## write docs/commands.md and the man pages from the command tree
	$(BIN)/python .ci/reference.py --write
	$(BIN)/python .ci/manual.py --write

docs: $(VENV)/docs.done ## build the site in build/docs/; each link and anchor is checked
	$(SITE)/bin/sphinx-build -q -W --keep-going -b html -c .ci/site -d build/doctrees docs build/docs

fmt: $(VENV)/dev.done ## format, and repair what ruff can
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

check: lint test ## lint and test

bench: $(VENV)/dev.done ## measure what the README promises; FULL=1 at full size
	@$(BIN)/python -m tests.servers.databases.install_mariadb
	@$(BIN)/python -m compileall -q savctl jobs migrations
	$(BIN)/python -m benchmarks $(if $(FULL),--full) $(ARGS)

scale: $(VENV)/dev.done ## every job and list at growing sizes, for docs/scale.md; ARGS="--sizes 5000000"
	@$(BIN)/python -m tests.servers.databases.install_mariadb
	@$(BIN)/python -m compileall -q savctl jobs migrations
	$(BIN)/python -m benchmarks.scale $(ARGS)

lock: $(VENV)/python.done ## pin requirements/ again; ARGS=--upgrade takes the newest
	@tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT && \
	$(BIN)/python -m venv "$$tools" && PATH="$$tools/bin:$$PATH" && pip install --quiet uv && \
	$(COMPILE) $(ARGS) pyproject.toml -o requirements/runtime.txt && \
	$(COMPILE) $(ARGS) pyproject.toml --group dev -c requirements/runtime.txt \
		-o requirements/dev.txt && \
	printf 'hatchling\neditables\n' | $(COMPILE) $(ARGS) - -c requirements/dev.txt \
		-o requirements/build.txt && \
	printf 'ministack\n' | $(COMPILE) $(ARGS) - -o requirements/ministack.txt && \
	printf 'kubernetes-validate\nhadolint-bin\ncompose-spec\n' | $(COMPILE) $(ARGS) - \
		-c requirements/dev.txt -o requirements/manifests.txt && \
	printf 'furo\nmyst-parser\nsphinx\n' | $(COMPILE) $(ARGS) - -o requirements/docs.txt

release: $(VENV)/dev.done ## build wheel, source archive, SHA256SUMS and changes into dist/
	@$(BIN)/python .ci/release.py $(ARGS)

clean: ## remove everything that was made here, the virtual environment too
	rm -rf $(VENV) .cache .*_cache .hypothesis dist build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What is installed, each with a stamp: a changed requirements file installs again.

$(VENV)/python.done:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo \
		"savctl needs Python 3.11 or newer; name one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo \
		"$(PYTHON) cannot make virtual environments; on Debian: apt-get install python3-venv" \
		>&2; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/runtime.done: $(VENV)/python.done requirements/runtime.txt requirements/build.txt \
		pyproject.toml
	@echo "installing what savctl needs into $(VENV)"
	@$(INSTALL) -r requirements/runtime.txt -r requirements/build.txt
	@$(PROJECT)
	@touch $@

$(VENV)/dev.done: $(VENV)/python.done requirements/dev.txt pyproject.toml
	@echo "installing what savctl and its tests need into $(VENV)"
	@$(INSTALL) -r requirements/dev.txt
	@$(PROJECT)
	@touch $@

$(VENV)/docs.done: $(VENV)/python.done requirements/docs.txt
	@echo "installing what the site is built with into $(SITE)"
	@$(PYTHON) -m venv --clear $(SITE)
	@$(SITE)/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes \
		-r requirements/docs.txt
	@touch $@
