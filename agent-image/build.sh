#!/bin/sh
# Builds the image mayfly/agent:VERSION. See README.md, or --help.
set -eu

usage() {
    cat <<'END'
usage: agent-image/build.sh [--force] [--locked | --relock]

Builds the image mayfly/agent:VERSION (the version of the root pom.xml) on the engine that the
docker command line talks to, unless it is there already and nothing it is made of has changed.

  --force    build although nothing has changed, with the newest packages
  --locked   fail if the installed packages differ from packages.lock (otherwise: a warning)
  --relock   write the installed packages to packages.lock

environment:
  MAYFLY_AGENT_BASE   where the base comes from
      registry      pull the base that the Dockerfile pins by digest
      mmdebstrap    make it from Debian packages, on this host, without a registry
      any other     the reference of an image to use as the base
      unset         registry if it answers within 20 seconds, otherwise mmdebstrap
  MAYFLY_AGENT_IMAGE  the image's name, instead of mayfly/agent:VERSION; the tests heed it too
  DOCKER_HOST         the engine, as for the docker command line
  XDG_CACHE_HOME      holds mayfly/agent-base-*.tar, the bases made by mmdebstrap (kept a week)
END
}

say() { printf '%s\n' "agent-image: $*"; }

die() {
    printf '%s\n' "agent-image: $*" >&2
    exit 1
}

force=false
lock='warn'
for argument in "$@"; do
    case $argument in
    --force) force=true ;;
    --locked) lock='check' ;;
    --relock) lock='write' ;;
    -h | --help)
        usage
        exit 0
        ;;
    *)
        usage >&2
        exit 64
        ;;
    esac
done

cd "$(dirname "$0")"
command -v docker >/dev/null || die 'no docker command found; install it, for example: apt-get install docker.io'
docker version >/dev/null 2>&1 || die "no engine answers at ${DOCKER_HOST:-the default socket}; start it, or set DOCKER_HOST"
# A builder in a container of its own would not see an image that was only imported.
BUILDX_BUILDER=$(docker context show 2>/dev/null || echo default)
export BUILDX_BUILDER BUILDX_NO_DEFAULT_ATTESTATIONS=1

version=$(sed -n 's/^  <version>\(.*\)<\/version>.*/\1/p' ../pom.xml | head -n 1)
[ -n "$version" ] || die '../pom.xml has no <version>'
image=${MAYFLY_AGENT_IMAGE:-mayfly/agent:$version}
pinned=$(sed -n 's/^ARG BASE=//p' Dockerfile)
suite=$(expr "$pinned" : '.*debian:\([a-z]*\)-') || die "Dockerfile: ARG BASE is \"$pinned\", must name debian:SUITE-"
wanted=${MAYFLY_AGENT_BASE:-}

