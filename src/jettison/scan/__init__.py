"""What is known to be vulnerable in an image or a project: advisories, matching, severity."""
