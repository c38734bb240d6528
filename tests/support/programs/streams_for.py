"""Asks for stream after stream, each on a new connection: python3 streams_for.py SECONDS [AT_ONCE] [PORT].

Prints how they ended, as JSON: whole, refused (no connection), told (an error in words), cut (neither).
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from http.client import HTTPConnection, HTTPException

BODY = json.dumps({
    "model": "m", "max_tokens": 99, "stream": True, "messages": [{"role": "user", "content": "Hello"}],
})  # fmt: skip
HEADERS = {"content-type": "application/json", "anthropic-version": "2023-06-01"}


def ask(port: int) -> str:
    """Ask once, and name the end."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.connect()
    except OSError:
        return "refused"
    try:
        connection.request("POST", "/v1/messages", BODY, HEADERS)
        said = connection.getresponse().read()
    except (OSError, HTTPException):
        return "cut"
    finally:
        connection.close()
    if b"message_stop" in said:
        return "whole"
    return "told" if b'"error"' in said else "cut"


def main(seconds: float, at_once: int = 4, port: int = 8045) -> None:
    """Ask until the time is over, several at once."""
    ends: Counter[str] = Counter()
    until = time.monotonic() + seconds

    def keep_asking() -> None:
        while time.monotonic() < until:
            ends[ask(port)] += 1

    threads = [threading.Thread(target=keep_asking) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(ends))


if __name__ == "__main__":
    main(float(sys.argv[1]), *map(int, sys.argv[2:]))
