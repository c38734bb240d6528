#!/bin/sh
# Settings and state go only with a purge.
set -e
if [ "$1" = purge ]; then
    rm -rf /var/lib/private/peekd /var/lib/private/peekd-[0-9]* /etc/peekd
    rm -f /var/lib/peekd /var/lib/peekd-[0-9]*
fi
[ ! -d /run/systemd/system ] || systemctl daemon-reload
