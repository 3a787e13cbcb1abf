#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# scripts/check-style finds what it is for: each planted violation, by name.
set -euo pipefail
# shellcheck source=tests/e2e/checks.inc.sh
. "$(dirname "$0")/checks.inc.sh"

clean check-style

# style FILE TEXT
style() {
	printf '%b' "$2" >"$tree/$1"
	planted check-style "$1"
}

style lib/base/bad.c "$spdx\n\nint  x;\n"
style lib/base/bad.c 'int x;\n'
style scripts/bad '#!/bin/sh\n# SPDX-License-Identifier: BSD-3-Clause\ncd /tmp\n'
style lib/base/bad.h "$spdx\n$(printf '\\nint x%d;' $(seq 500))\n"
style lib/datapath/bad.c "$spdx\n\nint f(int v6)\n{\n\tif (v6)\n\t\treturn 1;\n\treturn 0;\n}\n"
style lib/table/bad.c "$spdx\n\nint f = AF_INET6;\n"
