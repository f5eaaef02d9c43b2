"""Compare the slimmed image's behaviour with the original's and repair what is missing."""
