"""Answer seccomp notifications and turn them into a TraceLog."""
