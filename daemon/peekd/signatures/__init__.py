"""Thought signatures: whose they are, and how they travel through a protocol that is not their maker's."""
