"""Places images come from and go to: OCI layouts and archives, Docker archives, engines."""
