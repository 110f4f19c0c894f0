# What scripts/fresh-check does inside the new root. Not for a machine that somebody uses.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib/common.sh

say "$(. /etc/os-release && echo "$PRETTY_NAME"), $(python3 --version), $(git --version)"
if [ "$1" = --browser ]; then exec scripts/browser; fi
bash scripts/lib/serve-twice.sh
if [ "$1" = --run-only ]; then exit 0; fi
started=$SECONDS
scripts/test
say "scripts/test passed in $((SECONDS - started)) s with its set-up"
