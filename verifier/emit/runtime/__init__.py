"""Hand-written C99 kernels that ship with every bundle."""
