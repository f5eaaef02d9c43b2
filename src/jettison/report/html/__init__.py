"""Pages in HTML, each one file without any network, for those who would rather look than read."""
