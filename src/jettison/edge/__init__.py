"""Doors to the host: processes, HTTP, files. Nothing above opens these itself."""
