"""Reports whose wording is data of the package."""
