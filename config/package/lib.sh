# shellcheck shell=sh
# What the maintainer scripts of .deb and .rpm share; put in front of each when the package is built.

marker=/run/mayfly.start-after-upgrade
image=/usr/share/mayfly/agent-image.tar.gz
agent=@AGENT@

systemd_runs() { [ -d /run/systemd/system ]; }

# A limit on each call: an engine that hangs must not keep the package from being installed.
engine() { command -v docker >/dev/null 2>&1 && timeout 20 docker version >/dev/null 2>&1; }

# Runs as the daemon's user where it is allowed to; see the launcher.
reap() { [ ! -d /var/lib/mayfly ] || timeout 300 /usr/bin/mayfly reap; }

make_user_and_folders() {
    systemd-sysusers mayfly.conf
    systemd-tmpfiles --create mayfly.conf
}

load_agent_image() {
    [ -e "$image" ] || return 0
    if ! engine; then
        echo "mayfly: no Docker engine answers. When one does: docker load --input $image" >&2
    elif ! docker image inspect "$agent" >/dev/null 2>&1; then
        echo "mayfly: loading $agent into the engine" >&2
        timeout 300 docker load --quiet --input "$image" >&2 ||
            echo "mayfly: that failed; do it later: docker load --input $image" >&2
    fi
}

# Running jobs may end first, for daemon.drain_timeout.
stop_and_remember() {
    if systemd_runs && systemctl --quiet is-active mayfly.service; then
        echo "mayfly: waiting for running jobs; systemctl kill --kill-whom=main mayfly cancels them" >&2
        : >"$marker"
        systemctl stop mayfly.service
    fi
}

start_if_it_ran() {
    systemd_runs || return 0
    systemctl daemon-reload
    if [ -e "$marker" ]; then
        rm -f "$marker"
        systemctl start mayfly.service || echo "mayfly: not started; see systemctl status mayfly" >&2
    fi
}

# Before the program is gone: nothing else knows its containers.
leave_the_engine() {
    if systemd_runs; then
        systemctl --quiet disable --now mayfly.service || true
    fi
    rm -f "$marker"
    reap >&2 || echo "mayfly: not everything in the engine could be looked at; label dev.mayfly.daemon finds it" >&2
    if engine; then
        docker image rm "$agent" >/dev/null 2>&1 || true
    fi
}

forget_everything() {
    rm -rf /var/lib/mayfly /etc/mayfly /run/mayfly
    if getent passwd mayfly >/dev/null; then
        userdel mayfly 2>/dev/null || deluser --quiet --system mayfly || true
    fi
    if getent group mayfly >/dev/null; then
        groupdel mayfly 2>/dev/null || true
    fi
}
