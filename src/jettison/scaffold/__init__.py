"""What `init` proposes for a Python project: facts from its sources, decisions, files."""
