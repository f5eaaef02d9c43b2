"""Facts about an image's files: ELF needs, Python imports and distributions, OS packages."""
