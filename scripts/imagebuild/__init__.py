"""Build container images from Dockerfiles without any engine, for tests, examples and the demo.

Plain Python from the standard library: it runs before anything is installed. It understands
the Dockerfile instructions that this repository uses, no others.
"""
