"""Whom we call: connections, credentials, attempts. The only room that knows httpx."""
