"""`python -m logtriage`: the same as the command `logtriage`."""

import sys

from logtriage.cli import main

if __name__ == "__main__":
    sys.exit(main())
