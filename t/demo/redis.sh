# shellcheck shell=bash
# Sourced by stores that are Redis: REDIS_SERVER in the environment names
# another server that speaks its protocol, such as valkey-server.

redis_server=${REDIS_SERVER:-redis-server}
redis_cli=${redis_server%-server}-cli
