"""The monitor in a real browser: run by `./dev page`, and not collected by a plain pytest."""
