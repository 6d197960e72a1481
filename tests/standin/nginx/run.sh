#!/bin/sh
# OpenLMIS's front nginx: needs VIRTUAL_HOST; routes come from Consul and are re-rendered when they change.
if [ -z "$VIRTUAL_HOST" ]; then
    echo "VIRTUAL_HOST must be set" >&2
    exit 1
fi
# A restarted container begins without routes, whatever it knew before.
rm -f /etc/nginx/conf.d/openlmis.conf /run/nginx.pid
timeout=${NGINX_TIMEOUT:-300s}
{
    cat /etc/nginx/openlmis-server.conf
    echo "server_name $VIRTUAL_HOST;"
    echo "proxy_send_timeout $timeout; proxy_read_timeout $timeout; send_timeout $timeout;"
    if [ -n "$STANDIN_RATE_LIMIT" ]; then
        echo "limit_req zone=perclient burst=10 nodelay; limit_req_status 429;"
    fi
} > /etc/nginx/conf.d/server.inc
# From version 7 on, requests for another host than ours are limited per client.
cat > /etc/nginx/conf.d/limit.conf <<EOF
map \$http_host \$limited { default \$binary_remote_addr; "$VIRTUAL_HOST" ""; }
limit_req_zone \$limited zone=perclient:1m rate=20r/s;
EOF
python3 /render.py &
exec nginx -g 'daemon off;'
