"""One module a route. Pages draw and decide nothing."""