work=$(mktemp -d)
# mmdebstrap's own: for an ordinary user it works as other users too, who must get in.
scratch=$(mktemp -d)
chmod 0755 "$scratch"
stage=build-$(basename "$work")
imported=
cleanup() {
    [ -z "$imported" ] || docker image rm "$imported" >/dev/null 2>&1 || true
    # What a build without BuildKit leaves of its first stage
    for left in $(docker image ls --quiet --filter dangling=true --filter label=dev.mayfly.agent.stage="$stage"); do
        docker image rm "$left" >/dev/null 2>&1 || true
    done
    rm -rf "$work" "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

inputs=$({
    echo "$version"
    for file in Dockerfile build.sh install.sh packages.list agent/*; do
        sha256sum "$file"
    done
} | sha256sum | cut -c 1-64)

label() { docker image inspect --format "{{index .Config.Labels \"$1\"}}" "$image" 2>/dev/null || true; }

# Which base an image was made from, as MAYFLY_AGENT_BASE would say it.
made_from() {
    case $(label org.opencontainers.image.base.name) in
    "$pinned") echo registry ;;
    *) label org.opencontainers.image.base.name ;;
    esac
}

installed() {
    docker run --rm --network none --read-only --cap-drop ALL --security-opt no-new-privileges \
        --log-driver none --label dev.mayfly.agent.stage="$stage" --entrypoint dpkg-query "$1" \
        --show --showformat '${Package}=${Version}\n' | LC_ALL=C sort
}

check_lock() {
    architecture=$(docker image inspect --format '{{.Architecture}}' "$1")
    installed "$1" >"$work/installed"
    packages=$(wc -l <"$work/installed")
    if [ "$lock" = write ]; then
        {
            echo '# Every package of the image, written by build.sh --relock.'
            echo "# architecture: $architecture"
            cat "$work/installed"
        } >packages.lock
        say "packages.lock written: $packages packages"
        return
    fi
    grep -q "^# architecture: $architecture\$" packages.lock || {
        say "packages.lock is for another architecture than $architecture: not compared"
        [ "$lock" = warn ]
        return
    }
    grep -v '^#' packages.lock >"$work/locked"
    if drift=$(diff "$work/locked" "$work/installed" | grep '^[<>]'); then
        say "packages differ from packages.lock (< locked, > installed); --relock accepts them:" >&2
        printf '%s\n' "$drift" >&2
        [ "$lock" = warn ]
    fi
}

report() {
    bytes=$(docker image inspect --format '{{.Size}}' "$image")
    say "$image: $((bytes / 1000000)) MB, $packages packages, base $(made_from), $1"
}

# The limit is for the registry's answer; once layers have been named, their download may take
# longer.
pull() {
    docker image inspect "$pinned" >/dev/null 2>&1 && return
    say "trying to pull $pinned"
    timeout 600 docker pull "$pinned" >"$work/pull" 2>&1 &
    pull=$!
    waited=0
    while kill -0 "$pull" 2>/dev/null; do
        if [ "$waited" -ge 20 ] && ! grep -q -e 'Pulling fs layer' -e 'Already exists' "$work/pull"; then
            echo 'no answer within 20 seconds' >>"$work/pull"
            kill "$pull"
        fi
        sleep 1
        waited=$((waited + 1))
    done
    wait "$pull" || {
        say "no base from a registry: $(tail -n 1 "$work/pull")"
        return 1
    }
}

# Where the host itself gets a suite from: nothing when it is no Debian, or uses another name.
host_mirror() {
    (
        # shellcheck disable=SC1091
        . /etc/os-release
        [ "$ID" = debian ] || exit 0
        # shellcheck disable=SC2016 # apt's own variables
        apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
            sed -n "s|^$VERSION_CODENAME$1 \(https\{0,1\}://.*\)|\1|p" | head -n 1
    ) 2>/dev/null || true
}

# Says the line for sources.list if the host has a mirror; otherwise mmdebstrap knows one.
sources() {
    main=$(host_mirror '')
    security=$(host_mirror -security)
    if [ -n "$main" ] && [ -n "$security" ]; then
        echo "deb $main $suite main"
        echo "deb $main $suite-updates main"
        echo "deb $security $suite-security main"
    fi
}

bootstrap() {
    command -v mmdebstrap >/dev/null ||
        die 'no registry is reachable and mmdebstrap is missing; install it: apt-get install mmdebstrap debian-archive-keyring uidmap'
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/mayfly
    mkdir -p "$cache"
    key=$({
        echo "$suite"
        dpkg --print-architecture
        cat packages.list
    } | sha256sum | cut -c 1-16)
    tar=$cache/agent-base-$key.tar
    if [ "$force" = true ] || [ -z "$(find "$tar" -mtime -7 2>/dev/null)" ]; then
        say "making the base from the Debian packages of $suite"
        sources >"$work/sources"
        apt-config dump --format '%f "%v";%n' Acquire 2>/dev/null |
            grep -E '^Acquire::(https?::|Retries|Check-)' >"$work/apt.conf" || true
        include=$(sed 's/#.*//' packages.list | grep . | paste -sd , -)
        set --
        [ ! -s "$work/sources" ] || set -- "$work/sources"
        # The host's settings for its network are needed while packages are fetched, and are none
        # of the image's business.
        # shellcheck disable=SC2016 # the hook is for mmdebstrap's shell
        (
            umask 077
            TMPDIR=$scratch mmdebstrap --quiet --variant=minbase --format=tar --include="$include" \
                --aptopt="$work/apt.conf" \
                --dpkgopt='path-exclude=/usr/share/man/*' \
                --dpkgopt='path-exclude=/usr/share/locale/*' \
                --dpkgopt='path-exclude=/usr/share/doc/*' \
                --dpkgopt='path-include=/usr/share/doc/*/copyright' \
                --customize-hook='rm -f "$1"/etc/apt/apt.conf.d/99mmdebstrap' \
                "$suite" "$tar.$$" "$@" 2>"$work/mmdebstrap"
        ) || {
            rm -f "$tar.$$"
            tail -n 20 "$work/mmdebstrap" >&2
            die 'mmdebstrap failed; its last lines are above'
        }
        find "$cache" -name 'agent-base-*.tar' ! -path "$tar.$$" -delete
        mv "$tar.$$" "$tar"
    else
        say "base taken from $tar"
    fi
    imported=mayfly/agent-base:$stage
    docker import --change "LABEL dev.mayfly.agent.stage=$stage" "$tar" "$imported" >/dev/null
}

build() {
    docker build --no-cache --force-rm --iidfile "$work/image" \
        --build-arg BASE="$1" --build-arg BASE_NAME="$2" --build-arg STAGE="$stage" \
        --build-arg VERSION="$version" --build-arg INPUTS="$inputs" . >"$work/build" 2>&1 || {
        tail -n 40 "$work/build" >&2
        die "the build on base $2 failed; its last lines are above. MAYFLY_AGENT_BASE chooses another base"
    }
    built=$(cat "$work/image")
}

if [ "$force" = false ] && [ "$(label dev.mayfly.agent.inputs)" = "$inputs" ] &&
    { [ -z "$wanted" ] || [ "$wanted" = "$(made_from)" ]; }; then
    check_lock "$image" || die 'the image is not as packages.lock says'
    report 'nothing has changed'
    exit 0
fi

begin=$(date +%s)
case $wanted in
registry)
    pull || die "the pinned base cannot be pulled: $(tail -n 1 "$work/pull")"
    base=$pinned name=$pinned
    ;;
mmdebstrap)
    bootstrap
    base=$imported name=mmdebstrap
    ;;
'')
    if pull; then
        base=$pinned name=$pinned
    else
        bootstrap
        base=$imported name=mmdebstrap
    fi
    ;;
*) base=$wanted name=$wanted ;;
esac
build "$base" "$name"
if ! check_lock "$built"; then
    docker image rm "$built" >/dev/null
    die 'the image is not as packages.lock says; not tagged'
fi
old=$(docker image inspect --format '{{.Id}}' "$image" 2>/dev/null || true)
docker tag "$built" "$image"
# Fails, and may, while a container of the older image lives.
[ -z "$old" ] || [ "$old" = "$built" ] || docker image rm "$old" >/dev/null 2>&1 || true
report "built in $(($(date +%s) - begin)) s"
