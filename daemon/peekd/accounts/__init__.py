"""Accounts, their health and cooldowns, and who serves the next attempt. Pure."""
