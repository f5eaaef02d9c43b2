"""Wait until an app is ready, ask it things, keep its answers."""
