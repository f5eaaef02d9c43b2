"""Write the slimmed image: deterministic layers, image config, package records, byte code."""
