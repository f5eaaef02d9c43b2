"""OSV's public exports, fetched and kept as one SQLite database of advisories."""
