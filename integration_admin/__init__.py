"""Connects expense claims to accounting systems, each claim exactly once."""
