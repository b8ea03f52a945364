"""C99 bundle from monitors and safety filters."""
