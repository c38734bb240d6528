#!/bin/sh
# Before files go, what uses them ends; an upgrade goes on and restarts instead.
set -e
[ "$1" = remove ] || exit 0
[ -d /run/systemd/system ] || exit 0
systemctl stop 'peekd@*.service' peekd.service peekd.socket peekd-shared.socket || true
systemctl disable --quiet peekd.service peekd.socket peekd-shared.socket || true
