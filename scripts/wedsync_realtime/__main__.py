"""Make `python -m wedsync_realtime` the same as the command `wedsync-realtime`."""

import sys

from wedsync_realtime.entry.cli import main

sys.exit(main())
