#!/bin/sh
# Make `docker compose` (v2) and `docker buildx` work, from the distribution's own packages, for this user only.
set -eu
cd "$(dirname "$0")/.."
. lab/lib.sh

PLUGINS="${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins"
APT="$PWD/$MADE/apt"
ADVICE='Install the Compose plugin 2.20 or newer (docker-compose-plugin, docker-compose-v2 or docker-compose, by distribution), then run this again.'

works() { docker "$1" version >/dev/null 2>&1; }

# The first release, from this machine's on, whose packages hold Compose 2 as a plugin.
release_with_plugins() {
    case "$(os VERSION_CODENAME)" in
    bullseye | bookworm | trixie) echo trixie ;;
    forky | sid) echo forky ;;
    focal | jammy) echo noble ;;
    noble | plucky | questing) os VERSION_CODENAME ;;
    esac
}

# package PLUGIN: what the distribution calls it
package() {
    case "$(os ID)-$1" in
    ubuntu-compose) echo docker-compose-v2 ;;
    *) echo "docker-$1" ;;
    esac
}

# private_apt ARGUMENT…: apt-get with a source list and state of our own; the machine's stay untouched
private_apt() { apt-get --quiet=2 --config-file="$APT/apt.conf" "$@" >>"$APT/log" 2>&1; }

prepare_apt() {
    mkdir -p "$APT/state/lists/partial" "$APT/cache/archives/partial"
    components=$([ "$(os ID)" = ubuntu ] && echo 'main universe' || echo main)
    options="signed-by=$(keyring) arch=$(dpkg --print-architecture) target=Packages"
    echo "deb [$options] $(mirror) $1 $components" >"$APT/sources.list"
    cat >"$APT/apt.conf" <<CONF
Dir::Etc::sourcelist "$APT/sources.list";
Dir::Etc::sourceparts "-";
Dir::State "$APT/state";
Dir::Cache "$APT/cache";
APT::Sandbox::User "root";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
CONF
    private_apt update
}

# install_plugin NAME: take NAME's binary out of its package; nothing is installed on the machine
install_plugin() {
    work=$MADE/plugin-$1
    rm -rf "$work" && mkdir -p "$work" "$PLUGINS" &&
        (cd "$work" && private_apt download "$(package "$1")") &&
        dpkg-deb -x "$work"/*.deb "$work/root" &&
        install -m 0755 "$work/root/usr/libexec/docker/cli-plugins/docker-$1" "$PLUGINS/docker-$1" &&
        rm -rf "$work" && works "$1"
}

if works compose && works buildx; then exit 0; fi
release=$(release_with_plugins)
if ! has_apt || [ -z "$release" ] || [ -z "$(mirror)" ]; then
    works compose && exit 0 # buildx only makes builds quicker
    die "docker compose is missing, and no package of it is known for $(os PRETTY_NAME). $ADVICE"
fi
say "docker compose or buildx is missing: taking the plugins of $release into $PLUGINS"
prepare_apt "$release" || die "The package lists of $release could not be read (see $APT/log). $ADVICE"
works compose || install_plugin compose || die "docker compose could not be installed (see $APT/log). $ADVICE"
works buildx || install_plugin buildx || say "docker buildx could not be installed (see $APT/log); builds use the classic builder"
