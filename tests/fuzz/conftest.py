"""What is no part of the test run: the program that only `./dev fuzz` has the tool for."""

collect_ignore = ["guided.py"]
