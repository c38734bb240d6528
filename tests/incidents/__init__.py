"""Incidents: what goes wrong in front of a client, played, and told as an operator sees it."""
