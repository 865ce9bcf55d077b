"""Any accounting system with an ordinary REST interface: JSON over HTTP, described by settings."""
