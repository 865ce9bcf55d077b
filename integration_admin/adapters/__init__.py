"""The accounting systems, one folder each, and the one way out to the network."""
