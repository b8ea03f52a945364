"""Tree to settled model: names, units and shapes resolved, numbers exact."""
