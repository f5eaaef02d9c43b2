"""Versioned documents: what a run found and did, as values, JSON and text."""
