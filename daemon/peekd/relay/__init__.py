"""The loop: one request's journey, carrying out what the healing kernel decides."""
