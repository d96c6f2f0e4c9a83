#!/usr/bin/env bash
# Two facilities share a patient's record, a third cannot read it. README.md tells the story.
#
# usage: run.sh [FILE…]      files to seal in place of a bundle that the script makes itself
#
# WARDSEAL_BIN                            the program         [default: built by cargo]
# WARDSEAL_KEYS_URL, WARDSEAL_VAULT_URL   running servers     [default: started here, on free ports]
# WARDSEAL_DEMO_DIR                       an empty folder     [default: a temporary one, removed at the end]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# Nothing of the person who runs this may enter.
unset WARDSEAL_HOME WARDSEAL_TENANT WARDSEAL_PASSWORD_FILE

files=()
for file in "$@"; do files+=("$(realpath -- "$file")"); done

if [ -n "${WARDSEAL_BIN:-}" ]; then
    bin=$(realpath -- "$WARDSEAL_BIN")
else
    (cd "$here/../.." && cargo build --quiet --package wardseal)
    bin=$(cd "$here/../.." && realpath -- "${CARGO_TARGET_DIR:-target}/debug/wardseal")
fi

if [ -n "${WARDSEAL_DEMO_DIR:-}" ]; then
    work=$(realpath -- "$WARDSEAL_DEMO_DIR")
else
    work=$(mktemp -d)
fi
servers=()
cleanup() {
    for server in "${servers[@]}"; do
        kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true
    done
    if [ -z "${WARDSEAL_DEMO_DIR:-}" ]; then rm -rf "$work"; fi
}
trap cleanup EXIT
cd "$work"

bold='' plain=''
if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; fi
title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
ok() { printf '  ✓ %s\n' "$*"; }
fail() {
    printf '  ✗ %s\n' "$*" >&2
    if [ -s last.out ]; then sed 's/^/    | /' last.out >&2; fi
    exit 1
}
# w PERSON ARGUMENTS…: the program on that person's machine; what it says is kept in last.out
w() {
    local home=$1
    shift
    "$bin" "$@" --home "machines/$home" > last.out 2>&1
}
# must PERSON ARGUMENTS…: it has to succeed
must() { w "$@" || fail "$1: wardseal ${*:2} failed with exit code $?"; }
# refused CODE PERSON ARGUMENTS…: it has to fail, for that reason
refused() {
    local expected=$1 code=0
    shift
    w "$@" || code=$?
    [ "$code" -eq "$expected" ] || fail "$1: wardseal ${*:2} ended with $code, not with $expected"
}
# id PREFIX: the first identifier of that kind in what was said last
id() {
    local all
    all=$(grep -o "$1_[a-z2-7]*" last.out) || fail "no identifier $1_… was said"
    printf '%s\n' "${all%%$'\n'*}"
}

start_server() {
    # The background process may begin to write only later.
    : > "$1.out"
    "$bin" serve --role "$1" --listen 127.0.0.1:0 --data "servers/$1" > "$1.out" 2> "$1.log" &
    servers+=($!)
    for _ in $(seq 100); do
        url=$(sed -n 's/^listening on //p' "$1.out")
        [ -z "$url" ] || return 0
        sleep 0.1
    done
    cat "$1.log" >&2
    fail "the $1 server does not start"
}

# A small FHIR bundle (R4) of nobody.
make_bundle() {
    cat <<'JSON'
{
  "resourceType": "Bundle",
  "type": "document",
  "timestamp": "2026-03-01T08:30:00Z",
  "entry": [
    { "fullUrl": "urn:uuid:6f0d1a52-6c2e-4a3c-9f7e-0a6f1c2b3d41",
      "resource": { "resourceType": "Patient", "name": [{ "family": "Beispiel", "given": ["Änne"] }],
        "gender": "female", "birthDate": "1951-07-14" } },
    { "fullUrl": "urn:uuid:0b9c8d7e-1f2a-4b3c-8d4e-5f6a7b8c9d0e",
      "resource": { "resourceType": "Observation", "status": "final",
        "code": { "coding": [{ "system": "http://loinc.org", "code": "2160-0", "display": "Creatinine" }] },
        "subject": { "reference": "urn:uuid:6f0d1a52-6c2e-4a3c-9f7e-0a6f1c2b3d41" },
        "valueQuantity": { "value": 0.9, "unit": "mg/dL" } } }
  ]
}
JSON
}

