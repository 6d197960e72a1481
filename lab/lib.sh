# Shared by the set-up scripts: words to the user, and what apt already knows about its mirror.
# Sourced with the repository as working directory.

MADE=build/lab # everything set-up makes on disk
mkdir -p "$MADE"

say() { echo "lab: $*" >&2; }

die() {
    say "$*"
    exit 1
}

is_root() { [ "$(id -u)" = 0 ]; }

has_apt() { command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; }

# os ID | os VERSION_CODENAME: one value of the machine's own description
os() { (. /etc/os-release && eval "echo \"\${$1:-}\""); }

# sources: every package index of the machine's own apt, as "repository suite component"
sources() {
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Identifier: Packages' | sort -u
}

# mirror: the repository the machine's own release comes from
mirror() { sources | awk -v suite="$(os VERSION_CODENAME)" '$2 == suite { print $1; exit }'; }

# keyring: the keys that sign every release of this distribution
keyring() { echo "/usr/share/keyrings/$(os ID)-archive-keyring.gpg"; }

# apt_install NAME…: install packages, asking for fresh lists only when the ones at hand do not do
apt_install() {
    is_root && has_apt || return 1
    apt_get_install "$@" || { apt-get update >>"$MADE/apt.log" 2>&1 && apt_get_install "$@"; }
}

apt_get_install() {
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@" >>"$MADE/apt.log" 2>&1
}
