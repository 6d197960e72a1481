#!/bin/sh
# Make sure the image debian:bookworm-slim is here: from a registry, or else built from the distribution's packages.
set -eu
cd "$(dirname "$0")/.."
. lab/lib.sh

IMAGE=debian:bookworm-slim
SUITE=bookworm
SILENT=$MADE/no-registry # a registry that did not answer once is not asked again

pulled() {
    [ ! -e "$SILENT" ] || return 1
    timeout 20 docker pull --quiet "$IMAGE" >/dev/null 2>&1 || { touch "$SILENT" && return 1; }
}

# The same sources as the machine's where it runs bookworm itself, otherwise its mirror's bookworm.
source_lines() {
    sources | awk -v suite="$SUITE" -v own="$(os VERSION_CODENAME)" -v mirror="$(mirror)" '
        own == suite { print "deb", $1, $2, $3 }
        END { if (own != suite) print "deb", mirror, suite, "main" }'
}

# A machine that reads frozen mirrors accepts old lists; the image must accept them too.
check_options() { apt-config dump | grep '^Acquire::Check-' || true; }

build() {
    root=$MADE/base.tar
    source_lines | mmdebstrap --quiet --variant=minbase --keyring="$(keyring)" \
        --aptopt="$(check_options)" \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        "$SUITE" "$root" - >"$MADE/mmdebstrap.log" 2>&1 &&
        docker import --change 'CMD ["bash"]' --change 'LABEL org.openlmis.lab=1' "$root" "$IMAGE" >/dev/null &&
        rm -f "$root"
}

if docker image inspect "$IMAGE" >/dev/null 2>&1; then exit 0; fi
say "image $IMAGE is not here: asking a registry for it"
if pulled; then exit 0; fi
ADVICE="Load it by hand: 'docker save $IMAGE' where a registry is reached, 'docker load' here."
[ "$(os ID)" = debian ] && is_root || die "No registry answers; building $IMAGE needs Debian and root. $ADVICE"
say "no registry answers: building $IMAGE from packages, about 30 s"
command -v mmdebstrap >/dev/null || apt_install mmdebstrap || die "mmdebstrap could not be installed (see $MADE/apt.log). $ADVICE"
build || die "$IMAGE could not be built (see $MADE/mmdebstrap.log). $ADVICE"
