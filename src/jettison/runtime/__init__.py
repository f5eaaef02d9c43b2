"""Run a container from a root file system with runc, as root or in a user namespace."""
