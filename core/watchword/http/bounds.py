"""How long what comes in may be. Each bound is looked at before anything is done with a value.

Normalising, matching and hashing cost time, storing costs space, and one request may bring a
megabyte. Lengths are in characters (security W1). Those of an endpoint's own fields stand in
`watchword.validation`.
"""

from __future__ import annotations

LONGEST_FIELD = 65_536
"""A header field, repeated ones joined. What is longer is 431, and read by nobody."""
LONGEST_PATH = 2048
"""A request's path below the base path. Nothing answers to a longer one."""
LONGEST_QUERY = 65_536
"""The text behind the `?`, or of a form."""
LONGEST_VALUE = 8192
"""One value of a query."""
MOST_PAIRS = 1000
"""Pairs of names and values in a query, a form or a Cookie header."""
MOST_NAMESAKES = 4
"""Cookies of one name that are tried."""
LONGEST_HOST = 255
"""A host with its port (RFC 1035, 2.3.4), before it is normalised."""
LONGEST_ORIGIN = 512
"""Of an origin, or a pattern of origins, that is known only while requests run."""
LONGEST_URL = 8192
"""A URL that somebody gives. `Advanced.longest_url` may be as high."""
LONGEST_GROWN_URL = 2 * LONGEST_URL
"""A URL that is parsed: a given one may have got parameters and escapes since."""
LONGEST_COOKIE = 4096
"""One signed cookie; browsers keep no longer one (RFC 6265, 6.1)."""
MOST_CONTAINERS = 10_000
"""Objects and arrays of one JSON body."""
