"""Seccomp and AppArmor profiles, capabilities and writable paths, from what was observed."""
