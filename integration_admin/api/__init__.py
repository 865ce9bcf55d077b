"""The HTTP edge: sign-in, the public API, health. No decisions, no queries."""
