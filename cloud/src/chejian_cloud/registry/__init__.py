"""The registry: enterprises, workshops, lines, equipment and what feeds them, products, ideal cycles, bearings."""
