# make serve   run the service; needs only Python 3.11 or newer
# make test    run all tests; installs torch too
# make check   check style, types and imports
# make bench   measure the service beside LitServe and two plain FastAPI scripts; takes 30 minutes
# make overload send ten times as many requests as can be answered, for a minute; fails on a broken promise
# make cluster kill a node of Ray Serve under load, overload it, and measure how it scales; takes ten minutes
# make refusals check that refusals of large uploads arrive, with every client installed; takes 20 minutes
# make fuzz    run the tests on generated files, requests and masks, for minutes instead of seconds
# make dashboard load the service for ten minutes, and draw what its dashboard shows; needs Prometheus: PROMETHEUS=PATH
# make soak    send an hour of mixed and hostile traffic; fails on a leak or a failed request
# make test-container build the container and test what it may do; with podman: ENGINE=podman COMPOSE=podman-compose
# make memory  send images of 49 megapixels to the service in 2 GiB, as root; fails if it is killed; takes 20 minutes
# make test-processors start the service on x86 and ARM processors that QEMU emulates; takes 15 minutes, ARM takes root
# make audit   look for known vulnerabilities in the dependencies that serve; asks the package index
# make sbom    write sbom.json: the dependencies that serve, as CycloneDX
# make docs    build the documentation's site in build/site; make docs-serve shows it at http://127.0.0.1:8001 as you write
# make pictures draw the documents' pictures again, but those that need data; needs chromium
# make openapi write docs/openapi.json, after an intended change of the API
# make lock    pin the newest versions of the dependencies in pyproject.toml

PYTHON ?= python3
# On Linux, pip may install a build for graphics cards; for the smaller one: make test TORCH="--index-url ... torch==2.13.0+cpu"
TORCH ?= torch==2.13.0
PIP = -m pip --disable-pip-version-check --quiet

NEW_ENOUGH = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	"fcn-serve needs Python 3.11 or newer; try make PYTHON=python3.13")'
LOCK = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade

SERVE = .venv/serve
DEV = .venv/dev
AUDIT = .venv/audit
ENGINE ?= docker
PROMETHEUS ?= prometheus
COMPOSE ?= docker compose

.PHONY: serve test test-container test-processors check format bench overload cluster refusals fuzz dashboard soak memory audit sbom docs docs-serve pictures openapi lock

serve: $(SERVE)/ready
	$(SERVE)/bin/python -m service

test: $(DEV)/ready
	$(DEV)/bin/python -m pytest

test-container: $(DEV)/ready
	ENGINE="$(ENGINE)" COMPOSE="$(COMPOSE)" $(DEV)/bin/python -m pytest tests/test_docker.py

test-processors: $(DEV)/ready
	PROCESSORS=all $(DEV)/bin/python -m pytest -rs -s tests/test_processors.py

check: $(DEV)/ready
	$(DEV)/bin/ruff check
	$(DEV)/bin/ruff format --check
	$(DEV)/bin/mypy
	$(DEV)/bin/lint-imports

format: $(DEV)/ready
	$(DEV)/bin/ruff check --fix
	$(DEV)/bin/ruff format

bench: $(DEV)/ready $(DEV)/bench
	$(DEV)/bin/python -m benchmarks speed

overload: $(DEV)/ready
	$(DEV)/bin/python -m benchmarks overload

cluster: $(DEV)/ready
	$(DEV)/bin/python -m benchmarks cluster

refusals: $(DEV)/ready
	$(DEV)/bin/python -m benchmarks refusals

fuzz: $(DEV)/ready
	FUZZ=full $(DEV)/bin/python -m pytest \
		tests/service/http/security/test_connections.py tests/service/http/test_hostile.py tests/service/http/test_hostile_scans.py tests/service/http/test_schema.py \
		tests/service/segmentation/inputs/test_decoder_properties.py tests/service/segmentation/inputs/test_nifti.py \
		tests/service/segmentation/inputs/test_dicom.py tests/service/segmentation/inputs/test_dicom_series.py \
		tests/service/segmentation/measures

dashboard: $(DEV)/ready
	$(DEV)/bin/python -m benchmarks dashboard --prometheus $(PROMETHEUS)

soak: $(DEV)/ready
	$(DEV)/bin/python -m benchmarks soak

memory: $(DEV)/ready
	$(DEV)/bin/python -m benchmarks memory

audit: $(AUDIT)/ready
	$(AUDIT)/bin/pip-audit --strict --require-hashes --disable-pip --requirement requirements/serve.txt

sbom: $(AUDIT)/ready $(SERVE)/ready
	$(AUDIT)/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --output-file sbom.json \
		$(SERVE)/bin/python

docs: $(DEV)/ready
	NO_MKDOCS_2_WARNING=1 $(DEV)/bin/python -m mkdocs build --strict

docs-serve: $(DEV)/ready
	NO_MKDOCS_2_WARNING=1 $(DEV)/bin/python -m mkdocs serve --dev-addr 127.0.0.1:8001

pictures: $(DEV)/ready
	$(DEV)/bin/python -m docsite.pictures
	$(DEV)/bin/python -m docsite.page

openapi: $(DEV)/ready
	$(DEV)/bin/python -c 'import json; from service.http import app; from service.serving import settings; \
		print(json.dumps(app.create_app(settings.Settings()).openapi(), indent=1))' > docs/openapi.json

lock: $(DEV)/ready
	$(DEV)/bin/$(LOCK) pyproject.toml --output-file requirements/serve.txt
	$(DEV)/bin/$(LOCK) pyproject.toml --output-file requirements/clinical.txt --extra clinical \
		--constraint requirements/serve.txt
	$(DEV)/bin/$(LOCK) pyproject.toml --output-file requirements/otel.txt --extra otel --constraint requirements/serve.txt
	$(DEV)/bin/$(LOCK) pyproject.toml --output-file requirements/dev.txt --extra train --extra clinical --extra cluster --extra otel --group dev requirements/under-torch.in \
		--constraint requirements/serve.txt --override requirements/without-torch.txt
	$(DEV)/bin/$(LOCK) pyproject.toml --output-file requirements/bench.txt --group bench --constraint requirements/dev.txt
	$(DEV)/bin/$(LOCK) --group audit --output-file requirements/audit.txt

$(SERVE)/ready: requirements/serve.txt
	$(NEW_ENOUGH)
	$(PYTHON) -m venv --clear $(SERVE)
	$(SERVE)/bin/python $(PIP) install --no-deps --require-hashes -r requirements/serve.txt
	touch $@

# torch is installed separately: which of its builds fits depends on the machine, so no hash fits all.
$(DEV)/ready: requirements/dev.txt
	$(NEW_ENOUGH)
	$(PYTHON) -m venv --clear $(DEV)
	$(DEV)/bin/python $(PIP) install --no-deps --require-hashes -r requirements/dev.txt
	$(DEV)/bin/python $(PIP) install $(TORCH)
	touch $@

$(AUDIT)/ready: requirements/audit.txt
	$(NEW_ENOUGH)
	$(PYTHON) -m venv --clear $(AUDIT)
	$(AUDIT)/bin/python $(PIP) install --no-deps --require-hashes -r requirements/audit.txt
	touch $@

$(DEV)/bench: requirements/bench.txt $(DEV)/ready
	$(DEV)/bin/python $(PIP) install --require-hashes -r requirements/bench.txt
	touch $@
