"""Bytes: server-sent events, headers, durations. Pure; knows no API."""
