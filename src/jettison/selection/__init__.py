"""Decide which paths a slimmed image keeps, each with its reasons."""
