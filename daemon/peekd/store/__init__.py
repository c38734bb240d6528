"""What outlives the process: one SQLite database, and the one writer of it."""