# A valid PDF of about 40 MB: one empty page, and an object with a random stream.
make_pdf() {
    local out=$1 length=41943040 at1 at2 at3 at4 xref
    printf '%%PDF-1.4\n%%\xe2\xe3\xcf\xd3\n' > "$out"
    at1=$(stat -c %s "$out")
    printf '1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n' >> "$out"
    at2=$(stat -c %s "$out")
    printf '2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n' >> "$out"
    at3=$(stat -c %s "$out")
    printf '3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>\nendobj\n' >> "$out"
    at4=$(stat -c %s "$out")
    printf '4 0 obj\n<< /Length %d >>\nstream\n' "$length" >> "$out"
    head -c "$length" /dev/urandom >> "$out"
    printf '\nendstream\nendobj\n' >> "$out"
    xref=$(stat -c %s "$out")
    {
        printf 'xref\n0 5\n0000000000 65535 f \n'
        printf '%010d 00000 n \n' "$at1" "$at2" "$at3" "$at4"
        printf 'trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n' "$xref"
    } >> "$out"
}

# Each given file under a name of its own, also where two folders have files of the same name.
mkdir -p in
given=("${files[@]}") files=()
for file in "${given[@]}"; do
    if [ ! -f "$file" ] || [ ! -r "$file" ]; then fail "$file is no file that can be read"; fi
    base=$(basename -- "$file") name=$base count=2
    while [ -e "in/$name" ] || [ "$name" = letter.pdf ] || [ "$name" = later.json ]; do
        name=$count-$base count=$((count + 1))
    done
    ln -s -- "$file" "in/$name"
    files+=("$work/in/$name")
done

title "Servers"
keys=${WARDSEAL_KEYS_URL:-${WARDSEAL_SERVER:-}}
vault=${WARDSEAL_VAULT_URL:-${WARDSEAL_VAULT:-}}
if [ -z "$keys" ]; then start_server keys; keys=$url; fi
if [ -z "$vault" ]; then start_server vault; vault=$url; fi
export WARDSEAL_SERVER=$keys WARDSEAL_VAULT=$vault
must operator tenant create --name "Demonstration" --dir tenant
tenant=$(id ten)
ok "key server $keys, vault $vault"
ok "the application has a tenant: $tenant"

title "Six professionals of three facilities"
for person in anna ben carla david emma frank; do
    must "$person" user sign-up --name "$person" --tenant-dir tenant
    must "$person" doctor
done
ok "anna and ben (North), carla and david (South), emma and frank (West) have signed up"
must anna group create "North" --member ben
north=$(id grp)
must carla group create "South" --member david
south=$(id grp)
must emma group create "West" --member frank
must ben group show North
grep -q "$north" last.out || fail "ben does not see the group under its name"
ok "each facility has a group; its members know its name, and nobody else does"

title "A record for North and South; North manages"
if [ "${#files[@]}" -eq 0 ]; then
    make_bundle > bundle.json
    files=("$work/bundle.json")
fi
make_pdf letter.pdf
files+=("$work/letter.pdf")
mkdir -p sealed
must anna seal "${files[@]}" --for "$south" --manage "$north" --out-dir sealed
session=$(id ses)
for file in "${files[@]}"; do
    name=$(basename "$file")
    if cmp -s "$file" "sealed/$name.wseal"; then fail "$name is not sealed"; fi
    ok "anna has sealed $name ($(stat -L -c %s "$file") bytes → $(stat -c %s "sealed/$name.wseal"))"
done
must nobody inspect "sealed/letter.pdf.wseal"
[ "$(id ses)" = "$session" ] || fail "the session is not in the file"
if grep -q "letter" <(head -c 4096 sealed/letter.pdf.wseal); then fail "the file name is readable"; fi
ok "without keys a file tells its session, and not its name"

