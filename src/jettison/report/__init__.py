"""Versioned documents and their renderings: text, JSON."""
