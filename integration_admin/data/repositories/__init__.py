"""Every query, grouped by what it is about. A repository sees one organisation only."""
