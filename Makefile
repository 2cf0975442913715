# Everything a person or a CI server does with Mayfly. The scripts behind the targets are in .ci/.
.DEFAULT_GOAL := help
.PHONY: help demo test unit bench-log bench-egress bench-start fuzz escape-kits gitlab-stub image package deb rpm tar test-package run format check-format reproducible \
        doctor setup engine-start engine-stop clean

MVN := .ci/mvn
MAYFLY := runner-daemon/target/mayfly

help: ## list the targets
	@echo 'Usage: make TARGET'; echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## set up what is missing, build, and see real jobs run
	@.ci/setup build image engine
	@$(MAKE) --no-print-directory image package
	@.ci/engine exec .ci/demo

test: ## set up what is missing and run every test: scripts, image, unit, integration
	@.ci/test

unit: ## compile and run the fast tests, which need a JDK and Maven only
	@.ci/setup build
	@$(MVN) test

bench-log: ## measure the log pipeline: QUICK=1 below 2 minutes, STRICT=1 fails when a floor is missed
	@.ci/setup build
	@QUICK=$(QUICK) STRICT=$(STRICT) ENGINE=$(ENGINE) .ci/bench-log

bench-egress: ## measure what filtered connections of jobs cost: QUICK=1 about one minute
	@.ci/setup build
	@QUICK=$(QUICK) .ci/bench-egress

bench-start: deb ## measure start and idle memory of the packaged daemon, with and without its cache
	@.ci/engine exec .ci/bench-start

TIME := 3600
fuzz: ## search for texts that the log masker gets wrong: make fuzz TIME=3600 (seconds)
	@.ci/setup build
	@.ci/fuzz $(TIME)

escape-kits: package ## try well-known container escape kits in a job of each level; MIRROR=DIRECTORY has their sources
	@.ci/engine exec agent-image/build.sh
	@MIRROR=$(MIRROR) .ci/engine exec .ci/escape-kits

PORT := 9480
gitlab-stub: ## start the tests' GitLab with a page, to try a registration: make gitlab-stub PORT=9480 REPO=DIRECTORY
	@.ci/setup build
	@.ci/gitlab-stub $(PORT) $(if $(REPO),"$(abspath $(REPO))")

image: ## build the agent image mayfly/agent
	@.ci/setup image engine
	@.ci/engine exec agent-image/build.sh

package: ## build the daemon: runner-daemon/target/mayfly runs it
	@.ci/setup build
	@$(MVN) -q -DskipTests package
	@ln -sfn dist/bin/mayfly $(MAYFLY)
	@echo 'Built: $(MAYFLY)'

deb: image package ## build target/package/mayfly_VERSION_ARCHITECTURE.deb, with its own Java and the agent image
	@.ci/setup packages
	@.ci/engine exec .ci/package deb

rpm: image package ## the same as .rpm
	@.ci/setup packages
	@.ci/engine exec .ci/package rpm

tar: image package ## the same as .tar.gz, for hosts without dpkg and rpm
	@.ci/engine exec .ci/package tar

test-package: ## build all packages, and install, upgrade and purge them in a Debian with systemd of their own
	@.ci/setup packages package-tests
	@$(MAKE) --no-print-directory image package
	@.ci/engine exec .ci/package deb rpm tar
	@.ci/python-tests config/package/test target/test/package

run: package ## run the daemon's command line: make run ARGS="daemon"
	@.ci/engine exec $(MAYFLY) $(ARGS)

format: ## put the Java sources into the project's format
	@.ci/setup build
	@$(MVN) -q spotless:apply

check-format: ## fail if a Java source is not in the project's format
	@.ci/setup build
	@$(MVN) -q spotless:check

reproducible: ## build twice in different folders and compare the jars
	@.ci/setup build
	@.ci/reproducible

doctor: package ## ask the daemon what it thinks of this machine
	@.ci/engine exec $(MAYFLY) doctor

setup: ## install everything that any target needs
	@.ci/setup build image checks engine packages package-tests vault database

engine-start: ## start a Docker engine, if none answers
	@.ci/engine start >/dev/null && .ci/engine status

engine-stop: ## stop the Docker engine that engine-start has started
	@.ci/engine stop

clean: ## remove what builds have made
	@rm -rf target runner-daemon/target
