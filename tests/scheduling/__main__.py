"""`./dev schedule`: prints the table of docs/accounts.md."""

from __future__ import annotations

import argparse

from scheduling.cost import told
from scheduling.figures import MODES, compare, table


def main() -> None:
    """Play the day and print."""
    parser = argparse.ArgumentParser(prog="./dev schedule", description=__doc__)
    parser.add_argument("--accounts", type=int, default=50)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cost", action="store_true", help="measure what choosing costs instead")
    given = parser.parse_args()
    if given.cost:
        for mode in MODES:
            print(told(given.accounts, mode))  # noqa: T201  what it is for
        return
    compared = compare(accounts=given.accounts, hours=given.hours, requests=given.requests, seed=given.seed)
    print(table(compared))  # noqa: T201  what it is for


main()
