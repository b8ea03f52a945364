"""`python -m verifier` is `verify-chain`."""

import sys

from verifier.cli import main

sys.exit(main())
