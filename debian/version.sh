#!/bin/sh
# Prints the version for all builds, from debian/changelog.
exec sed -n '1s/.*(\(.*\)).*/\1/p' "${0%/*}/changelog"
