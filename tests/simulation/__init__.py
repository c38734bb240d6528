"""The whole daemon in one process under simulated time: a seed gives dice, network, disk and misfortune.

docs/reliability.md tells how it is used; `./dev simulate` runs it.
"""
