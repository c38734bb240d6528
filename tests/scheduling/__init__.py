"""Fifty accounts for a day under simulated time: how each mode of scheduling fares, beside plain turns.

What chooses, books and decides is peekd's own (`peekd.accounts`, `peekd.healing`); upstream and clients are
made up here, by seed. `./dev schedule` prints the table of docs/accounts.md.
"""
