"""Credential files as people have them, and keys that can be told wherever they turn up."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

Keep = Callable[..., Path]
"""Writes a file of a given mode, and gives where it lies."""

TOKEN_URI = "http://simulator/token"
CANARY_CLIENT = "client-canary-4f1d8a"


@functools.cache
def private_key() -> str:
    """Give a key in PEM; made once, as that takes a while."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem.decode()


def service_account(email: str = "robot@p-1.iam.gserviceaccount.com", **more: Any) -> dict[str, Any]:
    """Give what the file of a service account holds."""
    return {
        "type": "service_account",
        "project_id": "p-1",
        "private_key_id": "key-1",
        "private_key": private_key(),
        "client_email": email,
        "token_uri": TOKEN_URI,
    } | more


def authorized_user(refresh_token: str = "1//refresh-canary-77e0", **more: Any) -> dict[str, Any]:
    """Give what the file of a person's consent holds."""
    return {
        "type": "authorized_user",
        "client_id": "peekd.apps.example.com",
        "client_secret": CANARY_CLIENT,
        "refresh_token": refresh_token,
        "token_uri": TOKEN_URI,
    } | more


def write_credential(path: Path, info: dict[str, Any], mode: int = 0o600) -> Path:
    """Write a file that is its owner's alone."""
    path.touch(mode=0o600)
    path.write_text(json.dumps(info))
    path.chmod(mode)
    return path
