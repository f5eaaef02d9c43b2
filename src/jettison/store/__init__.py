"""Unpacked layers and the root file systems that are stacked from them."""
