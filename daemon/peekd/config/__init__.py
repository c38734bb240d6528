"""Settings: what may be set, and reading it from file and environment."""
