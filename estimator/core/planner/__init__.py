"""Find the best: settings of levers x hardware x places, within constraints, all combinations at once as arrays."""
