"""Bills of materials: what an image is made of, in the formats that others read."""
