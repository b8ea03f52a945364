"""The command line: one file a command. Nothing heavy is imported before a command needs it."""

from verifier.cli.arguments import main

__all__ = ["main"]
