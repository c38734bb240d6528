"""What is no part of the test run: the programs that only `./dev fuzz` and `./dev api` have the tools for."""

collect_ignore = ["guided.py", "admin_api.py"]
