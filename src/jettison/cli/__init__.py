"""The terminal face. The only package that prints or exits."""
