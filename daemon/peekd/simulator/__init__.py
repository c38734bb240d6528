"""The embedded upstream: HTTP on raw bytes, misbehaving by script; shares no wire code with peekd."""
