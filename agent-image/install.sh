#!/bin/sh
# Runs inside the image's build, as root:
#   install.sh packages   installs what packages.list names, if anything of it is missing
#   install.sh clean      makes the root file system what jobs get
set -eu

install_packages() {
    missing=$(
        sed 's/#.*//' /tmp/build/packages.list | while read -r package; do
            [ -n "$package" ] || continue
            case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
            'install ok installed') ;;
            *) echo "$package" ;;
            esac
        done
    )
    if [ -z "$missing" ]; then
        echo 'install.sh: every package is there already'
        return
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update
    # The base is pinned, its security updates are not: packages.lock tells what came of it.
    apt-get -qq -y upgrade
    # shellcheck disable=SC2086 # a list
    apt-get -qq -y --no-install-recommends install $missing
}

clean_root() {
    find /usr/share/doc -mindepth 1 ! -type d ! -name copyright -delete
    find /usr/share/doc -mindepth 1 -type d -empty -delete
    rm -rf /usr/share/man/* /usr/share/info/* /usr/share/lintian /usr/share/locale/* \
        /usr/share/gitweb /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old \
        /var/lib/dpkg/*-old /var/log/* /etc/machine-id
    find /tmp /var/tmp -mindepth 1 -delete

    groupadd --gid 1000 job
    useradd --uid 1000 --gid 1000 --home-dir /workspace/home --no-create-home --shell /bin/bash job
    rm -f /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow- /etc/subuid- /etc/subgid-
    mkdir -p /workspace/home /run/secrets /run/mayfly
    chown job:job /workspace /workspace/home
    # A tmpfs takes its mode from the directory it covers; the step's user must get through.
    chmod 0755 /workspace /workspace/home /run/secrets /run/mayfly

    # The daemon lays a volume over this directory, filled from here: nothing else belongs in it.
    chown -R root:root /opt/mayfly
    chmod 0755 /opt/mayfly
    chmod 0555 /opt/mayfly/mayfly-agent
    # The same program under the name that job authors call.
    ln -s mayfly-agent /opt/mayfly/mayfly-mask

    # A workspace is handed from one user to another, which git would take for an attack.
    git config --system safe.directory '*'

    # Nobody becomes somebody else in a job.
    find / -xdev -perm /6000 ! -type l -exec chmod a-s {} +
}

case "${1:-}" in
packages) install_packages ;;
clean) clean_root ;;
*)
    echo 'usage: install.sh packages|clean' >&2
    exit 64
    ;;
esac
