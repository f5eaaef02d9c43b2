"""One module per verb: puts the mechanisms together and prints nothing."""
