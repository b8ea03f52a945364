"""The version that is installed."""

from __future__ import annotations


def version() -> str:
    """The version in the package's metadata."""
    from importlib import metadata

    return metadata.version("verify-chain")
