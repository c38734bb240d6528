"""Who may call, made from the settings and the keys they name, for what is really listened on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from peekd.service.keys import load_keys
from peekd.serving.ingress import Access, compile_access
from peekd.serving.settings import ServerSettings
from peekd.vocabulary.errors import OperatorError


def make_access(settings: ServerSettings, bound: Sequence[str], environ: Mapping[str, str]) -> Access:
    """Make the rules; reads keys, blocking. Raises OperatorError where strangers could call without one."""
    client_keys = load_keys("server.client_keys", settings.client_keys, environ)
    admin_keys = load_keys("server.admin_keys", settings.admin_keys, environ)
    access = compile_access(settings, bound=bound, client_keys=client_keys, admin_keys=admin_keys)
    if not access.loopback_only and not client_keys:
        hosts = ", ".join(host for host in bound if host)
        raise OperatorError(f"server.bind: {hosts} is reached from elsewhere; set server.client_keys first")
    return access


def tell_opening(before: Access, after: Access) -> str:
    """Say how other rules would let strangers in whom those before kept out; "" where they do not.

    At a start an operator may choose that. What a file that is being edited says for a moment is no choice.
    """
    if after.loopback_only or after.auth != "off" or before.auth == "off":
        return ""
    return 'server.auth: "off" would let in whoever reaches this peekd; that is taken over by a restart only'
