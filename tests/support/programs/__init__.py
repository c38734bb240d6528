"""Real programs that talk to peekd: how they are fetched, set up, started and judged. No part of the test run."""