# opens_all PERSON: everything that is sealed so far opens there, byte for byte
opens_all() {
    rm -rf "opened/$1" && mkdir -p "opened/$1"
    must "$1" open sealed/*.wseal -o "opened/$1" "${@:2}"
    local original
    for original in "${files[@]}"; do
        cmp "$original" "opened/$1/$(basename "$original")" || fail "$1 opened something else"
    done
}
opens_all carla
opens_all ben
ok "carla (South) and ben (North) open everything, byte for byte"
for person in emma frank; do
    refused 5 "$person" open sealed/letter.pdf.wseal -o stolen.pdf
    [ ! -e stolen.pdf ] || fail "$person has got something"
done
ok "emma and frank (West) cannot: no access, and no file"
must carla open sealed/letter.pdf.wseal --range 41943040-41943071 -o part
cmp part <(tail -c +41943041 letter.pdf | head -c 32) || fail "the range is not that of the document"
ok "carla opens 32 bytes in the middle of the document, without the rest"

title "David leaves South"
opens_all david --keep-keys 600
cp -r machines/david machines/copy-of-david
cp -r machines/david machines/copy-never-connected
ok "david opens everything once more, keeps the keys, and copies his disk"
must carla group remove South david
ok "carla removes him: the group has a new key before anybody seals to it again"
printf '{ "resourceType": "Bundle", "type": "collection", "entry": [] }\n' > later.json
must anna seal later.json --session "$session" --out-dir sealed
files+=("$work/later.json")
must nobody inspect sealed/later.json.wseal
grep -q "epoch 1" last.out || fail "what was sealed later has no new key"
ok "anna seals one more file in the same session: it has a new key"
refused 5 david open sealed/later.json.wseal -o stolen.json
refused 5 copy-of-david open sealed/later.json.wseal -o stolen.json --keep-keys 600
ok "david cannot open it, nor can the copy of his disk with the keys that it keeps"
# A port on which nobody listens: what the disk can do by itself.
alone=http://127.0.0.1:9
refused 3 copy-never-connected open sealed/later.json.wseal -o stolen.json --keep-keys 600 --server "$alone"
[ ! -e stolen.json ] || fail "david has got something"
ok "nor can a copy that never asked, without any server"
must copy-never-connected open sealed/letter.pdf.wseal -o read-before.pdf --keep-keys 600 --server "$alone"
cmp letter.pdf read-before.pdf
refused 3 copy-of-david open sealed/letter.pdf.wseal -o stolen.pdf --keep-keys 600 --server "$alone"
[ ! -e stolen.pdf ] || fail "a copy that was refused has kept its keys"
ok "what he had opened before, a copy that never asked still opens: what was read was read"
opens_all carla
ok "carla opens everything, the new file too"

title "Ben's machine is stolen; he has his password"
(umask 077 && printf 'Drei Igel tanzen 1 Walzer\n' > password && printf 'Drei Igel tanzen 2 Walzer\n' > wrong)
WARDSEAL_PASSWORD_FILE=password must ben password set
must ben device list
lost=$(grep -o 'dev_[a-z2-7]*  device' last.out | cut -d ' ' -f 1)
rm -rf machines/ben
WARDSEAL_PASSWORD_FILE=wrong refused 4 new-ben login --name ben --tenant "$tenant"
WARDSEAL_PASSWORD_FILE=password must new-ben login --name ben --tenant "$tenant"
opens_all new-ben
ok "on an empty machine his name and password open everything; a wrong password opens nothing"
must new-ben device revoke "$lost"
must new-ben device list
if grep -q "^$lost" last.out; then fail "the stolen machine is still one of his"; fi
ok "he revokes the stolen machine"
rm -rf opened/guest && mkdir -p opened/guest
WARDSEAL_PASSWORD_FILE=password must guest open sealed/later.json.wseal -o opened/guest --as ben --tenant "$tenant"
cmp later.json opened/guest/later.json
[ ! -e machines/guest ] || fail "something was left on the borrowed machine"
ok "on a borrowed machine he opens one file, and leaves nothing there"

printf '\nAll of it is as it should be.\n'
