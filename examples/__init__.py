"""Examples in the language, as data: what `verify-chain demo` runs."""
