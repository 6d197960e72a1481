#!/bin/sh
# STANDIN_ROLE: `stay` runs until told to end; `config` and `extensions` copy their files into the mounted volume and end with 0.
case "$STANDIN_ROLE" in
config)
    mkdir -p /config && cp -R /config-files/. /config/ && echo "configuration copied"
    ;;
extensions)
    mkdir -p /extensions && cp -R /extension-files/. /extensions/ && echo "extensions copied: $(ls /extension-files | tr '\n' ' ')"
    ;;
*)
    trap 'exit 0' TERM INT
    sleep infinity &
    wait
    ;;
esac
