"""peekd: one local endpoint that coding agents can trust, in front of the user's own upstream accounts."""

__version__ = "0.1.0"
