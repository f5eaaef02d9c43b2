"""Decide which paths a slimmed image keeps, each with its reasons."""

from jettison.selection.model import (
    Bytecode,
    LayerRole,
    Policy,
    PythonSources,
    Reason,
    Rule,
    Selection,
    SelectionOptions,
)

__all__ = [
    "Bytecode",
    "LayerRole",
    "Policy",
    "PythonSources",
    "Reason",
    "Rule",
    "Selection",
    "SelectionOptions",
]
