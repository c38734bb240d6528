#!/bin/sh
# A first installation is enabled and started; an upgrade restarts what runs. Connections wait in the socket.
set -e
[ "$1" = configure ] || exit 0
[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
if [ -z "$2" ]; then
    systemctl enable --quiet peekd.socket peekd.service
    systemctl start peekd.socket peekd.service || true # what is wrong is in `systemctl status peekd`
else
    systemctl try-restart peekd.service 'peekd@*.service' || true
fi
