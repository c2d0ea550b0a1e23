# `make demo` on a fresh clone sets up, builds and shows what this is about; every target is quick when there is
# nothing left to do. LIBTORCH_DIR=/folder uses a libtorch of your own; TORCH_VERSION and TORCH_INDEX_URL say which
# one `make setup` lays out in .libtorch. PREFIX and DESTDIR say where `make install` puts things.

# One configuration serves the tests and the `glow` they run: tests may then use @testable, and nothing is built twice.
CONFIGURATION ?= release
export CONFIGURATION PREFIX DESTDIR
FLAGS := -c $(CONFIGURATION) -Xswiftc -enable-testing
SWIFT_FILES := Package.swift Sources Tests Fuzzing Examples

.PHONY: help setup data build demo demo-faces test docs format lint clean photo-patches emoji faces fixtures shipped-models judge recognition report \
  faces-checks judge-checks codec-checks client python-checks studio studio-checks cluster-checks bench bench-quality bench-memory bench-scaling bench-gpu bench-studio bench-cluster \
  bench-codec bench-photographs fuzz install dist deb install-checks package-checks aarch64-checks

help: ## What there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## System packages and libtorch (in .libtorch)
	@Scripts/setup-system.sh
	@Scripts/setup-libtorch.sh
	@Scripts/setup-swift.sh

data: ## Fashion-MNIST, for the demo and the tests
	@Scripts/setup-data.sh

build: setup ## The command-line tool, .build/release/glow
	@Scripts/build.sh $(FLAGS) --product glow

install: build ## The program with all that it needs, in PREFIX (/usr/local); it may be moved (docs/install.md)
	@Packaging/install.sh

dist: build ## The same as a tarball that runs on other machines, in .build/dist
	@Packaging/dist.sh

deb: build ## The same as a package for this Debian, in .build/dist
	@Packaging/deb.sh

install-checks: build ## That an installed program runs from anywhere, and that nothing of the clone is needed
	@Tests/InstallChecks/check_installation.sh

package-checks: build ## That another package can depend on a version of this one, and that Examples/Consumer runs
	@Tests/InstallChecks/check_package.sh

aarch64-checks: setup ## That all C and C++ compiles for 64-bit ARM
	@Scripts/check-aarch64.sh

demo: data build ## Trains a small model, draws samples, and edits a face
	@Scripts/demo.sh

demo-faces: build ## Draws 8,000 faces, trains on them for about six minutes, and edits one
	@Scripts/demo-faces.sh

test: data build ## All tests
	@Scripts/setup-tensorboard.sh
	@Scripts/test.sh $(FLAGS)

docs: build ## The reference pages of the libraries, .build/docs/MODULE.doccarchive: all is documented, all examples compile
	@Scripts/docs.sh $(CONFIGURATION)
	@python3 Scripts/check-api-docs.py
	@python3 Scripts/check-examples.py $(CONFIGURATION)

format: ## Formats the Swift files in place
	@swift format --in-place --recursive $(SWIFT_FILES)

