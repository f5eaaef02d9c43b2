#!/bin/sh
set -e
cp "$1" "$1.old"
gzip -f "$1.old"
