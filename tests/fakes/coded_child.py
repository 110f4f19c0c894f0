"""A child whose program is its argument."""

import sys

exec(sys.argv[1])
