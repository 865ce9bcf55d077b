"""A simulated Business Central: its API v2.0 as far as public sources show it, over books of its own."""
