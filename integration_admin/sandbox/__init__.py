"""Simulated accounting systems for the demo and the tests. The product itself never imports them."""
