"""Random graphs, computed three ways: as the workshop compiles them, without any rewrite, and by NumPy in float64."""
