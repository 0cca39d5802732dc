#!/bin/sh
# Prints the version, for all who build: debian/changelog is where it is.
exec sed -n '1s/.*(\(.*\)).*/\1/p' "${0%/*}/changelog"
