"""A simulated accounting system with an ordinary REST interface, the counterpart of the generic REST adapter."""
