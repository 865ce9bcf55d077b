"""The long form of the security tests; `python -m security` runs it."""
