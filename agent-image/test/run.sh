#!/bin/sh
# Runs all tests of the agent and its image, or those named: run.sh [unittest argument]...
# Needs python3, gcc, docker, and the image that build.sh builds.
set -eu
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- discover
exec python3 -B -m unittest "$@"
