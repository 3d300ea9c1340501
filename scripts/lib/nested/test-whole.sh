# shellcheck shell=bash
# The host that has all that passthrough wants.

# shellcheck source=looking.sh
source "$here/looking.sh"
# shellcheck source=binding.sh
source "$here/binding.sh"
# shellcheck source=virtual-functions.sh
source "$here/virtual-functions.sh"
# shellcheck source=refusals.sh
source "$here/refusals.sh"
# shellcheck source=guests.sh
source "$here/guests.sh"
