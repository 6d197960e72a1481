#!/bin/sh
# Make sure a Docker engine answers; on Debian and Ubuntu, as root, install and start one where there is none.
set -eu
cd "$(dirname "$0")/.."
. lab/lib.sh

ADVICE='Install Docker Engine 20.10 or newer (Debian and Ubuntu: the package docker.io), start it, then run this again.'

answers() { timeout 15 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# An engine that runs and does not answer is somebody's: a second one beside it would fight over its networks.
somebody_runs_one() { grep -qsx dockerd /proc/[0-9]*/comm; }

start() {
    if [ -d /run/systemd/system ]; then
        systemctl start docker
    else # a container or a chroot: no service manager
        setsid dockerd >>"$MADE/dockerd.log" 2>&1 </dev/null &
    fi
}

wait_until_it_answers() {
    tries=60
    until answers; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.5
    done
}

if answers; then exit 0; fi
[ -z "${DOCKER_HOST:-}" ] || die "No Docker engine answers at DOCKER_HOST=$DOCKER_HOST. Unset it to use this machine's own."
if command -v docker >/dev/null && somebody_runs_one; then
    die 'A Docker engine runs but does not answer this user. Look at its log, or join the group "docker".'
fi
is_root || die "No Docker engine answers and installing one needs root. $ADVICE"
if ! command -v dockerd >/dev/null || ! command -v docker >/dev/null; then
    say 'no Docker engine: installing docker.io'
    # From trixie on the client is a package of its own.
    apt_install docker.io docker-cli || apt_install docker.io || die "Could not install an engine (see $MADE/apt.log). $ADVICE"
fi
say 'starting the Docker engine'
start
wait_until_it_answers || die "The engine was started and does not answer within 30 s (see $MADE/dockerd.log or journalctl -u docker). $ADVICE"
