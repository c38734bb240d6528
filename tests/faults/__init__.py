"""What a client gets of each fault, through peekd and without it: played, and written as docs/faults.md."""
