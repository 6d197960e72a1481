#!/bin/sh
# Make sure sshd's program is here: tests run it with a configuration, host key and loopback port of their own.
set -eu
cd "$(dirname "$0")/.."
. lab/lib.sh

ADVICE='Install the package openssh-server, then run this again.'
POLICY=/usr/sbin/policy-rc.d # what Debian's package scripts ask before they start a service

there() { command -v sshd >/dev/null || [ -x /usr/sbin/sshd ]; }

# The tests need the program only: no ssh service may appear on a machine that had none.
install_without_starting() {
    if [ -e "$POLICY" ]; then
        apt_install openssh-client openssh-server
        return
    fi
    printf '#!/bin/sh\nexit 101\n' >"$POLICY" && chmod 0755 "$POLICY"
    trap 'rm -f "$POLICY"' EXIT INT TERM
    apt_install openssh-client openssh-server
}

if there && command -v ssh >/dev/null && command -v openssl >/dev/null; then exit 0; fi
is_root || die "The tests of engines behind ssh need sshd, and installing it needs root. $ADVICE"
say 'no sshd: installing openssh-server, without starting it'
command -v openssl >/dev/null || apt_install openssl || die "openssl could not be installed (see $MADE/apt.log). $ADVICE"
there || install_without_starting || die "sshd could not be installed (see $MADE/apt.log). $ADVICE"
