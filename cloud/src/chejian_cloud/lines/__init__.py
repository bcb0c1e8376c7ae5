"""Production lines: what a line puts out, by hour and product."""
