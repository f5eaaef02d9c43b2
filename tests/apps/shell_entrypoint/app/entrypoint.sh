#!/bin/sh
# Writes the configuration from a template and the environment, then becomes the server.
set -eu
mkdir -p /run/app
sed -e "s/@TITLE@/${APP_TITLE}/" -e "s/@HOST@/$(hostname)/" "$APP_HOME/config.template" >/run/app/config.ini
if [ "${DEBUG:-no}" = yes ]; then
    cat /run/app/config.ini | sort | tr a-z A-Z
fi
chmod 0600 /run/app/config.ini
exec "$@"