lint: ## Checks format, style, how the sources lie and the links of the docs
	@swift format lint --strict --recursive $(SWIFT_FILES)
	@python3 Scripts/check-links.py
	@python3 Scripts/check-layers.py
	@python3 Scripts/check-interface.py
	@if command -v shellcheck >/dev/null; then shellcheck -x Scripts/*.sh Packaging/*.sh Tests/InstallChecks/*.sh .ci/run; fi

clean: ## Removes what was built (not .libtorch, .data and runs)
	@rm -rf .build

photo-patches: ## Patches of photographs to train on (in .data/photo-patches-32; SIZE=64 for larger ones)
	@Scripts/make-photo-patches.sh

emoji: ## All emoji with attributes to train on (in .data/emoji-32; SIZE=64 for larger ones)
	@Scripts/make-emoji.sh

faces: ## Drawn faces with attributes to train on (in .data/faces-64; SIZE=32 for smaller ones)
	@Scripts/make-faces.sh

faces-checks: ## That drawn faces are what docs/data.md says
	@bash -c '. Scripts/packages.sh && need_dicebear'
	@.venv-faces/bin/python Tests/FacesChecks/check_faces.py

judge-checks: setup ## The measures by which edits and samples are judged
	@.libtorch/venv/bin/python Tests/JudgeChecks/check_judge.py

codec-checks: build ## That the codec's arithmetic is the same by every kernel, optimization, processor (aarch64 under qemu) and number of threads
	@Tests/CodecChecks/check_arithmetic.sh --aarch64
	@Tests/CodecChecks/check_program.sh

client: build ## python/swift_glow/client.py, the Python client, from what the program says of its API
	@bash -c '. Scripts/packages.sh && need_reader'
	@.venv-python/bin/python Scripts/make-client.py

python-checks: build ## The Python reader of models (docs/python.md) beside the program, its notebook, and the client of its server
	@bash -c '. Scripts/packages.sh && need_reader'
	@OMP_NUM_THREADS=1 .venv-python/bin/python -m unittest discover -q -s python/tests -t python
	@.venv-python/bin/python Tests/PythonChecks/check_client.py
	@.venv-python/bin/python Tests/PythonChecks/check_reader.py

fixtures: setup ## Reference values for the tests, from PyTorch and normflows
	@Scripts/make-fixtures.sh

shipped-models: data build ## Trains the models in Models anew, one after the other (over three hours; ONLY=photos)
	@Scripts/shipped-models.sh

judge: build faces ## What a judge says of the shipped faces' samples and edits (a quarter of an hour; JUDGE_FLAGS; docs/measurements/judge.md)
	@.libtorch/venv/bin/python -c 'import PIL' 2>/dev/null || .libtorch/venv/bin/python -m pip install --quiet pillow
	@.libtorch/venv/bin/python Scripts/judge.py --data .data/faces-64 --model faces --told --strengths 1,2 $(JUDGE_FLAGS)

recognition: build data ## How many samples of the shipped model a classifier recognizes
	@rm -rf .data/recognition/samples
	@.build/release/glow sample --model fashion-mnist --temperature 0.7 --count 1000 --files --out .data/recognition/samples
	@.libtorch/venv/bin/python Scripts/recognition.py --samples .data/recognition/samples --cache .data/recognition

report: data build photo-patches emoji ## The report in docs/measurements, hours on two cores; QUICK=1: less, in runs; FACES=1: its faces alone
	@bash -c '. Scripts/packages.sh && need_pillow && { command -v cjxl >/dev/null || need_packages libjxl-tools; }'
	@Scripts/make-faces.sh
	@SIZE=32 Scripts/make-faces.sh
	@Scripts/build.sh $(FLAGS) --product study-report
	@Scripts/report.sh $(if $(QUICK),--quick) $(if $(FACES),--faces)

studio: build ## The shipped faces and the demo's model (without one, the shipped clothes) in the browser: http://127.0.0.1:8080/
	@Scripts/studio.sh

studio-checks: build ## The page in headless Chromium with axe, in Firefox and behind nginx, the API under schemathesis, and a generated client
	@Scripts/setup-studio-checks.sh
	@.venv-studio/bin/python Tests/StudioChecks/check_client.py
	@.venv-studio/bin/python Tests/StudioChecks/check_proxy.py
	@.venv-studio/bin/python Tests/StudioChecks/check_api.py
	@.venv-studio/bin/python Tests/StudioChecks/check_page.py
	@.venv-studio/bin/python Tests/StudioChecks/check_firefox.py

cluster-checks: build data ## Trains across two hosts that are network namespaces, and pulls their cable (as root)
	@bash -c '. Scripts/packages.sh && need_packages iproute2'
	@python3 Tests/ClusterChecks/check_hosts.py $(CHECK_FLAGS)

bench: build ## Speed and memory beside PyTorch's Glows, in one table (a quarter of an hour)
	@Scripts/setup-peers.sh
	@python3 Benchmarks/bench.py $(BENCH_FLAGS)

bench-quality: build data photo-patches ## Bits/dim against CPU seconds beside PyTorch's Glows, in tables and plots (hours; it goes on where it was stopped)
	@Scripts/setup-peers.sh
	@.venv-peers/bin/python Benchmarks/quality.py $(BENCH_FLAGS)

bench-memory: build ## Peak memory against depth, drawn in docs/images/memory.png
	@Scripts/setup-peers.sh
	@.venv-peers/bin/python Benchmarks/memory.py

bench-scaling: build ## Images a second against batch, width and image size, drawn in docs/images/scaling.png
	@Scripts/setup-peers.sh
	@.venv-peers/bin/python Benchmarks/scaling.py

bench-studio: build data ## The server's throughput and latency under load, with and without batching
	@bash -c '. Scripts/packages.sh && need_packages wrk'
	@python3 Benchmarks/studio.py $(BENCH_FLAGS)

bench-cluster: build data ## How two processes scale on links of several speeds, and what a model says of it (as root, half an hour)
	@bash -c '. Scripts/packages.sh && need_packages iproute2'
	@python3 Benchmarks/cluster/measure.py $(BENCH_FLAGS)
	@python3 Benchmarks/cluster/model.py

bench-codec: build data photo-patches emoji faces ## The codec beside PNG, WebP and JPEG XL, in a table for each of four data sets (trains one model)
	@bash -c '. Scripts/packages.sh && need_pillow && { command -v cjxl >/dev/null || need_packages libjxl-tools; }'
	@.venv-pictures/bin/python -c 'import matplotlib' 2>/dev/null || .venv-pictures/bin/python -m pip install --quiet matplotlib
	@Benchmarks/codec.sh

bench-photographs: build ## Training on 12-megapixel JPEGs beside the same set packed (BENCH_FLAGS="--before OLDER/glow")
	@bash -c '. Scripts/packages.sh && need_pillow'
	@.venv-pictures/bin/python Benchmarks/photographs.py $(BENCH_FLAGS)

bench-gpu: build ## Speed and memory on one NVIDIA GPU beside PyTorch's Glows, in one table
	@Scripts/setup-peers.sh
	@python3 Benchmarks/gpu.py $(BENCH_FLAGS)

fuzz: setup ## Hostile files for a parser: PARSER=idx (or all) INPUTS=1000000; docs/measurements/fuzzing.md
	@PARSER="$(PARSER)" INPUTS="$(INPUTS)" Scripts/fuzz.sh
