#!/bin/sh
# A service from its operator's side, with curl alone: how it is, a token, an invitation, who is connected, what was finished.
#
#   VOICE_SERVICE_SECRET=… examples/admin.sh http://localhost:8080
set -eu
server="${1:-http://localhost:8080}"
: "${VOICE_SERVICE_SECRET:?is the secret of the service}"

# The secret goes in by a file, since arguments stand in every list of processes.
call() {
  method="$1" path="$2" bearer="$3"
  shift 3
  printf 'header = "Authorization: Bearer %s"\n' "$bearer" |
    curl --silent --show-error --fail-with-body --config - --request "$method" "$server$path" "$@"
  echo
}
json='Content-Type: application/json'
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

curl --silent --show-error "$server/health"; echo

token=$(call POST /auth/token "$VOICE_SERVICE_SECRET" -H "$json" \
  -d '{"scope":"clinician","subject":"dr-amal","ttl_seconds":600}' | field token)

call POST /invitations "$VOICE_SERVICE_SECRET" -H "$json" \
  -d '{"questionnaire":"phq-9","subject":"patient-7","language":"ar"}' | field link

call GET '/admin/sessions?limit=10' "$VOICE_SERVICE_SECRET"
call GET '/responses?questionnaire=phq-9' "$token"
