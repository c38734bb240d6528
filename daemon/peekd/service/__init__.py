"""The process: start, serve, drain; the only room that knows hypercorn and systemd."""
