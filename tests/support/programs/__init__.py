"""Real programs that talk to peekd: fetched, set up, started and judged. No part of the test run."""
