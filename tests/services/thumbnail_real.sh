#!/bin/bash
# thumbnail_real.sh BUILD - the thumbnail service against a real nginx on the loopback.
# Needs BUILD/thumbnail and BUILD/make_image, and nginx with its dav module (Debian: nginx-light).
set -u
build=${1:-build}
thumbnail=$build/thumbnail
make_image=$build/make_image
passed=0
failed=0
dir=$(mktemp -d) || exit 1
nginx=
# shellcheck disable=SC2317  # called by the trap
cleanup() {
    [ -n "$nginx" ] && kill "$nginx" 2>/dev/null && wait "$nginx" 2>/dev/null
    rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

report() {                                      # report STATUS NAME: one line, counted
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1)); echo "ok $((passed + failed)) - $2"
    else
        failed=$((failed + 1)); echo "not ok $((passed + failed)) - $2"
        sed 's/^/# /' "$dir/out" "$dir/err" 2>/dev/null
    fi
}
finish() { echo "$passed passed, $failed failed"; [ "$failed" -eq 0 ]; exit; }
give_up() { echo "# $1"; : >"$dir/out"; report 1 "nginx serves"; finish; }

run() { timeout 60 "$thumbnail" "$@" >"$dir/out" 2>"$dir/err"; status=$?; }
ended() {                                       # ended STATUS TEXT...: and said all of that
    [ "$status" -eq "$1" ] || return 1
    shift
    for text; do grep -qF -- "$text" "$dir/out" "$dir/err" || return 1; done
}

write_config() {
    cat >"$dir/nginx.conf" <<EOF
daemon off;
master_process off;
pid $dir/nginx.pid;
error_log $dir/error.log;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path $dir/body;
    proxy_temp_path $dir/proxy; fastcgi_temp_path $dir/fastcgi;
    uwsgi_temp_path $dir/uwsgi; scgi_temp_path $dir/scgi;
    server {
        listen 127.0.0.1:$port;
        root $dir/www;
        location /stored/ { dav_methods PUT; create_full_put_path on; }
        location /slow/ { limit_rate 200; }
        location /busy/ { return 503; }
        location /moved/ { return 301 /cat.jpg; }
    }
}
EOF
}
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }
start_nginx() {                                 # on the first port that is free
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        port=$((20000 + (RANDOM % 20000)))
        answers && continue
        write_config
        nginx -p "$dir" -e "$dir/error.log" -c "$dir/nginx.conf" 2>>"$dir/err" &
        nginx=$!
        for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
            kill -0 "$nginx" 2>/dev/null || break
            answers && return 0
            sleep 0.1
        done
        kill "$nginx" 2>/dev/null
        wait "$nginx"
        nginx=
    done
    return 1
}

PATH=$PATH:/usr/sbin
command -v nginx >/dev/null || give_up "nginx is missing; on Debian: apt-get install nginx-light"
nginx -V 2>&1 | grep -q http_dav_module ||
    give_up "this nginx has no dav module (PUT); on Debian: apt-get install nginx-light"
mkdir -p "$dir/www/stored" "$dir/www/slow"
{
    "$make_image" jpeg "$dir/www/cat.jpg" 1200 600 &&
        "$make_image" png "$dir/www/dog.png" 60 90 &&
        "$make_image" jpeg "$dir/www/half.jpg" 400 300 &&
        "$make_image" cut "$dir/www/half.jpg" 2000
} || give_up "make_image failed"
cp "$dir/www/cat.jpg" "$dir/www/slow/cat.jpg"
echo "no image at all" >"$dir/www/text.jpg"
start_nginx || give_up "nginx does not start: $(cat "$dir/err" "$dir/error.log" 2>/dev/null)"
here=http://127.0.0.1:$port

run --from "$here/cat.jpg" --to "$here/stored/cat.jpg" --size 100x100
ended 0 "100x50" && "$make_image" check jpeg "$dir/www/stored/cat.jpg" 100 50 2>>"$dir/err"
report $? "a JPEG is stored in the right size"

run --from "http://localhost:$port/dog.png" --to "$here/stored/dog.png" --size 40x45
ended 0 "30x45" && "$make_image" check png "$dir/www/stored/dog.png" 30 45 2>>"$dir/err"
report $? "a PNG is stored in the right size, from a host with a name"

run --from "$here/none.jpg" --to "$here/stored/x"
ended 1 "download $here/none.jpg" "http 404" "attempt 1"
report $? "404: told, not tried again"

run --from "$here/busy/x" --to "$here/stored/x" --retries 1
ended 1 "http 503" "attempt 2"
report $? "503: tried again, then told"

run --from "$here/moved/x" --to "$here/stored/x"
ended 1 "http 301"
report $? "a redirect is not followed"

run --from "http://127.0.0.1:1/x" --to "$here/stored/x" --retries 1
ended 1 "download http://127.0.0.1:1/x" "ECONNREFUSED" "attempt 2" "curl 7"
report $? "connection refused: tried again, then told with its cause"

run --from "$here/cat.jpg" --to "http://127.0.0.1:1/x" --retries 0
ended 1 "upload http://127.0.0.1:1/x" "ECONNREFUSED" "attempt 1"
report $? "an upload that is refused says so"

run --from "$here/cat.jpg" --to "$here/cat.jpg"
ended 1 "upload $here/cat.jpg" "http 405"
report $? "a server that takes no PUT"

run --from "http://no-such-host.invalid/x" --to "$here/stored/x" --retries 0
ended 1 "name not resolved" "EAI_"
report $? "a host that does not exist"

run --from "$here/text.jpg" --to "$here/stored/text.jpg"
ended 1 "scale $here/text.jpg" "not a usable image" && [ ! -e "$dir/www/stored/text.jpg" ]
report $? "what is no image is not stored"

run --from "$here/half.jpg" --to "$here/stored/half.jpg"
ended 1 "scale $here/half.jpg" "Premature end" && [ ! -e "$dir/www/stored/half.jpg" ]
report $? "half an image is not stored"

run --from "$here/slow/cat.jpg" --to "$here/stored/x" --timeout 300 --retries 1
ended 1 "timed out" "ETIMEDOUT" "attempt 2" "300 ms"
report $? "a slow server: time limit of the attempt"

timeout 60 "$thumbnail" --from "$here/slow/cat.jpg" --to "$here/stored/x" >"$dir/out" 2>"$dir/err" &
job=$!
sleep 0.5
child=$(cat "/proc/$job/task/$job/children" 2>/dev/null)
child=${child%% *}
kill -TERM "${child:-$job}"
wait "$job"
status=$?
ended 3 "cancelled" "ECANCELED"
report $? "SIGTERM cancels"

run --from "ftp://127.0.0.1/x" --to "$here/stored/x"
ended 1 "invalid request" "ftp://127.0.0.1/x"
report $? "a URL of another kind"

run --from "$here/cat.jpg"
ended 2 "usage:"
report $? "wrong usage"
finish
