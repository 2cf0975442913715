#!/bin/sh
# Compiles the agent: compile.sh OUTPUT [flag of the compiler]...
# Flags come last, so that tests can set other directories and turn on sanitizers.
set -eu
cd "$(dirname "$0")"
output=$1
shift
mkdir -p "$(dirname "$output")"
case " $* " in
*" -fsanitize="*) link='' ;; # the sanitizers cannot be linked statically
*) link='-static-pie -s -Wl,--gc-sections -Wl,-z,relro,-z,now' ;;
esac
# shellcheck disable=SC2086 # a list of flags
${CC:-gcc} -std=c11 -O2 -fPIE -ffunction-sections \
    -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Werror \
    -fstack-protector-strong -D_FORTIFY_SOURCE=2 \
    -o "$output" ./*.c $link "$@"
