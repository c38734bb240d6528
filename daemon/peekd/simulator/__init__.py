"""The embedded upstream: an HTTP server on raw bytes that misbehaves by script. Shares no wire code with peekd."""
